"""(e) A database that is a millisecond away."""

import subprocess
from contextlib import contextmanager

from database import TICK
from measure import median, ratio, rounds
from report import bars, table, times
from tools import RELEASE, must_have, run_python, run_rowscore

TITLE = "A round trip of 1 ms"
DELAY_US = 500  # each way


@contextmanager
def slowed(server):
    """The server behind a network with the delay."""
    command = [RELEASE / "examples/slow_network", f"127.0.0.1:{server.port}", str(DELAY_US)]
    network = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield server.at(int(network.stdout.readline()))
    finally:
        network.stdin.close()
        network.wait()


def measure(bench) -> dict:
    return {server.name: {str(rows): one(bench, server, rows) for rows in bench.sizes} for server in bench.servers}


def one(bench, server, rows: int) -> dict:
    with slowed(server) as far:
        server.fresh(rows)
        first = must_have(run_rowscore(far, TICK), rows)
        page = -(-first["rows"] // first["pages"])

        def after_fresh(contender):
            def run() -> dict:
                server.fresh(rows)
                return contender()

            return run

        contenders = {
            "rowscore": after_fresh(lambda: must_have(run_rowscore(far, TICK), rows)),
            "floor": after_fresh(lambda: far.floor(page, 1)),
            "python": after_fresh(lambda: must_have(run_python(far, "peer_best.py", page, 2, "threads"), rows)),
        }
        count = bench.rounds(rows) if rows < 100_000 else 2
        return {"found": rounds(count, contenders, f"{server.name} 1 ms away, {rows:,} items")}


def report(result: dict, figures: dict) -> str:
    names = {"rowscore": "**rowscore**", "python": "best Python, two threads", "floor": "floor, one stream"}
    text = ["The contenders of above, the floor as well, over a proxy that holds every byte back for 0.5 ms each way.", ""]
    groups = {}
    for server, sizes in result.items():
        for rows, one in sizes.items():
            found, title = one["found"], f"{server}, {int(rows):,} items"
            wall = {name: median(run["wall_s"] for run in found[name]) for name in names}
            shares = {name: ratio(found, name, "floor") for name in names}
            lines = [[label, times(shares[name]), f"{wall[name]:.2f} s"] for name, label in names.items()]
            groups[title] = {label.strip("*"): shares[name] for name, label in names.items()}
            text += [table([title, "time ÷ floor", "time"], lines), ""]
    figures["latency"] = bars("1 ms away: time, the floor over the same network = 1", groups)
    return "\n".join([*text, "![1 ms away](bench/latency.svg)"])
