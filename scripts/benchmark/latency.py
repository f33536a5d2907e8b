"""(e) A database that is a millisecond away."""

import subprocess
from contextlib import contextmanager

from contenders import Contenders, best_ways, page_of
from measure import median, ratio, rounds
from report import bars, prose, table, times
from tools import RELEASE

TITLE = "A round trip of 1 ms"
DELAY_US = 500  # each way
CONTENDERS = {
    "rowscore": "**rowscore**",
    "python": "best Python",
    "rowscore_light": "**rowscore, light**",
    "python_light": "best Python, light",
    "floor": "floor, one stream",
}

EXPLAINED = """
The contenders of end to end, and the floor, over a proxy that delays every byte by half a millisecond in each
direction.
"""


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
    found = {}
    for server in bench.servers:
        best = best_ways(server)
        found[server.name] = {str(rows): one(bench, server, rows, best) for rows in bench.sizes}
    return found


def one(bench, server, rows: int, best) -> dict[str, list]:
    with slowed(server) as far:
        each = Contenders(server, rows, page_of(server, rows), best, far)
        contenders = {name: getattr(each, name) for name in CONTENDERS}
        # Of the large ones fewer: they take minutes.
        count = bench.rounds(rows) if rows < 100_000 else 2
        return rounds(count, contenders, f"{server.name} 1 ms away, {rows:,} items")


def report(result: dict, figures: dict) -> str:
    text = [prose(EXPLAINED), ""]
    groups = {}
    for server, sizes in result.items():
        for rows, found in sizes.items():
            title = f"{server}, {int(rows):,} items"
            wall = {name: median(run["wall_s"] for run in found[name]) for name in CONTENDERS}
            shares = {name: ratio(found, name, "floor") for name in CONTENDERS}
            lines = [[label, times(shares[name]), f"{wall[name]:.2f} s"] for name, label in CONTENDERS.items()]
            groups[title] = {label.strip("*"): shares[name] for name, label in CONTENDERS.items()}
            text += [table([title, "time ÷ floor", "time"], lines), ""]
    figures["latency"] = bars("1 ms away: time, the floor over the same network = 1", groups)
    return "\n".join([*text, "![1 ms away](bench/latency.svg)"])
