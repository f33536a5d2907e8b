"""How much memory a process takes."""

from __future__ import annotations

from pathlib import Path


def peak_mb(pid: int) -> float:
    """The most memory that a process has had resident so far; 0 when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
