"""Starts the built function as Lambda does and measures it.

Argument: the executable. Prints the time from its start to its first poll and its peak memory, the medians of several
starts. If the environment names a database (MYSQL_SERVER), also the first invocation, {"run":"status"}, login included.
"""

import os
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from runtime_api import Answer, RuntimeApi

STARTS = 15


@dataclass(frozen=True)
class Start:
    poll_s: float  # from exec to the first poll
    peak_mb: float  # resident, at its highest until then
    first_s: float | None  # from the event to its answer
    answer: Answer | None


def start(function: Path, settings: dict[str, str], event: dict | None = None) -> Start:
    """One start of the function, with the event, if there is one, as its first."""
    api = RuntimeApi(function, settings)
    try:
        lines = Path(f"/proc/{api.programs[0].pid}/status").read_text().splitlines()
        peak_mb = next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))
        if event is None:
            return Start(api.start_s, peak_mb, None, None)
        sent_at = time.perf_counter()
        api.send(event)
        answer = api.answer()
        return Start(api.start_s, peak_mb, answer.at - sent_at, answer)
    finally:
        api.close()


def main() -> None:
    executable = Path(sys.argv[1]).resolve()
    event = {"run": "status"} if "MYSQL_SERVER" in os.environ else None
    login = {name: os.environ.get(name, "none") for name in ("MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD")}
    starts = [start(executable, login, event) for _ in range(STARTS)]
    poll_ms = statistics.median(one.poll_s for one in starts) * 1000
    peak_mb = statistics.median(one.peak_mb for one in starts)
    print(f"cold start: {poll_ms:.1f} ms from exec to the first poll, {peak_mb:.1f} MB at most")
    if event:
        if starts[-1].answer.failed:
            sys.exit(f"coldstart: the first invocation failed: {starts[-1].answer.body}")
        first_ms = statistics.median(one.first_s for one in starts) * 1000
        print(f"first invocation: {first_ms:.1f} ms, with TLS and login")
        return
    # Without a database: it answers at all, and refuses what it does not know.
    refusal = start(executable, login, {"run": "dance"}).answer
    if not refusal.failed or refusal.body.get("errorType") != "BadEvent":
        sys.exit(f"coldstart: an unknown event was answered with {refusal}")


if __name__ == "__main__":
    main()
