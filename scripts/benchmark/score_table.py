"""(h) Into a score table, where nothing of the items is written."""

from database import TICK
from measure import median, ratio, rounds, run
from report import bars, megabytes, prose, table, times
from tools import ROWSCORE, must_have, run_rowscore

TITLE = "Into a score table"
PAGE = 5000
SETTINGS = {
    "rowscore, in place": {},
    "rowscore, latest scores": {"SCORE_TABLE": "scores"},
    "rowscore, a history": {"SCORE_TABLE": "scores", "SCORES": "history"},
}

EXPLAINED = f"""
The floor is that of end to end: the server's own `UPDATE` of the items to a constant, {PAGE:,} at a time in one stream.
A score table is empty before: each item gets a row of its own, with key, run, model version, time and probabilities.
"""


def measure(bench) -> dict:
    rows = bench.sizes[-1]
    return {server.name: {"rows": rows, "found": one(bench, server, rows)} for server in bench.servers}


def one(bench, server, rows: int) -> dict:
    contenders = {name: rowscore(server, rows, settings) for name, settings in SETTINGS.items()}
    contenders["floor, one stream"] = floor(server, rows)
    return rounds(3 if bench.quick else 5, contenders, f"{server.name}, {rows:,} items")


def rowscore(server, rows: int, settings: dict[str, str]):
    def contender() -> dict:
        server.fresh(rows)
        run([ROWSCORE, "init"], server.environment() | settings)
        found = must_have(run_rowscore(server, TICK, settings), rows)
        if settings:
            [(written,)] = server.sql(f"SELECT COUNT(*) FROM {server.database}.scores")
            must_have({"rows": written}, rows)
        return found

    return contender


def floor(server, rows: int):
    def contender() -> dict:
        server.fresh(rows)
        return server.floor(PAGE, 1)

    return contender


def report(result: dict, figures: dict) -> str:
    text = [prose(EXPLAINED), ""]
    groups = {}
    for server, one in result.items():
        found, lines = one["found"], []
        for name, taken in found.items():
            memory = megabytes(median(each["peak_mb"] for each in taken)) if name in SETTINGS else ""
            wall = f"{median(each['wall_s'] for each in taken):.2f} s"
            lines.append([name, times(ratio(found, name, "floor, one stream")), wall, memory])
        groups[server] = {name: ratio(found, name, "floor, one stream") for name in SETTINGS}
        text += [table([f"{server}, {one['rows']:,} items", "time ÷ floor", "time", "memory"], lines), ""]
    figures["score-table"] = bars("Into a score table: time, the floor = 1", groups)
    return "\n".join([*text, "![Into a score table](bench/score-table.svg)"])
