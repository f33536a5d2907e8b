"""What scripts/database, scripts/with-database, scripts/local-aws, scripts/python and
scripts/browser take, and do."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from . import browser as chromium
from . import client, kinds, search, signals, venvs, with_database
from .aws import LocalAws
from .common import Arguments
from .database import Database, Habits, end, variables_in
from .service import exports


def database(text: str | None) -> None:
    arguments = Arguments(text)
    commands = arguments.add_subparsers(dest="command", required=True)
    commands.add_parser("client")
    get = commands.add_parser("get")
    get.add_argument("kind", choices=kinds.KINDS)
    start = commands.add_parser("start")
    start.add_argument("kind", choices=kinds.KINDS)
    start.add_argument("folder", type=Path)
    for option in ("--relaxed", "--like-rds", "--report"):
        start.add_argument(option, action="store_true")
    for name in ("stop", "kill", "env"):
        commands.add_parser(name).add_argument("folder", type=Path)
    asked = arguments.read(sys.argv[1:])

    signals.end_in_order()
    if asked.command == "client":
        print(client.library())
    elif asked.command == "get":
        print(asked.kind, search.find(kinds.KINDS[asked.kind])[1])
    elif asked.command == "start":
        habits = Habits(asked.relaxed, asked.like_rds)
        started = Database(asked.folder, kinds.KINDS[asked.kind], habits).start()
        if asked.report:
            print("started" if started else "running")
    elif asked.command == "env":
        print(exports(variables_in(asked.folder)), end="")
    else:
        end(asked.folder, signal.SIGTERM if asked.command == "stop" else signal.SIGKILL)


def local_aws(text: str | None) -> None:
    arguments = Arguments(text)
    arguments.add_argument("command", choices=("start", "stop", "env"))
    arguments.add_argument("folder", type=Path)
    asked = arguments.read(sys.argv[1:])
    signals.end_in_order()
    service = LocalAws(asked.folder)
    if asked.command == "start":
        service.start()
    elif asked.command == "stop":
        service.end(signal.SIGTERM)
    else:
        print(exports(service.variables()), end="")


def run_with_database(text: str | None) -> int:
    words, command = sys.argv[1:], []
    if "--" in words:
        at = words.index("--")
        words, command = words[:at], words[at + 1 :]
    arguments = Arguments(text)
    arguments.add_argument("servers")
    arguments.add_argument("--dir", type=Path)
    for option in ("--relaxed", "--like-rds", "--with-aws"):
        arguments.add_argument(option, action="store_true")
    asked = arguments.read(words)
    names = ["mysql", "mariadb"] if asked.servers == "both" else asked.servers.split(",")
    if any(name not in kinds.KINDS for name in names):
        arguments.error(f"first argument: both, or of {', '.join(kinds.KINDS)} one or more with commas between")
    if not command:
        arguments.error("which COMMAND? It comes after --")
    options = [f"--{name}" for name in ("relaxed", "like-rds") if getattr(asked, name.replace("-", "_"))]
    wanted = [kinds.KINDS[name] for name in names]
    return with_database.run(with_database.Wanted(wanted, asked.dir, options, asked.with_aws, command))


def python(text: str | None) -> None:
    arguments = Arguments(text)
    arguments.add_argument("name", choices=venvs.names())
    asked = arguments.read(sys.argv[1:])
    signals.end_in_order()
    print(venvs.programs(asked.name))


def browser(text: str | None) -> None:
    Arguments(text).read(sys.argv[1:])
    signals.end_in_order()
    print(chromium.find())
