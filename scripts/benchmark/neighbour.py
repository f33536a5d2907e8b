"""(j) What it costs a run to look whether the database is in trouble."""

from database import TICK
from measure import median, ratio, rounds
from report import micros, prose, table
from tools import must_have, run_rowscore

TITLE = "Looking whether the database is in trouble"
UNWATCHED = "nothing is watched"
# None of them is ever exceeded.
SETTINGS = {
    UNWATCHED: {},
    "threads, history and a query": {
        "WAIT_IF": "threads_running>10000, history_length>1000000000, query>0",
        "WAIT_QUERY": "SELECT 0",
    },
}

EXPLAINED = """
The same run without `WAIT_IF`, where not one statement more is sent, and with bounds that are never exceeded:
`threads_running`, `history_length` and a query, which are looked at before the first page and then every five seconds.
"""


def measure(bench) -> dict:
    rows = 65_536 if bench.quick else 262_144
    return {server.name: {"rows": rows, "found": one(bench, server, rows)} for server in bench.servers}


def one(bench, server, rows: int) -> dict:
    contenders = {name: rowscore(server, rows, settings) for name, settings in SETTINGS.items()}
    return rounds(3 if bench.quick else 7, contenders, f"{server.name}, {rows:,} items")


def rowscore(server, rows: int, settings: dict[str, str]):
    def contender() -> dict:
        server.fresh(rows)
        return must_have(run_rowscore(server, TICK, settings), rows)

    return contender


def report(result: dict, figures: dict) -> str:
    text = [prose(EXPLAINED), ""]
    for server, one in result.items():
        found, rows = one["found"], one["rows"]
        lines = []
        for name, taken in found.items():
            wall, cpu = (median(each[what] for each in taken) for what in ("wall_s", "cpu_s"))
            lines.append([name, f"{ratio(found, name, UNWATCHED):.3f} ×", f"{wall:.2f} s", micros(cpu / rows)])
        text += [table([f"{server}, {rows:,} items", "÷ nothing watched", "time", "CPU a row"], lines), ""]
    return "\n".join(text)
