"""(a) End to end, against the server's own floor and two Python peers."""

from database import TICK
from measure import median, ratio, rounds, say
from report import bars, megabytes, micros, table, times
from tools import must_have, run_python, run_rowscore

TITLE = "End to end"
# Rows of the pattern's way that are measured; the rest is reckoned from them.
SAMPLE = 2000


def measure(bench) -> dict:
    return {server.name: {str(rows): one(bench, server, rows) for rows in bench.sizes} for server in bench.servers}


def one(bench, server, rows: int) -> dict:
    # Warms the server up, and says which pages rowscore makes of so many rows: all take the same.
    server.fresh(rows)
    first = must_have(run_rowscore(server, TICK), rows)
    page = -(-first["rows"] // first["pages"])
    kinds = {kind: best(server, rows, page, kind) for kind in ("threads", "processes")}
    faster = min(kinds, key=lambda kind: kinds[kind]["wall_s"])
    say(f"{server.name}: pages of {page:,}; the Python writers are {faster}")
    contenders = {
        "rowscore": lambda: rowscore(server, rows),
        "floor": lambda: floor(server, rows, page, 1),
        "limit": lambda: floor(server, rows, page, 2),
        "python": lambda: best(server, rows, page, faster),
    }
    found = rounds(bench.rounds(rows), contenders, f"{server.name}, {rows:,} items")
    # With nothing to do: what is left is the start-up.
    server.empty()
    idle = [run_rowscore(server, TICK) for _ in range(5)]
    start = {what: median(one[what] for one in idle) for what in ("wall_s", "cpu_s")}
    return {"page": page, "writers": faster, "found": found, "start": start, "pattern": pattern(server, rows)}


def rowscore(server, rows: int) -> dict:
    server.fresh(rows)
    return must_have(run_rowscore(server, TICK), rows)


def floor(server, rows: int, page: int, streams: int) -> dict:
    server.fresh(rows)
    return server.floor(page, streams)


def best(server, rows: int, page: int, kind: str) -> dict:
    server.fresh(rows)
    return must_have(run_python(server, "peer_best.py", page, 2, kind), rows)


def pattern(server, rows: int) -> dict:
    """The pattern's way, reckoned from a sample: whatever is not done row by row is as measured."""
    server.fresh(rows)
    sample = min(SAMPLE, rows)
    found = must_have(run_python(server, "peer_pattern.py", sample), sample)
    more = rows / sample - 1
    return {
        "wall_s": found["wall_s"] + more * found["rows_s"],
        "cpu_s": found["cpu_s"] + more * found["rows_cpu_s"],
        "peak_mb": found["peak_mb"],
    }


def report(result: dict, figures: dict) -> str:
    text = [
        "The floor is the server's own: a constant `UPDATE` by id range, one commit per page, one stream; two streams on",
        "disjoint ranges are its limit. `rowscore run` has its two lanes and is measured as a whole process; its start is",
        "in every number except where it says so. The best Python way is mysqlclient, onnxruntime on whole pages, orjson,",
        "the same bulk `UPDATE` in one transaction with its locking read, and two writers; it writes 32-bit floats, about",
        f"half as long as rowscore's 64-bit ones. The pattern's way is reckoned from {SAMPLE:,} rows.",
        "",
    ]
    for server, sizes in result.items():
        groups = {}
        for rows, one in sizes.items():
            lines, groups[f"{int(rows):,} items"] = lines_of(int(rows), one)
            text += [f"### {server}, {int(rows):,} items, pages of {one['page']:,}", "", lines, ""]
        name = f"end-to-end-{server.lower()}"
        figures[name] = bars(f"{server}, end to end: time, the floor = 1", groups)
        text += [f"![{server}](bench/{name}.svg)", ""]
    return "\n".join(text)


def lines_of(rows: int, one: dict) -> tuple[str, dict]:
    found, start, pattern = one["found"], one["start"], one["pattern"]
    wall = {name: median(run["wall_s"] for run in runs) for name, runs in found.items()}
    work = {
        "rowscore": median(run["cpu_s"] for run in found["rowscore"]) - start["cpu_s"],
        "python": median(run["work_cpu_s"] for run in found["python"]),
    }
    names = {
        "rowscore": "**rowscore**",
        "python": f"best Python, two {one['writers']}",
        "floor": "floor, one stream",
        "limit": "limit, two streams",
    }
    head = ["", "time ÷ floor", "time", "CPU a row", "… with its start", "CPU ÷ Python's", "… with its start", "memory"]
    lines = []
    for name, label in names.items():
        line = [label, times(ratio(found, name, "floor")), f"{wall[name]:.2f} s"]
        if name in work:
            cpu = median(run["cpu_s"] for run in found[name])
            line += [micros(work[name] / rows), micros(cpu / rows)]
            line += [times(work[name] / work["python"]), times(ratio(found, name, "python", "cpu_s"))]
            line += [megabytes(max(run["peak_mb"] for run in found[name]))]
        lines.append(line)
    slow, cpu = pattern["wall_s"], pattern["cpu_s"]
    lines.append(
        ["the pattern's way (reckoned)", times(slow / wall["floor"]), f"{slow:.0f} s", "", micros(cpu / rows), "", "",
         megabytes(pattern["peak_mb"])]
    )  # fmt: skip
    shares = {label.strip("*"): ratio(found, name, "floor") for name, label in names.items()}
    note = [
        f"rowscore takes {times(ratio(found, 'rowscore', 'python'))} the best Python's time and is",
        f"{slow / wall['rowscore']:.0f} × as fast as the pattern's way. Its start takes {start['wall_s'] * 1e3:.0f} ms,",
        f"{start['cpu_s'] * 1e3:.0f} ms of it CPU.",
    ]
    return table(head, lines) + "\n\n" + "\n".join(note), shares
