"""MySQL's Group Replication, behind MySQL Router."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from . import ports
from .clusters import Cluster
from .common import Failure
from .database import INIT_SQL, LOGIN, PASSWORD
from .kinds import KINDS
from .nodes import Node, Place, Role
from .programs import Program
from .service import Service
from .tools import ROUTER, ROUTER_KEYRING

GROUP = "aaaaaaaa-0000-4000-8000-000000000000"
# MySQL Shell, which Debian does not have, would make tables of who belongs to the cluster. The Router reads them through
# views, and here these show the group as it is. They are read with the rights of who reads, since the statements of an
# init file have no author.
VIEW = "CREATE SQL SECURITY INVOKER VIEW"
METADATA = f"""
CHANGE REPLICATION SOURCE TO SOURCE_USER = '{LOGIN}', SOURCE_PASSWORD = '{PASSWORD}'
    FOR CHANNEL 'group_replication_recovery';
CREATE DATABASE mysql_innodb_cluster_metadata;
USE mysql_innodb_cluster_metadata;
{VIEW} schema_version (major, minor, patch) AS SELECT 2, 2, 0;
{VIEW} v2_gr_clusters AS
    SELECT '1' AS cluster_id, 'rowscore' AS cluster_name, 'gr' AS cluster_type, '{GROUP}' AS group_name;
{VIEW} v2_clusters AS SELECT * FROM v2_gr_clusters;
{VIEW} v2_instances AS
    SELECT member_id AS instance_id, '1' AS cluster_id, member_id AS mysql_server_uuid, place AS label,
        place AS address, place AS endpoint, NULL AS xendpoint, '{{}}' AS attributes
    FROM (SELECT *, CONCAT(member_host, ':', member_port) AS place
        FROM performance_schema.replication_group_members) AS members;
{VIEW} v2_this_instance AS
    SELECT cluster_id, instance_id, 'rowscore' AS cluster_name, 'gr' AS cluster_type FROM v2_instances
    WHERE instance_id = (SELECT variable_value FROM performance_schema.global_variables
        WHERE variable_name = 'server_uuid');
CREATE TABLE v2_cs_members
    (cluster_id CHAR(36) PRIMARY KEY, clusterset_id CHAR(36), member_role TEXT, invalidated INT);
CREATE TABLE v2_routers
    (router_id INT PRIMARY KEY, router_name TEXT, address TEXT, version TEXT, last_check_in TIMESTAMP NULL,
    attributes JSON, options JSON, cluster_id CHAR(36));
INSERT INTO v2_routers (router_id, router_name, attributes) VALUES (1, 'rowscore', '{{}}');
{VIEW} v2_router_options AS SELECT router_id, '{{}}' AS router_options FROM v2_routers;
"""
ONLINE = "This server was declared online within the replication group"


class GroupNode(Node):
    options_of_mode: tuple[str, ...] = ()

    @property
    def first_statements(self) -> str:
        one_a_line = [" ".join(statement.split()) for statement in METADATA.strip().split(";\n")]
        return INIT_SQL + "".join(f"{statement.rstrip(';')};\n" for statement in one_a_line)

    def own_options(self) -> list[str]:
        first = ["--group-replication-bootstrap-group=ON"] if self.role is Role.FIRST else []
        return [
            # What a server reads again after it was killed.
            "--innodb-redo-log-capacity=128M",
            "--gtid-mode=ON",
            "--enforce-gtid-consistency=ON",
            "--report-host=127.0.0.1",
            "--plugin-load-add=group_replication.so",
            f"--group-replication-group-name={GROUP}",
            f"--group-replication-local-address=127.0.0.1:{self.place.port}",
            f"--group-replication-group-seeds={self.place.addresses}",
            "--group-replication-recovery-get-public-key=ON",
            "--group-replication-start-on-boot=ON",
            # One that is gone is given up after five seconds; by default it is a quarter of a minute or more.
            "--group-replication-member-expel-timeout=0",
            # A server that cannot join says so by ending.
            "--group-replication-exit-state-action=ABORT_SERVER",
            *self.options_of_mode,
            *first,
        ]

    def is_ready(self, port: int, said: str) -> bool:
        return ONLINE in said and super().is_ready(port, said)


class MultiNode(GroupNode):
    """Every server takes writes, with the checks that this needs."""

    options_of_mode = (
        "--group-replication-single-primary-mode=OFF",
        "--group-replication-enforce-update-everywhere-checks=ON",
    )


class Router(Service):
    patience_s = 30

    def __init__(self, folder: Path, cluster: GroupReplication):
        super().__init__(folder, "MySQL Router")
        self.cluster, self.program = cluster, Program(Path())

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def prepare(self) -> None:
        self.program = ROUTER.program()
        keyring, key = self.folder / "keyring", self.folder / "master.key"
        if not keyring.exists():
            for words in (["init", str(keyring)], ["set", str(keyring), LOGIN, "password", PASSWORD]):
                command = [*ROUTER_KEYRING.program().command, f"--master-key-file={key}", *words]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode != 0:
                    raise Failure(f"MySQL Router's keyring could not be made: {done.stdout}{done.stderr}")
        # Whom to ask first; what it learns, it notes there.
        servers = [f"mysql://127.0.0.1:{node.port()}" for node in self.cluster.nodes]
        state = {"group-replication-id": GROUP, "cluster-metadata-servers": servers}
        (self.folder / "state.json").write_text(json.dumps({"metadata-cache": state, "version": "1.0.0"}))

    def settings(self, port: int) -> str:
        root = self.program.path.parents[2]
        return f"""\
[DEFAULT]
logging_folder=
runtime_folder={self.folder}
data_folder={self.folder}
plugin_folder={root}/usr/lib/mysqlrouter/plugin
keyring_path={self.folder}/keyring
master_key_path={self.folder}/master.key
dynamic_state={self.folder}/state.json
[logger]
level=INFO
[metadata_cache:cluster]
cluster_type=gr
router_id=1
user={LOGIN}
metadata_cluster=rowscore
ttl=0.5
use_gr_notifications=0
[routing:writer]
bind_address=127.0.0.1
bind_port={port}
destinations=metadata-cache://rowscore/?role=PRIMARY
routing_strategy={self.cluster.strategy}
protocol=classic
client_ssl_mode=DISABLED
server_ssl_mode=AS_CLIENT
"""

    def command(self, port: int) -> list[str]:
        (self.folder / "router.conf").write_text(self.settings(port))
        root = ["--user=root"] if os.getuid() == 0 else []
        return [*self.program.command, *root, f"--config={self.folder}/router.conf"]

    def environment(self, port: int) -> dict[str, str]:
        return {}

    def is_ready(self, port: int, said: str) -> bool:
        # The Router greets only once it has a server to connect to.
        return f"127.0.0.1:{port}" in said and b"caching_sha2_password" in ports.said(port, size=256)

    def has_no_port(self, said: str) -> bool:
        return "already in use" in said.lower()

    def variables(self) -> dict[str, str]:
        return self.cluster.variables()


class GroupReplication(Cluster):
    name = "group-replication"
    nodes_are: type[GroupNode] = GroupNode
    strategy = "first-available"

    def __init__(self, folder: Path, *options: object):
        super().__init__(folder, KINDS["mysql"], *options)  # type: ignore[arg-type]

    def node(self, folder: Path, place: Place) -> GroupNode:
        return self.nodes_are(folder, self.kind, self.habits, place)

    def proxy(self, folder: Path) -> Router:
        return Router(folder, self)


class MultiPrimary(GroupReplication):
    """Each new connection goes to the next of the servers."""

    name, nodes_are, strategy = "group-replication-multi", MultiNode, "round-robin"
