"""The kinds of servers that there are, as a table: a new version of a server is a line in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .families import MARIADB, MYSQL, Family
from .packages import Distribution, NoDownload


@dataclass(frozen=True)
class Packages:
    """Where a server is downloaded from: the first of `names` that the suite has."""

    names: tuple[str, ...]
    suite: str = ""  # the system's own if empty


@dataclass(frozen=True)
class Kind:
    """A server that can be asked for by name."""

    name: str
    family: Family
    title: str
    oldest: tuple[int, ...]
    # By distribution. Debian's suite is named, since not every release has every server.
    packages: dict[str, Packages] = field(hash=False)
    # What is at least this is too new.
    before: tuple[int, ...] = (9999,)

    @property
    def label(self) -> str:
        """The name in variables."""
        return label(self.name)

    @property
    def variable(self) -> str:
        """What names the server program, if it is set: ROWSCORE_MYSQLD, ROWSCORE_MARIADBD, ROWSCORE_MARIADBD_11_8."""
        return f"ROWSCORE_{self.family.program.upper()}{self.label[len(self.family.name) :]}"

    def takes(self, version: str) -> bool:
        return self.oldest <= number(version) < self.before

    def packages_here(self) -> Packages:
        here = Distribution.here()
        if here.name not in self.packages:
            raise NoDownload(f"no download is known for {here.name} (Debian and Ubuntu have most)")
        found = self.packages[here.name]
        return Packages(found.names, found.suite or here.codename)


# A stable Debian has no MySQL. MariaDB is an old release on every Debian, so that what runs here runs on the newer ones.
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "mysql",
            MYSQL,
            "MySQL 8 or 9",
            oldest=(8, 0, 22),
            packages={
                "debian": Packages(("mysql-server-core",), "sid"),
                "ubuntu": Packages(("mysql-server-core-8.4", "mysql-server-core-8.0")),
            },
        ),
        Kind(
            "mariadb",
            MARIADB,
            "MariaDB 10.6 or newer",
            oldest=(10, 6),
            packages={
                "debian": Packages(("mariadb-server-core",), "bookworm"),
                "ubuntu": Packages(("mariadb-server-core", "mariadb-server-core-10.6")),
            },
        ),
        Kind(
            "mariadb-11.8",
            MARIADB,
            "MariaDB 11.8",
            oldest=(11, 8),
            before=(11, 9),
            packages={"debian": Packages(("mariadb-server-core",), "trixie")},
        ),
    )
}


def number(version: str) -> tuple[int, ...]:
    """10.11.18 as (10, 11, 18), for comparisons."""
    return tuple(int(part) for part in version.split("."))


def label(name: str) -> str:
    """MARIADB_11_8 for mariadb-11.8."""
    return re.sub(r"\W", "_", name).upper()
