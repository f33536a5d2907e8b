"""Who works off a table end to end: rowscore, the server's floor, and the best Python way.

Both predict in full, as rowscore does by default, and light: with half the text."""

from dataclasses import dataclass
from functools import cache
from itertools import product

from database import TICK, Server
from measure import say
from tools import must_have, run_python, run_rowscore

# rowscore as light as 32-bit floats are. It notes the run all the same.
LIGHT = {"PREDICTION_DECIMALS": "8"}
# Items over which the ways of the best Python are tried.
TRIAL = 65_536


@dataclass(frozen=True)
class BestWay:
    """What makes the Python peer fastest on a server, at some work."""

    writers: str  # threads or processes
    page: int
    work: str  # full or light

    def __str__(self) -> str:
        return f"two {self.writers}, pages of {self.page:,}"

    def take(self, server: Server, rows: int) -> dict:
        found = run_python(server, "peer_best.py", self.page, 2, self.writers, self.work)
        return must_have(found, rows)


@cache
def best_ways(server: Server) -> dict[str, BestWay]:
    """By work; all parts of the benchmark have the same."""
    page = page_of(server, TRIAL)
    return {work: best_way(server, page, work) for work in ("full", "light")}


def best_way(server: Server, page: int, work: str) -> BestWay:
    """The fastest of some ways, rowscore's pages and larger ones among them."""
    taken = {}
    for writers, size in product(("threads", "processes"), dict.fromkeys((page, 5000))):
        server.fresh(TRIAL)
        way = BestWay(writers, size, work)
        taken[way] = way.take(server, TRIAL)["work_s"]
    best = min(taken, key=taken.get)
    say(f"{server.name}: the best Python way, {work}, is {best}")
    return best


def page_of(server: Server, rows: int) -> int:
    """How many items rowscore makes a page of. As a run over fresh items, it warms the server up."""
    server.fresh(rows)
    found = must_have(run_rowscore(server, TICK), rows)
    return -(-found["rows"] // found["pages"])


@dataclass(frozen=True)
class Contenders:
    """Each of them on a fresh table, by `way` where the server itself is not the way to it."""

    server: Server
    rows: int
    page: int
    best: dict[str, BestWay]
    way: Server | None = None

    def fresh(self) -> Server:
        self.server.fresh(self.rows)
        return self.way or self.server

    def rowscore(self) -> dict:
        return must_have(run_rowscore(self.fresh(), TICK), self.rows)

    def rowscore_light(self) -> dict:
        return must_have(run_rowscore(self.fresh(), TICK, LIGHT), self.rows)

    def floor(self) -> dict:
        return self.fresh().floor(self.page, 1)

    def limit(self) -> dict:
        return self.fresh().floor(self.page, 2)

    def statements(self) -> dict:
        return self.fresh().statements(self.page, 2)

    def python(self) -> dict:
        return self.best["full"].take(self.fresh(), self.rows)

    def python_light(self) -> dict:
        return self.best["light"].take(self.fresh(), self.rows)
