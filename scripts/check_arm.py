"""The inner part of scripts/check-arm. The server is named by the environment. Argument: the function for ARM."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from runtime_api import RuntimeApi
from servers import tools

BUILT = Path(__file__).resolve().parent.parent / "target/debug"
ROWS = 2000
TICK = {"run": "window"}
CANARY = {"run": "canary"}


def rowscore(settings: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [BUILT / "rowscore", *arguments], env=os.environ | settings, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


def asked(api: RuntimeApi, event: dict[str, Any]) -> dict[str, Any]:
    api.send(event)
    answer = api.answer()
    if answer.failed:
        sys.exit(f"{event} failed: {answer.body}")
    return answer.body


def predictions(function: Path, database: str) -> list[tuple[int, str]]:
    """What the function makes of each sample row, with every digit of every number."""
    settings = {"MYSQL_DATABASE": database}
    rowscore(settings, "init", "--create", "--rows", str(ROWS))
    with closing(RuntimeApi(function, settings)) as api:
        canary = asked(api, CANARY)
        print(f"{database}: canary {canary['state']}")
        answer = asked(api, TICK)
        while answer["continuations"]:
            answer = asked(api, answer["continuations"][0])
    print(f"{database}: {answer['predicted']:,} rows predicted, {answer['rows_per_second']:,} a second")
    if (canary["state"], answer["state"], answer["predicted"]) != ("succeeded", "succeeded", ROWS):
        sys.exit(f"{database}: {canary} {answer}")
    items = map(json.loads, rowscore(settings, "results", "--limit", str(ROWS + 1)).splitlines())
    return [(item["id"], repr(item["prediction"])) for item in items]


def main() -> None:
    here = predictions(BUILT / "score", "here")
    with tempfile.TemporaryDirectory() as folder:
        arm = Path(folder) / "arm"
        arm.write_text(f"#!/bin/sh\nexec {shlex.join(tools.on_arm(Path(sys.argv[1])))}\n")
        arm.chmod(0o755)
        there = predictions(arm, "arm")
    rows = list(zip(here, there, strict=True))
    different = [pair for pair in rows if pair[0] != pair[1]]
    if different or len(rows) != ROWS:
        sys.exit(f"{len(different)} of {len(rows)} rows differ; here and on ARM: {different[:3]}")
    print(f"the same bits in {len(rows):,} rows")


if __name__ == "__main__":
    main()
