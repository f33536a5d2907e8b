"""The life of a server in a folder of its own: start, stop, kill.

The folder has the process in `pid`, the port in `port` and a `lock`, which whoever starts or ends the server holds.
"""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from enum import Enum
from pathlib import Path
from typing import ClassVar

from . import ports, signals
from .common import Failure, last_lines, locked, say
from .processes import LOOK_EVERY_S, Process

TRIES = 5


class Launch(Enum):
    READY = "ready"
    ENDED = "ended"
    LATE = "late"


class Service(ABC):
    """A server program. It stays up after the end of whoever started it, until it is ended."""

    # How long an end may take, and a start.
    patience_s: ClassVar[float]
    ready_s: ClassVar[float] = 60

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder.absolute(), name

    @property
    @abstractmethod
    def log(self) -> Path:
        """The file that the server's output is appended to."""

    @abstractmethod
    def prepare(self) -> None:
        """Makes what a start needs, in a folder that exists and is locked."""

    @abstractmethod
    def command(self, port: int) -> list[str]: ...

    @abstractmethod
    def environment(self, port: int) -> dict[str, str]:
        """Variables of the server's process beside those of this one."""

    @abstractmethod
    def is_ready(self, port: int, said: str) -> bool:
        """Whether it answers. Only what it said in its log shows that it is this server that answers on the port."""

    @abstractmethod
    def has_no_port(self, said: str) -> bool:
        """Whether its log says that another program has its port."""

    @abstractmethod
    def variables(self) -> dict[str, str]:
        """What a client's environment needs."""

    def check_running(self) -> None:
        """Refuses a folder whose server is of another kind than the one asked for."""

    def hint(self) -> None:
        """Says what the log of a failed start does not say by itself."""

    def started(self) -> None:
        """Notes what a start that succeeded changes."""

    def ended(self) -> None:
        """Removes what a server that is gone leaves behind."""

    def start(self) -> bool:
        """Starts it; False if it runs already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # A physical path, since the server keeps it.
        self.folder = self.folder.resolve()
        with locked(self.folder / "lock"):
            if self.process():
                self.check_running()
                say(f"{self.name} already runs on 127.0.0.1:{self.port()}")
                return False
            self.prepare()
            try:
                port = self._launch_on_free_port()
                (self.folder / "port").write_text(f"{port}\n")
                self.started()
            except BaseException:
                # A start that failed or was interrupted leaves nothing running.
                self._end(signal.SIGKILL)
                raise
        say(f"{self.name} ready on 127.0.0.1:{port}")
        return True

    def end(self, number: int) -> None:
        """Ends it with a signal and waits for it. Only folders of a server are touched."""
        if (self.folder / "lock").exists():
            with locked(self.folder / "lock"):
                self._end(number)

    def process(self) -> Process | None:
        return Process.noted_in(self.folder / "pid")

    def port(self) -> int | None:
        """The one that is kept from start to start."""
        try:
            return int((self.folder / "port").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def running_port(self) -> int:
        port = self.port()
        if not port or not self.process():
            raise Failure(f"no {self.name} runs in {self.folder}")
        return port

    def _launch_on_free_port(self) -> int:
        port = self.port()
        for _ in range(TRIES):
            if port is None or ports.taken(port):
                port = ports.free()
            launch, said = self._launch(port)
            if launch is Launch.READY:
                return port
            if not self.has_no_port(said):
                break
            # Another program can take a port at any moment: then the next one.
            say(f"{self.name}: port {port} was taken, trying another ...")
            self._end(signal.SIGKILL)
            port = None
        say(last_lines(said, 30))
        self.hint()
        what = f"was not ready after {self.ready_s:.0f} s" if launch is Launch.LATE else "did not start"
        raise Failure(f"{self.name} {what} (log: {self.log})")

    def _launch(self, port: int) -> tuple[Launch, str]:
        """Starts the process and waits for it. Answers also what its log says of this start."""
        begin = self.log.stat().st_size if self.log.exists() else 0
        with signals.postponed():
            process = Process.detach(self.command(port), self.environment(port), self.log)
            process.note(self.folder / "pid")

        def said() -> str:
            with self.log.open("rb") as log:
                log.seek(begin)
                return log.read().decode(errors="replace")

        until = time.monotonic() + self.ready_s
        while time.monotonic() < until:
            if not process.is_alive():
                return Launch.ENDED, said()
            if self.is_ready(port, said()):
                return Launch.READY, said()
            time.sleep(LOOK_EVERY_S)
        return Launch.LATE, said()

    def _end(self, number: int) -> None:
        process = self.process()
        if process:
            process.end(number, self.patience_s, self.folder)
        (self.folder / "pid").unlink(missing_ok=True)
        self.ended()


def exports(variables: dict[str, str]) -> str:
    """As lines for a shell."""
    return "".join(f"export {name}={value}\n" for name, value in variables.items())
