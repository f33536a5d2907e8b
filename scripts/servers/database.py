"""A database server with its data in a folder.

The login is rowscore, password rowscore, with all privileges. The server's time zone is +05:30 on purpose: code that
forgets to set its session's time zone is noticed.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import fresh, ports, rds, tools
from .common import Failure, last_lines, say
from .kinds import KINDS, Kind, number
from .programs import Program
from .search import find
from .service import Service

LOGIN = PASSWORD = "rowscore"
# The statements stay out of the binary log: a reader of it sees only its tests'.
INIT_SQL = "SET SESSION sql_log_bin = 0;\n" + "".join(
    f"CREATE USER IF NOT EXISTS '{LOGIN}'@'{host}' IDENTIFIED BY '{PASSWORD}';\n"
    f"GRANT ALL PRIVILEGES ON *.* TO '{LOGIN}'@'{host}' WITH GRANT OPTION;\n"
    for host in ("127.0.0.1", "localhost", "%")
)
# A socket's path has a limit of 107 bytes on Linux.
LONGEST_SOCKET = 100


@dataclass(frozen=True)
class Habits:
    """How a server is run."""

    # Faster, but a crash of the operating system can lose the last second.
    relaxed: bool = False
    # With TLS and logins as in RDS.
    like_rds: bool = False
    # How far its clock is off, such as +1h.
    clock: str = ""


USUAL = Habits()


class Database(Service):
    patience_s = 300

    def __init__(self, folder: Path, kind: Kind, habits: Habits = USUAL):
        super().__init__(folder, kind.name)
        self.kind, self.habits = kind, habits
        # Set by prepare().
        self.program, self.version = Program(Path()), ""
        self.rds_options: list[str] = []
        self.upgrade = ""  # in words, if the data is an older server's

    @property
    def log(self) -> Path:
        return self.folder / "error.log"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def prepare(self) -> None:
        self.program, self.version = find(self.kind)
        self.check_folder()
        self.name = f"{self.kind.name} {self.version}"
        os.umask(0o077)
        (self.folder / "tmp").mkdir(exist_ok=True)
        self.log.touch()
        if not self.data.exists():
            self.initialise()
        if self.habits.like_rds:
            self.rds_options = rds.tls(self.folder, self.log)
            if self.kind.family.takes_tokens:
                self.program, options = rds.tokens(self.kind, self.folder, self.log, self.program)
                self.rds_options += options

    def check_running(self) -> None:
        made_by = stored(self.folder)
        if made_by and made_by[0] != self.kind:
            raise Failure(f"{self.folder} holds a {made_by[0].name} database, not {self.kind.name}")

    def check_folder(self) -> None:
        """Refuses folders that hold something else, before anything in them is touched."""
        made_by = stored(self.folder)
        if not made_by:
            if any(file.name != "lock" for file in self.folder.iterdir()):
                raise Failure(f"{self.folder} is neither empty nor a folder of this script")
            return
        self.check_running()
        if not self.data.exists() or made_by[1] == self.version:
            return
        older = f"the data in {self.folder} is of {self.kind.name} {made_by[1]}"
        if number(self.version) < number(made_by[1]):
            raise Failure(f"{older}; {self.version} cannot read it: use a newer server or another folder")
        self.upgrade = f"{older} and is being upgraded to {self.version}"
        say(f"{self.kind.name}: {self.upgrade}")

    def initialise(self) -> None:
        """Makes new data, which gets its final name only when it is complete."""
        say(f"{self.name}: making a new database in {self.folder} ...")
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        (self.folder / "init.sql").write_text(self.first_statements)
        self.note_version()
        options = " ".join(self.common_options()).replace(str(self.folder), "")
        fresh.copy(fresh.template(f"data-{self.kind.name}-{self.version}", options, self.make_data), new)
        new.rename(self.data)

    def make_data(self, place: Path) -> None:
        if not self.kind.family.make_data(self.program, [*self.common_options(), f"--datadir={place}"], self.log):
            say(last_lines(self.log.read_text(errors="replace"), 20))
            self.hint()
            raise Failure(f"the {self.kind.name} server could not initialise {self.folder} (log: {self.log})")

    def note_version(self) -> None:
        (self.folder / "version").write_text(f"{self.kind.name} {self.version}\n")

    @property
    def first_statements(self) -> str:
        """One a line; what is done at the first start."""
        return INIT_SQL

    def common_options(self) -> list[str]:
        """Options for every run of the server. --no-defaults must come first."""
        # Servers refuse to run as root unless told to.
        root = ["--user=root"] if os.getuid() == 0 else []
        return [
            "--no-defaults",
            *self.program.options,
            *root,
            f"--tmpdir={self.folder}/tmp",
            "--character-set-server=utf8mb4",
            "--default-time-zone=+05:30",
            *self.kind.family.options(self.folder),
        ]

    def command(self, port: int) -> list[str]:
        relaxed = self.habits.relaxed
        # The login is made before the first connection is accepted. Tried again until a start has succeeded once.
        users_made = (self.folder / "users-made").exists()
        init = [] if users_made else [f"--init-file={self.folder}/init.sql"]
        return [
            *self.program.command,
            *self.common_options(),
            f"--datadir={self.data}",
            f"--port={port}",
            f"--socket={self.socket()}",
            f"--pid-file={self.folder}/server.pid",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--max-connections=200",
            "--server-id=1",
            f"--log-bin={self.data}/binlog",
            f"--sync-binlog={0 if relaxed else 1}",
            f"--innodb-flush-log-at-trx-commit={2 if relaxed else 1}",
            "--innodb-buffer-pool-size=512M",
            *self.rds_options,
            *init,
        ]

    def environment(self, port: int) -> dict[str, str]:
        variables = rds.environment(self.folder) if self.habits.like_rds else {}
        return {**variables, **(tools.clock(self.habits.clock) if self.habits.clock else {})}

    def socket(self) -> Path:
        """In the folder, or in one with a shorter path, which `socket-directory` names."""
        if len(os.fsencode(self.folder / "server.sock")) <= LONGEST_SOCKET:
            return self.folder / "server.sock"
        noted = self.folder / "socket-directory"
        if not noted.exists() or not Path(noted.read_text().strip()).is_dir():
            noted.write_text(tempfile.mkdtemp(prefix="rowscore-socket.", dir="/tmp"))
        return Path(noted.read_text().strip()) / "server.sock"

    def is_ready(self, port: int, said: str) -> bool:
        """A server greets with its version before a client says anything."""
        return "ready for connections" in said and self.version.encode() in ports.said(port)

    def has_no_port(self, said: str) -> bool:
        said = said.lower()
        return "address already in use" in said or "already have another" in said

    def started(self) -> None:
        (self.folder / "users-made").touch()
        self.note_version()

    def ended(self) -> None:
        # MySQL takes a killed server that its parent has not yet noticed for one that is alive.
        (self.folder / "server.sock.lock").unlink(missing_ok=True)
        noted = self.folder / "socket-directory"
        if noted.exists():
            shutil.rmtree(noted.read_text().strip() or noted, ignore_errors=True)
            noted.unlink()

    def hint(self) -> None:
        if self.upgrade:
            say(f"hint: {self.upgrade}; if that is too big a step, use another folder")
        said = self.log.read_text(errors="replace")
        refused = any(word in said for word in ("Permission denied", "Errcode: 13", "errno: 13"))
        if refused and Path("/etc/apparmor.d").is_dir():
            say(f"hint: AppArmor may keep the installed server out of {self.folder}; a copy of the program that")
            say(f"      {self.kind.variable} names is not restricted")

    def variables(self) -> dict[str, str]:
        return login(self.running_port())

    def url(self) -> str:
        return url(self.running_port())


def login(port: int) -> dict[str, str]:
    """What a client's environment needs."""
    return {
        "MYSQL_SERVER": "127.0.0.1",
        "MYSQL_PORT": str(port),
        "MYSQL_USER": LOGIN,
        "MYSQL_PASSWORD": PASSWORD,
        "MYSQL_TLS": "off",
    }


def url(port: int) -> str:
    return f"mysql://{LOGIN}:{PASSWORD}@127.0.0.1:{port}"


def stored(folder: Path) -> tuple[Kind, str] | None:
    """The kind and the version of the server that made a folder's data."""
    file = folder / "version"
    if not file.exists() or not file.read_text().strip():
        return None
    name, version = file.read_text().split()
    if name not in KINDS:
        raise Failure(f"{folder} holds a {name} database; there are only {', '.join(KINDS)}")
    return KINDS[name], version
