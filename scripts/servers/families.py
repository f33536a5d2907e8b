"""What differs between MySQL and MariaDB."""

from __future__ import annotations

import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from .common import Failure
from .programs import Program


class Family(ABC):
    name: str
    program: str
    takes_tokens: bool  # whether a free plugin of it takes logins as RDS does

    @abstractmethod
    def options(self, folder: Path) -> list[str]:
        """Options for every run of a server whose data is below `folder`."""

    @abstractmethod
    def make_data(self, program: Program, options: Sequence[str], log: Path) -> bool:
        """Makes a new database with these options. What the server says goes to `log`."""


class MySql(Family):
    name, program, takes_tokens = "mysql", "mysqld", False

    def options(self, folder: Path) -> list[str]:
        return ["--secure-file-priv=NULL", "--loose-mysqlx=OFF", "--loose-innodb-redo-log-capacity=512M"]

    def make_data(self, program: Program, options: Sequence[str], log: Path) -> bool:
        with log.open("ab") as output:
            command = [*program.command, *options, "--initialize-insecure"]
            return subprocess.run(command, stdout=output, stderr=subprocess.STDOUT).returncode == 0


class MariaDb(Family):
    name, program, takes_tokens = "mariadb", "mariadbd", True

    def options(self, folder: Path) -> list[str]:
        # MariaDB has no way to forbid reading and writing files altogether.
        return [f"--secure-file-priv={folder}/tmp", "--innodb-log-file-size=512M"]

    def make_data(self, program: Program, options: Sequence[str], log: Path) -> bool:
        """What mariadb-install-db does, which assumes a server that is installed."""
        statements = system_tables(program)
        datadir = next(option.partition("=")[2] for option in options if option.startswith("--datadir="))
        Path(datadir).mkdir()
        with log.open("ab") as output:
            command = [*program.command, *options, "--bootstrap"]
            done = subprocess.run(command, input=statements, stdout=output, stderr=subprocess.STDOUT)
        return done.returncode == 0


def system_tables(program: Program) -> bytes:
    """The statements that make MariaDB's own tables."""
    base = program.base or base_of(program)
    # In the order in which they are run.
    files = (
        "*_system_tables.sql",
        "*_performance_tables.sql",
        "*_system_tables_data.sql",
        "fill_help_tables.sql",
        "maria_add_gis_sp_bootstrap.sql",
        "*_sys_schema.sql",
    )
    for share in (base / "share/mariadb", base / "share/mysql", base / "share"):
        found = [sorted(share.glob(file))[:1] for file in files]
        if found[0]:
            # One statement a line, as the bootstrap mode wants it.
            first = b"CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;\n"
            return first + b"".join(file.read_bytes() for [file] in found)
    raise Failure(f"mariadb: no system tables below {base}/share")


def base_of(program: Program) -> Path:
    """Where an installed server has its files, by its own word."""
    told = subprocess.run([*program.command, "--no-defaults", "--verbose", "--help"], capture_output=True, text=True)
    for line in told.stdout.splitlines():
        name, _, value = line.partition(" ")
        if name == "basedir":
            return Path(value.strip())
    raise Failure(f"{program.path} does not say where its files are")


MYSQL, MARIADB = MySql(), MariaDb()
