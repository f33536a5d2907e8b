"""MariaDB's C library for clients, which Python's mysqlclient is built with."""

from __future__ import annotations

from pathlib import Path

from .kinds import KINDS
from .packages import Download, machine, unpacked


def library() -> Path:
    """A folder with its headers, itself, and its plugins for logins, which a program finds by MARIADB_PLUGIN_DIR."""
    return unpacked("mysql-client", take)


def take(work: Path) -> Path:
    taken = work / "client"
    taken.mkdir()
    suite = KINDS["mariadb"].packages_here().suite
    usr = Download("client", suite, work).alone("libmariadb-dev", "libmariadb3") / "usr"
    libraries = usr / "lib" / machine().triplet
    (usr / "include/mariadb").rename(taken / "include")
    (libraries / "libmariadb3/plugin").rename(taken / "plugin")
    (taken / "lib").mkdir()
    for file in libraries.glob("libmariadb.so*"):
        file.rename(taken / "lib" / file.name)
    return taken
