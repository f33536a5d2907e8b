"""What runs do, by themselves and asked."""

import datetime

from queues import depth
from tools import BROKEN, DATABASE, HOPS, invoke, need, query, say, wait


def runs(where: str = "TRUE") -> list[dict]:
    return query(f"SELECT * FROM {DATABASE}.batch_runs WHERE {where} ORDER BY id")


def hops(run: dict) -> int:
    return query(f"SELECT MAX(hop) AS hops FROM {DATABASE}.batch_lanes WHERE run_id = %s", run["id"])[0]["hops"]


def finished(run: dict) -> bool:
    return run["state"] not in ("running", "paused")


def watch_the_schedule(rows: int) -> dict:
    """Waits for the schedule and for the end of the window that it opens."""
    say("waiting for the schedule to fire (up to a minute) ...")
    wait(150, "the schedule opened a window", lambda: runs("kind = 'window'"))
    say("a window is open; its hops chain through the queue ...")
    [run] = wait(300, "the window was finished", lambda: [r for r in runs("kind = 'window'")[:1] if finished(r)])
    need(run["state"] == "succeeded_with_failures", f"the first run is {run['state']}: {run['last_error']}")
    counts = tuple(run[name] for name in ("items", "predicted", "failed", "pending"))
    need(counts == (rows, rows - BROKEN, BROKEN, 0), f"items, predicted, failed, pending are {counts}")
    need(hops(run) >= HOPS, f"the window took {hops(run)} hops, at least {HOPS} were expected")
    say(f"finished after {hops(run)} hops: {counts[1]:,} predicted, {counts[2]} set aside, {counts[3]} pending")
    return run


def send_the_canary(function: str) -> None:
    """Everything is tried out, with the function's own login and queue, and nothing kept."""
    answer = invoke(function, {"run": "canary"})
    need((answer["outcome"], answer["state"]) == ("finished", "succeeded"), f"the canary was answered with {answer}")
    say("the canary succeeded")


def add_items(count: int) -> None:
    sql = f"INSERT INTO {DATABASE}.items (`values`, created_datetime) SELECT `values`, UTC_TIMESTAMP() - INTERVAL 5 MINUTE"
    query(f"{sql} FROM {DATABASE}.items WHERE prediction IS NOT NULL LIMIT {count}")


def next_window(function: str, text: str) -> None:
    """New items, and the same tick twice: one run takes them."""
    add_items(500)
    tick = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"run": "window", "scheduled_time": tick}
    first, second = invoke(function, event), invoke(function, event)
    need(first["outcome"] == "finished" and first["predicted"] == 500, f"{text}: the tick was answered with {first}")
    need(second["outcome"] == "nothing_to_do", f"{text}: the tick's second delivery was answered with {second}")
    of_tick = runs(f"tick = '{tick[:-1].replace('T', ' ')}'")
    need(len(of_tick) == 1, f"{text}: one tick made {len(of_tick)} runs")
    say(f"{text}: a tick that was delivered twice made one run")


def check_the_end(outputs: dict, rows: int) -> None:
    unfinished = [run["id"] for run in runs() if not finished(run)]
    need(not unfinished, f"unfinished runs: {unfinished}")
    for run in runs():
        parts = [run[name] for name in ("predicted", "failed", "pending")]
        need(run["items"] == sum(parts), f"run {run['id']}: {run['items']} items, but {parts}")
    [counts] = query(f"SELECT COUNT(*) AS items, SUM(prediction IS NULL) AS without FROM {DATABASE}.items")
    need(counts == {"items": rows, "without": BROKEN}, f"at the end there are {counts}")
    depths = {name: depth(outputs[name]) for name in outputs if name.endswith("QueueUrl")}
    expected = {"ContinuationQueueUrl": 0, "DeadLetterQueueUrl": 1, "FailedEventQueueUrl": 1}
    need(depths == expected, f"messages left: {depths}")
    say(f"every item has its prediction, but for the {BROKEN} that cannot be scored; every run's counts add up")
