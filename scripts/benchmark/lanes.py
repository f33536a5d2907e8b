"""(d) Lanes side by side in one process, and workers side by side as processes."""

import time

from database import TICK
from measure import median, ratio, rounds
from report import bars, micros, prose, table, times
from runtime_api import RuntimeApi
from tools import RELEASE, must_have, run_rowscore

TITLE = "Lanes and workers"
COUNTS = [1, 2, 4]
# What HOP_MARGIN_MS is by default: with no more than this left, a hop does one page.
MARGIN_S = 5

EXPLAINED = """
Lanes are connections of one `rowscore run`. Workers are processes of the function, `score`, with one lane each. A
Runtime API hands every continuation to a worker that is free. The workers are started before the event is sent.
"""


def measure(bench) -> dict:
    rows = 65_536 if bench.quick else 262_144
    return {server.name: {"rows": rows, "found": one(bench, server, rows)} for server in bench.servers}


def one(bench, server, rows: int) -> dict:
    contenders = {f"{count} {'lane' if count == 1 else 'lanes'}": lanes(server, rows, count) for count in COUNTS}
    contenders |= {f"{count} {'worker' if count == 1 else 'workers'}": workers(server, rows, count) for count in COUNTS}
    return rounds(1 if bench.quick else 3, contenders, f"{server.name}, {rows:,} items")


def lanes(server, rows: int, count: int):
    def contender() -> dict:
        server.fresh(rows)
        return must_have(run_rowscore(server, TICK, {"LANES": str(count)}), rows)

    return contender


def workers(server, rows: int, count: int):
    def contender() -> dict:
        server.fresh(rows)
        # One lane each, so that as many are side by side as with lanes.
        settings = server.environment() | {"LANES": "1", "WORKERS": str(count)}
        api = RuntimeApi(RELEASE / "score", settings, count)
        try:
            found = work_off(api, {"run": "window", "scheduled_time": TICK})
        finally:
            cpu = api.close()
        [(done,)] = server.sql(f"SELECT COUNT(*) FROM {server.database}.items WHERE prediction IS NOT NULL")
        return must_have(found | {"cpu_s": cpu, "rows": done}, rows)

    return contender


def work_off(api: RuntimeApi, event: dict) -> dict:
    """The event, then every continuation as soon as it is named, each by whoever is free.

    The answer names the continuations, other than the queue only when its hop is over: hence
    the first hop gets the time for one page, as if its function were about to end."""
    begun = time.perf_counter()
    api.send(event, MARGIN_S)
    under_way = 1
    while under_way:
        answer = api.answer()
        if answer.failed:
            raise RuntimeError(f"the function failed: {answer.body}")
        continuations = answer.body["continuations"]
        under_way += len(continuations) - 1
        for continuation in continuations:
            api.send(continuation)
    return {"wall_s": time.perf_counter() - begun}


def report(result: dict, figures: dict) -> str:
    text = [prose(EXPLAINED), ""]
    groups = {}
    for server, one in result.items():
        found, rows = one["found"], one["rows"]
        lines = []
        for name, runs in found.items():
            wall = median(run["wall_s"] for run in runs)
            cpu = median(run["cpu_s"] for run in runs)
            lines.append([name, times(ratio(found, name, "1 lane")), f"{wall:.2f} s", micros(cpu / rows)])
        groups[server] = {name: ratio(found, name, "1 lane") for name in found}
        text += [table([f"{server}, {rows:,} items", "÷ 1 lane", "time", "CPU a row"], lines), ""]
    figures["lanes"] = bars("Lanes and workers: time, one lane = 1", groups)
    return "\n".join([*text, "![Lanes and workers](bench/lanes.svg)"])
