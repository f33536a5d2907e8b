"""Databases by name and by folder: single servers and clusters."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Union

from . import client, signals, tools
from .clusters import Cluster
from .common import Arguments, Failure
from .database import USUAL, Database, Habits, stored
from .galera import Galera
from .group_replication import GroupReplication, MultiPrimary
from .kinds import KINDS
from .search import find
from .service import exports

CLUSTERS = {cluster.name: cluster for cluster in (GroupReplication, MultiPrimary, Galera)}
NAMES = [*KINDS, *CLUSTERS]

AnyDatabase = Union[Database, Cluster]


def named(name: str, folder: Path, habits: Habits = USUAL) -> AnyDatabase:
    if name in CLUSTERS:
        return CLUSTERS[name](folder, habits)
    return Database(folder, KINDS[name], habits)


def found(folder: Path) -> AnyDatabase | None:
    """The one whose data is in a folder."""
    noted = folder / "version"
    words = noted.read_text().split() if noted.exists() else []
    if words and words[0] in CLUSTERS:
        return named(words[0], folder)
    made_by = stored(folder)
    return Database(folder, made_by[0]) if made_by else None


def end(folder: Path, number: int) -> None:
    """Ends the one whose data is in a folder, if there is one."""
    database = found(folder)
    if database:
        database.end(number)


def version(name: str) -> str:
    """That of a server program, which is downloaded if need be."""
    return find(CLUSTERS[name](Path()).kind if name in CLUSTERS else KINDS[name])[1]


def main(text: str | None) -> None:
    arguments = Arguments(text)
    commands = arguments.add_subparsers(dest="command", required=True)
    commands.add_parser("client")
    commands.add_parser("clock").add_argument("offset")
    get = commands.add_parser("get")
    get.add_argument("kind", choices=NAMES)
    start = commands.add_parser("start")
    start.add_argument("kind", choices=NAMES)
    start.add_argument("folder", type=Path)
    for option in ("--relaxed", "--like-rds", "--report"):
        start.add_argument(option, action="store_true")
    start.add_argument("--clock", default="")
    for name in ("stop", "kill", "env"):
        commands.add_parser(name).add_argument("folder", type=Path)
    asked = arguments.read(sys.argv[1:])

    signals.end_in_order()
    if asked.command == "client":
        print(client.library())
    elif asked.command == "clock":
        print(exports(tools.clock(asked.offset)), end="")
    elif asked.command == "get":
        print(asked.kind, version(asked.kind))
    elif asked.command == "start":
        started = named(asked.kind, asked.folder, Habits(asked.relaxed, asked.like_rds, asked.clock)).start()
        if asked.report:
            print("started" if started else "running")
    elif asked.command == "env":
        print(exports(variables_in(asked.folder)), end="")
    else:
        end(asked.folder, signal.SIGTERM if asked.command == "stop" else signal.SIGKILL)


def variables_in(folder: Path) -> dict[str, str]:
    """What a client's environment needs for what runs in a folder."""
    database = found(folder)
    if not database:
        raise Failure(f"no server runs in {folder}")
    return database.variables()
