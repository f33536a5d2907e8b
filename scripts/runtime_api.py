"""Starts a function as so many of Lambda's execution environments, hands them events, and takes their answers.

Lambda's side of the Runtime API is a program of its own, examples/runtime_api.rs, which the tests have in them, too.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Built by whoever uses this, ROWSCORE_RUNTIME_API or without optimisations.
PROGRAM = Path(__file__).resolve().parent.parent / "target/debug/examples/runtime_api"
# As Lambda has it: a function may work for so long.
TIMEOUT_S = 300.0
# Whoever has not polled by then never will.
START_S = 60.0


@dataclass(frozen=True)
class Answer:
    failed: bool
    body: dict[str, Any]
    at: float  # when it came, as time.perf_counter() has it


class RuntimeApi:
    """The service, and its environments, which take turns at the events. All of them have polled when it is made."""

    def __init__(self, function: Path, settings: dict[str, str], environments: int = 1):
        program = os.environ.get("ROWSCORE_RUNTIME_API", PROGRAM)
        self.service = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.service.stdin and self.service.stdout
        self.input, self.output = self.service.stdin, self.service.stdout
        variables = json.loads(self.output.readline()) | {"AWS_LAMBDA_LOG_LEVEL": "WARN"}
        self.answers: queue.Queue[Answer] = queue.Queue()
        self.polls: queue.Queue[float] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()
        begun = time.perf_counter()
        # What it logs is not asked for.
        options: dict[str, Any] = {"env": {**os.environ, **settings, **variables}, "stdout": subprocess.DEVNULL}
        self.programs = [subprocess.Popen([function], **options) for _ in range(environments)]
        try:
            polled = [self.polls.get(timeout=START_S) for _ in self.programs]
        except queue.Empty:
            self.close()
            raise RuntimeError(f"{function} did not poll within {START_S:.0f} s") from None
        # From exec to the first poll of the last one.
        self.start_s = max(polled) - begun

    def send(self, event: dict[str, Any], left_s: float = TIMEOUT_S) -> None:
        """Hands the event to whoever polls next, with so many seconds to its deadline."""
        self.input.write(json.dumps({"event": event, "left_ms": round(left_s * 1000)}) + "\n")

    def answer(self) -> Answer:
        """The next answer to any of the events."""
        return self.answers.get(timeout=TIMEOUT_S)

    def close(self) -> float:
        """Ends everything; answers the CPU seconds of all environments."""
        cpu = 0.0
        # All of them first: one whose poll is broken off would end by itself.
        for program in self.programs:
            program.kill()
        for program in self.programs:
            _, status, used = os.wait4(program.pid, 0)
            program.returncode = os.waitstatus_to_exitcode(status)
            cpu += used.ru_utime + used.ru_stime
        self.input.close()
        self.service.wait()
        return cpu

    def _listen(self) -> None:
        for line in self.output:
            at = time.perf_counter()
            [(said, body)] = json.loads(line).items()
            if said == "polled":
                self.polls.put(at)
            else:
                self.answers.put(Answer(said == "failed", body, at))
