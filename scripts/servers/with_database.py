"""Runs a command beside private servers, which end with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from types import FrameType

from . import signals
from .aws import LocalAws
from .common import Arguments, Failure, say
from .database import Habits
from .databases import CLUSTERS, NAMES, AnyDatabase, end, named
from .kinds import label

# The exit code if a server could not be started.
NOT_STARTED = 125


@dataclass(frozen=True)
class Wanted:
    """What to start, for which command."""

    kinds: Sequence[str]
    folder: Path | None  # of the data; a temporary one if there is none
    habits: Habits
    aws: bool
    command: Sequence[str]


@dataclass
class Servers:
    """What was started. It goes with the block, on a signal, too."""

    wanted: Wanted
    work: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rowscore.")))
    starting: list[ForkProcess] = field(default_factory=list)

    @property
    def own(self) -> Path:
        """For servers that the command starts itself."""
        return self.work / "own"

    @property
    def aws(self) -> LocalAws:
        return LocalAws(self.work / "aws")

    def folder(self, kind: str) -> Path:
        if not self.wanted.folder:
            return self.work / kind
        several = len(self.wanted.kinds) > 1
        return self.wanted.folder / kind if several else self.wanted.folder

    def report(self, kind: str) -> Path:
        """Is there if the server was not running before."""
        return self.work / f"{kind}.report"

    def start(self) -> bool:
        """Starts everything at the same time, each in a copy of this process."""
        self.own.mkdir()
        services: list[tuple[AnyDatabase | LocalAws, Path]] = []
        for kind in self.wanted.kinds:
            services.append((named(kind, self.folder(kind), self.wanted.habits), self.report(kind)))
        if self.wanted.aws:
            services.append((self.aws, self.work / "aws.report"))
        for service in services:
            with signals.postponed():
                process = get_context("fork").Process(target=start, args=service)
                process.start()
                self.starting.append(process)
        for process in self.starting:
            process.join()
        started = all(process.exitcode == 0 for process in self.starting)
        self.starting.clear()
        return started

    def variables(self) -> dict[str, str]:
        """What the command finds in its environment."""
        found = {"ROWSCORE_TEST_SERVERS": str(self.own)}
        for kind in self.wanted.kinds:
            server = named(kind, self.folder(kind).resolve())
            found[f"ROWSCORE_TEST_{label(kind)}"] = server.url()
            found[f"ROWSCORE_{label(kind)}_DIR"] = str(server.folder)
            if len(self.wanted.kinds) == 1:
                found |= {"ROWSCORE_DATABASE_DIR": str(server.folder), **server.variables()}
        if self.wanted.aws:
            found |= self.aws.variables()
            found["ROWSCORE_TEST_SQS"] = found["AWS_ENDPOINT_URL"]
        return found

    def end(self) -> None:
        for process in self.starting:
            process.terminate()
        for process in self.starting:
            process.join()
        with ThreadPoolExecutor() as pool:
            done = [pool.submit(end, folder, how) for folder, how in self._to_end()]
            done.append(pool.submit(self.aws.end, signal.SIGTERM))
        for failure in filter(None, (one.exception() for one in done)):
            say(f"error: {failure}")
        shutil.rmtree(self.work, ignore_errors=True)

    def _to_end(self) -> Iterator[tuple[Path, signal.Signals]]:
        for kind in self.wanted.kinds:
            if not self.wanted.folder:
                # Nobody will read this data again: no need for a slow clean shutdown.
                yield self.folder(kind), signal.SIGKILL
            elif self.report(kind).exists():
                yield self.folder(kind), signal.SIGTERM
        # Those that the command started, where it could not end them.
        for folder in self.own.glob("*"):
            yield folder, signal.SIGKILL


def start(service: AnyDatabase | LocalAws, report: Path) -> None:
    """In a process of its own: starts the service, and notes in `report` if it was not running before."""
    signals.end_in_order()
    try:
        if service.start():
            report.touch()
    except Failure as failure:
        say(f"error: {failure}")
        sys.exit(1)


def run(wanted: Wanted) -> int:
    """The command's exit code."""
    signals.end_in_order()
    servers = Servers(wanted)
    try:
        if not servers.start():
            return NOT_STARTED
        return Foreground(wanted.command).run(servers.variables())
    finally:
        signals.ignore()
        servers.end()


class Foreground:
    """A command whose end is awaited whatever signals come.

    On Ctrl-C the terminal tells the command itself; other signals are handed on to it."""

    def __init__(self, command: Sequence[str]):
        self.command = command
        self.process: subprocess.Popen[bytes] | None = None
        self.came: list[int] = []

    def run(self, variables: dict[str, str]) -> int:
        signals.handle(signal.SIGINT, lambda _number, _frame: None)
        signals.handle(signal.SIGTERM, self.hand_on)
        signals.handle(signal.SIGHUP, self.hand_on)
        try:
            self.process = subprocess.Popen(self.command, env={**os.environ, **variables})
        except OSError as error:
            say(f"{self.command[0]}: {error.strerror}")
            # As a shell has it.
            return 127 if isinstance(error, FileNotFoundError) else 126
        for number in self.came:
            self.process.send_signal(number)
        code = self.process.wait()
        return code if code >= 0 else 128 - code

    def hand_on(self, number: int, _frame: FrameType | None) -> None:
        if self.process:
            self.process.send_signal(number)
        else:
            self.came.append(number)


def main(text: str | None) -> int:
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
    if any(name not in NAMES for name in names):
        arguments.error(f"first argument: both, or of {', '.join(NAMES)} one or more with commas between")
    if asked.dir and any(name in CLUSTERS for name in names):
        arguments.error("--dir: a cluster that was stopped cannot be started again, so its data is not kept")
    if not command:
        arguments.error("which COMMAND? It comes after --")
    habits = Habits(asked.relaxed, asked.like_rds)
    return run(Wanted(names, asked.dir, habits, asked.with_aws, command))
