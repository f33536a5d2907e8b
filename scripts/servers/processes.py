"""Processes that outlive whoever started them, known by their number and their birth."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .common import Failure

LOOK_EVERY_S = 0.02


@dataclass(frozen=True)
class Process:
    """A number alone does not do: the system gives it to another process later."""

    pid: int
    birth: str

    @staticmethod
    def detach(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
        """Starts the command in a session of its own, so that neither Ctrl-C nor the end of this program reaches it."""
        with log.open("ab") as output:
            started = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Process(started.pid, birth_of(started.pid))

    @staticmethod
    def noted_in(file: Path) -> Process | None:
        """The process that `note` wrote down, if it is alive."""
        try:
            pid, _, birth = file.read_text().strip().partition(" ")
        except FileNotFoundError:
            return None
        noted = Process(int(pid), birth) if pid and birth else None
        return noted if noted and noted.is_alive() else None

    def note(self, file: Path) -> None:
        file.write_text(f"{self.pid} {self.birth}\n")

    def is_alive(self) -> bool:
        return self.birth != "" and birth_of(self.pid) == self.birth

    def end(self, signal: int, patience_s: float, where: Path) -> None:
        """Sends the signal, and waits until the process is gone."""
        until = time.monotonic() + patience_s
        if self.is_alive():
            try:
                os.kill(self.pid, signal)
            except ProcessLookupError:
                return
        while self.is_alive():
            if time.monotonic() > until:
                raise Failure(f"process {self.pid} ({where}) did not end within {patience_s:.0f} s")
            time.sleep(LOOK_EVERY_S)


def birth_of(pid: int) -> str:
    """When the process was started; nothing if it is gone, or dead and only waiting to be noticed by its parent."""
    if os.path.exists("/proc/self/stat"):
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return ""
        # After the name in parentheses: the state, then 18 other fields.
        state, *fields = text.rpartition(") ")[2].split()
        return "" if state in "ZX" else fields[18]
    told = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True)
    state, _, birth = told.stdout.strip().partition(" ")
    return "" if "Z" in state else birth.strip()
