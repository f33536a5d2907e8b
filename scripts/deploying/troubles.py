"""What was wrong of late, as the function wrote it into its log: what the alarm's mail does not say."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from .account import Account

HOURS = 24
MEANINGS = "docs/RUNNING.md (Alarms) says what each means and what to do."


def lines(account: Account, group: str, now: float | None = None) -> list[str]:
    """A line for each, the latest last."""
    since = (time.time() if now is None else now) - HOURS * 3600
    found = [written(event["timestamp"], line) for event, line in events(account, group, since)]
    if not found:
        return [
            f"The function noticed nothing wrong within {HOURS} hours. Whether it is at work: scripts/deploy status"
        ]
    return [*found, MEANINGS]


def events(account: Account, group: str, since: float) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    pages = account.session.client("logs").get_paginator("filter_log_events")
    # A word, and not { $.Trouble > 0 }: a line that is no JSON is passed over below.
    asked = {"logGroupName": group, "startTime": int(since * 1000), "filterPattern": '"Troubles"'}
    for page in pages.paginate(**asked):
        for event in page["events"]:
            try:
                line = json.loads(event["message"])
            except ValueError:
                continue
            if isinstance(line, dict) and line.get("Trouble"):
                yield event, line


def written(milliseconds: int, line: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    whose = [
        f"{word} {line[name]}" for name, word in (("Run", "run"), ("Job", "job"), ("Kind", "kind")) if line.get(name)
    ]
    return f"{at:%Y-%m-%d %H:%M} UTC  {', '.join(line['Troubles']):<30} {', '.join(whose)}".rstrip()
