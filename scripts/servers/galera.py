"""MariaDB's Galera cluster, behind HAProxy."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from . import ports
from .clusters import Cluster, copied
from .common import SCRIPTS, Failure
from .database import INIT_SQL
from .kinds import KINDS
from .nodes import Node, Place, Role
from .programs import Program
from .service import Service
from .tools import HAPROXY, galera_library

# The login of HAProxy's checks: no password, no rights.
CHECKER = "checker"
CHECKER_SQL = f"CREATE USER IF NOT EXISTS '{CHECKER}'@'%';\n"
JOINED = "Synchronized with group, ready for connections"
# The name of our way to bring a server up to date.
TRANSFER = "position"


class GaleraNode(Node):
    def __init__(self, *arguments: object):
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.library = Path()
        self.position: list[str] = []

    @property
    def first_statements(self) -> str:
        # To the other servers, too.
        return INIT_SQL.replace("SET SESSION sql_log_bin = 0;\n", "") + CHECKER_SQL

    def prepare(self) -> None:
        super().prepare()
        self.library = galera_library(self.kind.packages_here().suite)
        programs = self.folder / "programs"
        programs.mkdir(exist_ok=True)
        script = programs / f"wsrep_sst_{TRANSFER}"
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SCRIPTS}/servers/transfer.py" "$@"\n')
        script.chmod(0o755)
        state = self.data / "grastate.dat"
        if state.exists() and re.search(r"^seqno: *-1$", state.read_text(), re.MULTILINE):
            self.position = [f"--wsrep-start-position={self.recovered()}"]

    def recovered(self) -> str:
        """Up to where the data of a server that was killed goes."""
        command = [*self.command(self.port() or ports.free()), "--wsrep-recover"]
        told = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **self.environment(0)})
        found = re.findall(r"WSREP: Recovered position: *(\S+)", told.stdout + told.stderr)
        if not found:
            raise Failure(f"the position of {self.folder} cannot be recovered: {told.stderr[-500:]}")
        return str(found[-1])

    def own_options(self) -> list[str]:
        first = ["--wsrep-new-cluster"] if self.role is Role.FIRST else []
        listens = f"gmcast.listen_addr=tcp://127.0.0.1:{self.place.port}"
        return [
            "--skip-log-bin",
            # HAProxy hangs up after each of its checks.
            "--log-warnings=1",
            "--binlog-format=ROW",
            # What a server reads again after it was killed.
            "--innodb-log-file-size=64M",
            "--innodb-autoinc-lock-mode=2",
            "--wsrep-on=ON",
            f"--wsrep-provider={self.library}",
            "--wsrep-cluster-name=rowscore",
            f"--wsrep-cluster-address=gcomm://{self.place.addresses}",
            "--wsrep-node-address=127.0.0.1",
            f"--wsrep-node-name=node{self.place.number + 1}",
            f"--wsrep-provider-options={listens};ist.recv_addr=127.0.0.1:{ports.free()};gcache.size=512M",
            f"--wsrep-sst-method={TRANSFER}",
            *first,
            *self.position,
        ]

    def environment(self, port: int) -> dict[str, str]:
        return {"PATH": f"{self.folder}/programs:{os.environ.get('PATH', '')}"}

    def is_ready(self, port: int, said: str) -> bool:
        return JOINED in said and super().is_ready(port, said)


def packet(number: int, content: bytes) -> str:
    """A packet of MySQL's protocol, for HAProxy."""
    return (len(content).to_bytes(3, "little") + bytes([number]) + content).hex()


# Protocol 4.1 with a plugin's name, packets up to 16 MB, utf8mb4, no password.
HELLO = (
    (0x00088201).to_bytes(4, "little")
    + (1 << 24).to_bytes(4, "little")
    + bytes([45])
    + bytes(23)
    + CHECKER.encode()
    + b"\0\0mysql_native_password\0"
)
QUESTION = b"\x03SHOW STATUS LIKE 'wsrep_local_state_comment'"


class HaProxy(Service):
    """All connections go to one server, until it is no longer in step with the others."""

    patience_s = 30

    def __init__(self, folder: Path, cluster: Galera):
        super().__init__(folder, "HAProxy")
        self.cluster, self.program = cluster, Program(Path())

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def prepare(self) -> None:
        self.program = HAPROXY.program()

    def settings(self, port: int) -> str:
        servers = "".join(
            f"  server {node.folder.name} 127.0.0.1:{node.port()} check inter 500 fall 2 rise 2 on-marked-down "
            "shutdown-sessions\n"
            for node in self.cluster.nodes
        )
        # A server that comes back gets no connections as long as the one in use is well: two writers would be in each
        # other's way. A donor takes statements all the while.
        return f"""\
global
  log stdout format raw local0 info
defaults
  mode tcp
  log global
  # Who connects in the moment in which a server goes is told so: a connection that waits to be tried again there would
  # wait for ever once the server is marked down.
  retries 0
  timeout connect 2s
  timeout queue 2s
  timeout client 1h
  timeout server 1h
listen writer
  bind 127.0.0.1:{port}
  stick-table type integer size 1
  stick on int(1)
  option tcp-check
  tcp-check connect
  tcp-check expect string mysql_native_password
  tcp-check send-binary {packet(1, HELLO)}
  tcp-check expect binary 0700000200
  tcp-check send-binary {packet(0, QUESTION)}
  tcp-check expect rstring Synced|Donor
{servers}"""

    def command(self, port: int) -> list[str]:
        (self.folder / "haproxy.conf").write_text(self.settings(port))
        return [*self.program.command, "-db", "-f", f"{self.folder}/haproxy.conf"]

    def environment(self, port: int) -> dict[str, str]:
        return {}

    def is_ready(self, port: int, said: str) -> bool:
        return b"mysql_native_password" in ports.said(port, size=256)

    def has_no_port(self, said: str) -> bool:
        return "already in use" in said.lower()

    def variables(self) -> dict[str, str]:
        return self.cluster.variables()


class Galera(Cluster):
    name = "galera"

    def __init__(self, folder: Path, *options: object):
        super().__init__(folder, KINDS["mariadb-11.8"], *options)  # type: ignore[arg-type]

    def node(self, folder: Path, place: Place) -> GaleraNode:
        return GaleraNode(folder, self.kind, self.habits, place)

    def proxy(self, folder: Path) -> HaProxy:
        return HaProxy(folder, self)

    def prepare(self, nodes: Sequence[Node]) -> None:
        """A server can be brought up to date only if it was in the cluster before: the first was, alone."""
        first, *others = nodes
        first.role = Role.FIRST
        first.start()
        first.end(signal.SIGTERM)
        copied(first, others, "galera.cache", "gvwstate.dat")
