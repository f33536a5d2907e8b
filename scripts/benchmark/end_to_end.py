"""(a) End to end, against the server's own floor and two Python peers."""

from contenders import Contenders, best_ways, page_of
from database import TICK
from measure import median, ratio, rounds
from report import bars, megabytes, micros, prose, table, times
from tools import must_have, run_python, run_rowscore

TITLE = "End to end"
# Rows of the pattern's way that are measured; the rest is reckoned from them.
SAMPLE = 2000
CONTENDERS = ("rowscore", "python", "rowscore_light", "python_light", "floor", "limit", "statements")

EXPLAINED = f"""
The floor is what the server itself needs: an `UPDATE` to a constant, by id range, one commit per page, in one stream.
The limit is the same in two streams on separate ranges. `rowscore run` has its two lanes, and is measured as a whole
process. The statements alone are those of rowscore's pages in two streams, with nothing computed: the read that locks,
and an `UPDATE` with a text of its own for each item, made before. The best Python way is mysqlclient, onnxruntime on whole pages, orjson, and the same bulk `UPDATE` in one
transaction with the read that locks its rows. It has two writers, threads or processes, with rowscore's pages or larger
ones, whichever is fastest. Both write the same: 64-bit floats with every digit, and the run's number. Light means less
text: Python writes the 32-bit floats that it computes, and no run; rowscore has `PREDICTION_DECIMALS=8`, and writes the
run. CPU is compared with that of the best Python that writes in full. Start is everything before the first page:
imports, the model, connections. The pattern's way works row by row; its figures are calculated from {SAMPLE:,} rows.
"""


def measure(bench) -> dict:
    return {server.name: on(bench, server) for server in bench.servers}


def on(bench, server) -> dict:
    best = best_ways(server)
    sizes = {str(rows): one(bench, server, rows, best) for rows in bench.sizes}
    return {"best": {work: str(way) for work, way in best.items()}, "sizes": sizes}


def one(bench, server, rows: int, best) -> dict:
    page = page_of(server, rows)
    each = Contenders(server, rows, page, best)
    contenders = {name: getattr(each, name) for name in CONTENDERS}
    found = rounds(bench.rounds(rows), contenders, f"{server.name}, {rows:,} items")
    # With nothing to do, what is left is the start.
    server.empty()
    idle = [run_rowscore(server, TICK) for _ in range(5)]
    start = {what: median(one[what] for one in idle) for what in ("wall_s", "cpu_s")}
    for run in found["rowscore"] + found["rowscore_light"]:
        run |= {"work_s": run["wall_s"] - start["wall_s"], "work_cpu_s": run["cpu_s"] - start["cpu_s"]}
    for run in found["floor"] + found["limit"] + found["statements"]:
        run["work_s"] = run["wall_s"]
    return {"page": page, "found": found, "start": start, "pattern": pattern(server, rows)}


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
    text = [prose(EXPLAINED), ""]
    for server, on in result.items():
        groups = {}
        for rows, one in on["sizes"].items():
            lines, groups[f"{int(rows):,} items"] = lines_of(int(rows), one, on["best"])
            text += [f"### {server}, {int(rows):,} items, pages of {one['page']:,}", "", lines, ""]
        name = f"end-to-end-{server.lower()}"
        figures[name] = bars(f"{server}, end to end: time with the start, the floor = 1", groups)
        text += [f"![{server}](bench/{name}.svg)", ""]
    return "\n".join(text[:-1])


def lines_of(rows: int, one: dict, best: dict) -> tuple[str, dict]:
    """The table, and the bars of its first column."""
    found, start, pattern = one["found"], one["start"], one["pattern"]
    wall = {name: median(run["wall_s"] for run in runs) for name, runs in found.items()}
    names = {
        "rowscore": "**rowscore**",
        "python": f"best Python, {best['full']}",
        "rowscore_light": "**rowscore, light**",
        "python_light": f"best Python, light, {best['light']}",
        "floor": "floor, one stream",
        "limit": "limit, two streams",
        "statements": "the statements alone, two streams",
    }
    head = ["", "time ÷ floor", "… without start", "time", "CPU ÷ Python's", "… without start", "CPU a row"]
    head += ["… without start", "memory"]
    lines = []
    for name, label in names.items():
        line = [label, times(ratio(found, name, "floor")), times(ratio(found, name, "floor", "work_s"))]
        line += [f"{wall[name]:.2f} s"]
        if name not in ("floor", "limit", "statements"):
            line += [times(ratio(found, name, "python", what)) for what in ("cpu_s", "work_cpu_s")]
            line += [micros(median(run[what] for run in found[name]) / rows) for what in ("cpu_s", "work_cpu_s")]
            line += [megabytes(max(run["peak_mb"] for run in found[name]))]
        lines.append(line)
    slow, cpu = pattern["wall_s"], pattern["cpu_s"]
    more = median(cpu / run["cpu_s"] for run in found["python"])
    line = ["the pattern's way, reckoned", times(slow / wall["floor"]), "", f"{slow:,.0f} s", times(more), ""]
    lines.append([*line, micros(cpu / rows), "", megabytes(pattern["peak_mb"])])
    short = names | {"rowscore": "rowscore", "python": "best Python"}
    short |= {"rowscore_light": "rowscore, light", "python_light": "best Python, light"}
    shares = {short[name]: ratio(found, name, "floor") for name in names}
    note = prose(
        f"""rowscore takes {times(ratio(found, "rowscore", "statements", "work_s"))} the time of its statements alone,
        without its start. It takes {times(ratio(found, "rowscore", "python"))} the best Python's time
        ({times(ratio(found, "rowscore", "python", "work_s"))} without the start of both), and is
        {slow / wall["rowscore"]:,.0f} times as fast as the pattern's way. Its own start takes
        {start["wall_s"] * 1e3:.0f} ms, {start["cpu_s"] * 1e3:.0f} ms of them CPU. Light against light, it takes
        {times(ratio(found, "rowscore_light", "python_light"))} the time
        ({times(ratio(found, "rowscore_light", "python_light", "work_s"))} without the start) and
        {times(ratio(found, "rowscore_light", "python_light", "cpu_s"))} the CPU."""
    )
    return table(head, lines) + "\n\n" + note, shares
