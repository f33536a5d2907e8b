"""Running a program and saying what it took; rounds in which contenders take turns."""

import os
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from memory import peak_mb

# Seconds between two looks at a program's memory.
LOOK_EVERY_S = 0.01


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


@dataclass
class Usage:
    wall_s: float
    cpu_s: float  # user and system, of the program and its children
    user_s: float
    peak_mb: float  # resident, at its highest, of the program and its children together
    out: str

    def taken(self) -> dict[str, float]:
        """All but what the program said."""
        return {"wall_s": self.wall_s, "cpu_s": self.cpu_s, "user_s": self.user_s, "peak_mb": self.peak_mb}


class Peak(threading.Thread):
    """Looks at a program's resident memory until it ends.

    Not `ru_maxrss`: Linux lets a program inherit it from whoever started it, here a Python."""

    def __init__(self, pid: int):
        super().__init__(daemon=True)
        self.pid, self.mb, self.over = pid, 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.over.wait(LOOK_EVERY_S):
            self.mb = max(self.mb, family_mb(self.pid))

    def stop(self) -> float:
        self.over.set()
        self.join()
        return self.mb


def family_mb(pid: int) -> float:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return peak_mb(pid) + sum(family_mb(int(child)) for child in children)


def run(command: list, environment: dict[str, str] | None = None) -> Usage:
    """Runs a program to its end. One that fails ends the benchmark."""
    begun = time.perf_counter()
    program = subprocess.Popen(
        [str(word) for word in command],
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    peak = Peak(program.pid)
    # What goes to standard error is a few lines, which the pipe holds.
    out = program.stdout.read()
    _, status, used = os.wait4(program.pid, 0)
    wall = time.perf_counter() - begun
    program.returncode = os.waitstatus_to_exitcode(status)
    memory = peak.stop()
    if program.returncode != 0:
        sys.exit(f"bench: {command} ended with {program.returncode}:\n{out}{program.stderr.read()}")
    program.stderr.close()
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_utime, memory, out)


def rounds(count: int, contenders: dict, note: str) -> dict[str, list]:
    """Lets the contenders take turns, and begins each round with the next of them, so that a busy
    minute of the machine hits all of them. Answers each one's measurements, round by round."""
    found = {name: [] for name in contenders}
    names = list(contenders)
    for number in range(count):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            found[name].append(contenders[name]())
            say(f"{note}, round {number + 1} of {count}: {name} {seconds(found[name][-1])}")
    return found


def seconds(found) -> str:
    wall = found.get("wall_s") if isinstance(found, dict) else None
    return f"{wall:.3f} s" if wall is not None else ""


def median(values) -> float:
    return statistics.median(values)


def ratio(found: dict[str, list], name: str, of: str, what: str = "wall_s") -> float:
    """The median of the rounds' ratios: each round is compared within itself."""
    return median(one[what] / other[what] for one, other in zip(found[name], found[of], strict=True))
