"""Who works off a table end to end: rowscore, the server's floor, and the best Python way."""

from dataclasses import dataclass
from itertools import product

from database import TICK, Server
from measure import say
from tools import must_have, run_python, run_rowscore

# Items over which the ways of the best Python are tried.
TRIAL = 65_536


@dataclass(frozen=True)
class BestWay:
    """What makes the Python peer fastest on a server."""

    writers: str  # threads or processes
    page: int


def best_way(server: Server, page: int) -> BestWay:
    """The fastest of some ways, rowscore's pages and larger ones among them."""
    ways = [BestWay(*way) for way in product(("threads", "processes"), dict.fromkeys((page, 5000)))]
    taken = {way: Contenders(server, TRIAL, page, way).python()["work_s"] for way in ways}
    best = min(ways, key=taken.get)
    say(f"{server.name}: the best Python way is two {best.writers} with pages of {best.page:,}")
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
    best: BestWay
    way: Server | None = None

    def fresh(self) -> Server:
        self.server.fresh(self.rows)
        return self.way or self.server

    def rowscore(self) -> dict:
        return must_have(run_rowscore(self.fresh(), TICK), self.rows)

    def floor(self) -> dict:
        return self.fresh().floor(self.page, 1)

    def limit(self) -> dict:
        return self.fresh().floor(self.page, 2)

    def python(self) -> dict:
        found = run_python(self.fresh(), "peer_best.py", self.best.page, 2, self.best.writers)
        return must_have(found, self.rows)
