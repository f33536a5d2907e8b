"""New data of servers: made once, then copied, since making it takes most of the time of a first start."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path
from typing import Callable

from .common import Failure
from .packages import unpacked


def template(name: str, options: str, make: Callable[[Path], None]) -> Path:
    """Data that `make` made with a program and options. Another version, or other options, make it anew."""

    def take(work: Path) -> Path:
        make(work / "made")
        # Logs of half a gigabyte are almost nothing but zeros.
        copy(work / "made", work / "data")
        # The server's own number must not be that of another one.
        (work / "data/auto.cnf").unlink(missing_ok=True)
        return work / "data"

    return unpacked(f"{name}-{zlib.crc32(options.encode()):08x}", take)


def copy(data: Path, target: Path, *without: str) -> None:
    """Copies data of a server that does not run."""
    sparse = ["--sparse=always", "--reflink=auto"] if sys.platform == "linux" else []
    done = subprocess.run(["cp", "-Rp", *sparse, str(data), str(target)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{data} could not be copied: {done.stderr.strip()}")
    for name in without:
        (target / name).unlink(missing_ok=True)
