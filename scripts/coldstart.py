"""Starts the built function as Lambda does and measures it.

Argument: the executable. Prints the time from its start to its first poll and its peak memory, the medians of several
starts. If the environment names a database (MYSQL_SERVER), also the first invocation, {"run":"status"}, login included.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory import peak_mb
from runtime_api import Answer, RuntimeApi

STARTS = 15


@dataclass(frozen=True)
class Start:
    poll_s: float  # from exec to the first poll
    peak_mb: float  # resident, at its highest until then


def start(function: Path, settings: dict[str, str]) -> Start:
    with closing(RuntimeApi(function, settings)) as api:
        return Start(api.start_s, peak_mb(api.programs[0].pid))


def first_answer(function: Path, settings: dict[str, str], event: dict[str, Any]) -> tuple[Answer, float]:
    """How a function that has just started answers the event, and after how many seconds."""
    with closing(RuntimeApi(function, settings)) as api:
        sent_at = time.perf_counter()
        api.send(event)
        answer = api.answer()
        return answer, answer.at - sent_at


def main() -> None:
    executable = Path(sys.argv[1]).resolve()
    login = {name: os.environ.get(name, "none") for name in ("MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD")}
    starts = [start(executable, login) for _ in range(STARTS)]
    poll_ms = statistics.median(one.poll_s for one in starts) * 1000
    most_mb = statistics.median(one.peak_mb for one in starts)
    print(f"cold start: {poll_ms:.1f} ms from exec to the first poll, {most_mb:.1f} MB at most")
    if "MYSQL_SERVER" in os.environ:
        firsts = [first_answer(executable, login, {"run": "status"}) for _ in range(STARTS)]
        failed = [answer.body for answer, _ in firsts if answer.failed]
        if failed:
            sys.exit(f"coldstart: the first invocation failed: {failed[0]}")
        print(f"first invocation: {statistics.median(s for _, s in firsts) * 1000:.1f} ms, with TLS and login")
        return
    # Without a database: it answers at all, and refuses what it does not know.
    refusal, _ = first_answer(executable, login, {"run": "dance"})
    if not refusal.failed or refusal.body.get("errorType") != "BadEvent":
        sys.exit(f"coldstart: an unknown event was answered with {refusal}")


if __name__ == "__main__":
    main()
