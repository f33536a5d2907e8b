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
from pathlib import Path
from types import FrameType

from . import signals
from .aws import LocalAws
from .common import SCRIPTS, say
from .database import Database, end
from .kinds import Kind

# The exit code if a server could not be started.
NOT_STARTED = 125


@dataclass(frozen=True)
class Wanted:
    """What to start, for which command."""

    kinds: Sequence[Kind]
    folder: Path | None  # of the data; a temporary one if there is none
    options: Sequence[str]  # for scripts/database start
    aws: bool
    command: Sequence[str]


@dataclass
class Servers:
    """What was started. It goes with the block, on a signal, too."""

    wanted: Wanted
    work: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="rowscore.")))
    starting: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def own(self) -> Path:
        """For servers that the command starts itself."""
        return self.work / "own"

    @property
    def aws(self) -> LocalAws:
        return LocalAws(self.work / "aws")

    def folder(self, kind: Kind) -> Path:
        if not self.wanted.folder:
            return self.work / kind.name
        several = len(self.wanted.kinds) > 1
        return self.wanted.folder / kind.name if several else self.wanted.folder

    def report(self, kind: Kind) -> Path:
        """Where the start says whether the server was already running."""
        return self.work / f"{kind.name}.report"

    def start(self) -> bool:
        """Starts everything at the same time, each in a process of its own."""
        self.own.mkdir()
        for kind in self.wanted.kinds:
            start = ["database", "start", kind.name, str(self.folder(kind)), "--report", *self.wanted.options]
            with self.report(kind).open("w") as report:
                self._start(start, report.fileno())
        if self.wanted.aws:
            self._start(["local-aws", "start", str(self.aws.folder)], None)
        codes = [process.wait() for process in self.starting]
        self.starting.clear()
        return not any(codes)

    def _start(self, command: list[str], output: int | None) -> None:
        with signals.postponed():
            words = [sys.executable, str(SCRIPTS / command[0]), *command[1:]]
            self.starting.append(subprocess.Popen(words, stdout=output))

    def variables(self) -> dict[str, str]:
        """What the command finds in its environment."""
        found = {"ROWSCORE_TEST_SERVERS": str(self.own)}
        for kind in self.wanted.kinds:
            server = Database(self.folder(kind).resolve(), kind)
            found[f"ROWSCORE_TEST_{kind.label}"] = server.url()
            found[f"ROWSCORE_{kind.label}_DIR"] = str(server.folder)
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
            process.wait()
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
            elif self.report(kind).exists() and self.report(kind).read_text() == "started\n":
                yield self.folder(kind), signal.SIGTERM
        # Those that the command started, where it could not end them.
        for folder in self.own.glob("*"):
            yield folder, signal.SIGKILL


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
