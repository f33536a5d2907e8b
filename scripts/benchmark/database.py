"""A database server under test: tables in a known state, and the server's own floor."""

import itertools
import json
import os
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import client
from measure import run, say
from tools import ROWSCORE

# The end of the sample items' day: that of events/schedule.json.
TICK = "2026-11-22T15:19:00Z"
# A prediction as long as those of the iris model.
CONSTANT = "[0.054812345678901234, 0.43021234567890123, 0.51491234567890123]"


@dataclass(frozen=True)
class Server:
    kind: str
    name: str
    port: int
    database: str = "bench"

    def environment(self) -> dict[str, str]:
        return {
            "MYSQL_SERVER": "127.0.0.1",
            "MYSQL_PORT": str(self.port),
            "MYSQL_USER": "rowscore",
            "MYSQL_PASSWORD": "rowscore",
            "MYSQL_TLS": "off",
            "MYSQL_DATABASE": self.database,
            # Items are copied from one table to another.
            "SAMPLE_MODEL": "allow",
        }

    def at(self, port: int) -> "Server":
        """The same server by another way."""
        return replace(self, port=port)

    def named(self, database: str) -> "Server":
        return replace(self, database=database)

    def connect(self, database: str | None = ""):
        return client.connect(self.environment(), self.database if database == "" else database)

    def sql(self, *statements: str) -> list[tuple]:
        """The last one's rows."""
        connection = self.connect(None)
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        found = list(cursor.fetchall())
        connection.commit()
        connection.close()
        return found

    def version(self) -> str:
        return self.sql("SELECT VERSION()")[0][0]

    def rows_read(self) -> int:
        """By the storage engine since the server's start, for whoever it was."""
        return sum(int(count) for _, count in self.sql("SHOW GLOBAL STATUS LIKE 'Handler_read%'"))

    def template(self, rows: int) -> str:
        """The database that holds so many sample items, made once."""
        name = f"template_{rows}"
        if not self.sql(f"SHOW DATABASES LIKE '{name}'"):
            say(f"{self.name}: making {rows:,} items ...")
            run([ROWSCORE, "init", "--rows", rows], self.named(name).environment())
        return name

    def empty(self) -> None:
        """The database as `rowscore init` makes it, nothing in it."""
        self.sql(f"DROP DATABASE IF EXISTS {self.database}")
        run([ROWSCORE, "init", "--create"], self.environment())

    def fresh(self, rows: int) -> None:
        """A database with so many pending items, each time the same: a copy that is on disk."""
        template = self.template(rows)
        self.empty()
        self.sql(f"INSERT INTO {self.database}.items SELECT * FROM {template}.items ORDER BY id")
        self.settle()

    def settle(self) -> None:
        """Waits until the server has written the items to disk, and forgets its binary log, which
        would fill the disk."""
        self.sql(f"USE {self.database}", "FLUSH TABLES items FOR EXPORT", "UNLOCK TABLES")
        self.sql("FLUSH BINARY LOGS")
        log = self.sql("SHOW BINARY LOGS")[-1][0]
        self.sql(f"PURGE BINARY LOGS TO '{log}'")

    def floor(self, page: int, streams: int) -> dict:
        """What the server itself needs to update every item to the same constant: one statement and
        one commit for each `page` ids, in so many streams side by side."""
        return self.streams(page, streams, lambda after, upto: [constant(after, upto)])

    def statements(self, page: int, streams: int) -> dict:
        """What the statements of rowscore's pages take with nothing computed: what a page reads and locks, and
        a text of its own for each item, made before."""
        return self.streams(page, streams, own_statements)

    def streams(self, page: int, streams: int, of_page: Callable[[int, int], list[str]]) -> dict:
        """Sends some statements and a commit for each `page` ids, in so many streams side by side."""
        [(low, high)] = self.sql(f"SELECT MIN(id) - 1, MAX(id) FROM {self.database}.items")
        edges = [low + (high - low) * n // streams for n in range(streams + 1)]
        connections = [self.connect() for _ in range(streams)]
        pages = [
            [of_page(after, min(after + page, end)) for after in range(begin, end, page)]
            for begin, end in itertools.pairwise(edges)
        ]
        threads = [
            threading.Thread(target=send, args=(connection, own))
            for connection, own in zip(connections, pages, strict=True)
        ]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - begun
        [(pending,)] = self.sql(f"SELECT COUNT(*) FROM {self.database}.items WHERE prediction IS NULL")
        if pending:
            raise RuntimeError(f"{self.name}: {pending} items were left out")
        for connection in connections:
            connection.close()
        return {"wall_s": wall}


def send(connection, pages: list[list[str]]) -> None:
    for statements in pages:
        for statement in statements:
            connection.query(statement)
            # What was read stays bytes: nothing is made of it. PyMySQL has taken it already.
            if hasattr(connection, "store_result"):
                connection.store_result()
        connection.commit()


def constant(after: int, upto: int) -> str:
    return f"UPDATE items SET prediction = '{CONSTANT}' WHERE id > {after} AND id <= {upto}"


def own_statements(after: int, upto: int) -> list[str]:
    """Of ids without a gap, as the sample items are."""
    draw = random.Random(after)
    texts = [json.dumps([draw.random(), draw.random(), draw.random()]) for _ in range(upto - after)]
    width = max(map(len, texts))
    joined = "".join(text.ljust(width) for text in texts)
    within = f"id > {after} AND id <= {upto}"
    return [
        f"SELECT id, `values` FROM items WHERE {within} AND prediction IS NULL ORDER BY id FOR UPDATE NOWAIT",
        f"UPDATE items SET run_id = 1, prediction = "
        f"RTRIM(SUBSTR(_latin1'{joined}', (id - {after}) * {width} - {width - 1}, {width})) WHERE {within}",
    ]


def servers(kinds: list[str]) -> list[Server]:
    """Those that scripts/with-database has started."""
    names = {"mysql": "MySQL", "mariadb": "MariaDB"}
    return [Server(kind, names[kind], urlsplit(os.environ[f"ROWSCORE_TEST_{kind.upper()}"]).port) for kind in kinds]
