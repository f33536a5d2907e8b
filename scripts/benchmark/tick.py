"""(c) An hourly tick: a thousand new items in tables of different sizes."""

from datetime import datetime, timedelta

from measure import median, ratio, rounds, say
from report import bars, milliseconds, prose, table, times
from tools import must_have, run_rowscore

TITLE = "An hourly tick of 1,000 new items"
NEW = 1000
TEMPLATE = 10_000
# Before the first tick all is done and older than a window reaches back.
BEGIN = datetime(2026, 1, 1)

EXPLAINED = f"""
Each is a whole `rowscore run` with {NEW:,} items that arrived within its hour. Its window reaches back one more hour,
over the items of the tick before. Rows read are all rows that the storage engine read, for whatever reason.
"""


def measure(bench) -> dict:
    return {server.name: one(bench, server, [10_000, 1_000_000]) for server in bench.servers}


def one(bench, server, sizes: list[int]) -> dict:
    tables = {f"{rows:,}": Table(server, rows) for rows in sizes}
    for each in tables.values():
        each.tick()  # warms up
    contenders = {name: each.tick for name, each in tables.items()}
    found = rounds(5 if bench.quick else 15, contenders, f"{server.name}, a tick")
    for each in tables.values():
        each.server.sql(f"DROP DATABASE {each.server.database}")
    return found


class Table:
    """A table with so many items that were predicted long ago."""

    def __init__(self, server, rows: int):
        say(f"{server.name}: making a table of {rows:,} items that are done ...")
        self.server, self.hour = server.named(f"bench_{rows}"), BEGIN
        source = server.template(TEMPLATE)
        self.server.empty()
        # The next window begins here.
        run_rowscore(self.server, stamp(BEGIN))
        self.copy(f"{source}.items", "'[0.25, 0.25, 0.5]'", BEGIN - timedelta(days=30), TEMPLATE)
        done = TEMPLATE
        while done < rows:
            count = min(done, rows - done)
            self.copy("items", "prediction", BEGIN - timedelta(days=30), count)
            done += count
        self.server.settle()

    def copy(self, source: str, prediction: str, created: datetime, count: int) -> None:
        """Adds items one after the other in time, a few to a second."""
        self.server.sql(
            f"USE {self.server.database}",
            "INSERT INTO items (`values`, prediction, created_datetime)"
            f" SELECT `values`, {prediction}, '{created:%Y-%m-%d %H:%M:%S}' + INTERVAL id DIV 20 SECOND"
            f" FROM {source} ORDER BY id LIMIT {count}",
        )

    def tick(self) -> dict:
        self.hour += timedelta(hours=1)
        self.copy(f"{self.server.template(TEMPLATE)}.items", "NULL", self.hour - timedelta(minutes=30), NEW)
        before = self.server.rows_read()
        idle = self.server.rows_read() - before
        found = must_have(run_rowscore(self.server, stamp(self.hour)), NEW)
        return found | {"rows_read": self.server.rows_read() - before - 2 * idle}


def stamp(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def report(result: dict, figures: dict) -> str:
    text = [prose(EXPLAINED), ""]
    groups = {}
    for server, found in result.items():
        first = next(iter(found))
        lines = []
        for rows in found:
            taken = {what: median(one[what] for one in found[rows]) for what in ("wall_s", "cpu_s", "rows_read")}
            line = [rows, times(ratio(found, rows, first)), milliseconds(taken["wall_s"])]
            lines.append([*line, milliseconds(taken["cpu_s"]), f"{taken['rows_read']:,.0f}"])
        groups[server] = {rows: ratio(found, rows, first) for rows in found}
        head = [f"{server}: items in the table", f"÷ {first}", "time", "client CPU", "rows read"]
        text += [table(head, lines), ""]
    figures["tick"] = bars("A tick of 1,000 new items: time, in a table of 10,000 = 1", groups)
    return "\n".join([*text, "![A tick](bench/tick.svg)"])
