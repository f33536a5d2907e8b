"""Large tables by keys of every kind; scripts/keys starts it with the servers. Its arguments are those.

Every row has a number `n`, of which its key and its values are made, so that rows with the same remainder have the same
prediction in every table.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pymysql

ROWSCORE = Path(__file__).resolve().parents[1] / "target" / "release" / "rowscore"
SERVERS = {"MySQL": "ROWSCORE_TEST_MYSQL", "MariaDB 11.8": "ROWSCORE_TEST_MARIADB_11_8"}
DATABASE = "keys_at_size"
# Different values.
SAMPLES = 1000
# Of the hours that the table's rows arrived in, how many windows of one there are.
HOURS = 50
UNFINISHED = 3
MIXED = "(CRC32(n) * 1000003 + n)"


@dataclass(frozen=True)
class Kind:
    name: str
    columns: str
    named: str
    key: str  # of the row `n`, as SQL


KINDS = [
    Kind("integers", "id BIGINT NOT NULL PRIMARY KEY", "id", "n"),
    Kind("BINARY(16)", "id BINARY(16) NOT NULL PRIMARY KEY", "id", "UNHEX(LEFT(SHA2(n, 256), 32))"),
    Kind(
        "CHAR(36)",
        "id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY",
        "id",
        "CONCAT_WS('-', SUBSTR(SHA2(n, 256), 1, 8), SUBSTR(SHA2(n, 256), 9, 4), SUBSTR(SHA2(n, 256), 13, 4), SUBSTR(SHA2(n, 256), 17, 4), "
        "SUBSTR(SHA2(n, 256), 21, 12))",
    ),
    Kind(
        "VARCHAR, any case",
        "id VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY",
        "id",
        "CONCAT(ELT(1 + n % 5, 'a', 'B', 'ä', 'z''', '%'), SUBSTR(SHA2(n, 256), 1, 16))",
    ),
    Kind("(INT, BIGINT)", "a INT NOT NULL, b BIGINT NOT NULL, PRIMARY KEY (a, b)", "a,b", f"n % 7, {MIXED}"),
    Kind(
        "(DATE, VARCHAR)",
        "a DATE NOT NULL, b VARCHAR(30) NOT NULL, PRIMARY KEY (a, b)",
        "a,b",
        "'2024-01-01' + INTERVAL CRC32(n) % 28 DAY, CONCAT(ELT(1 + n % 3, '~c', ',', 'b'), n)",
    ),
    Kind(
        "BIGINT UNSIGNED",
        "id BIGINT UNSIGNED NOT NULL PRIMARY KEY",
        "id",
        "CAST(CONV(SUBSTR(SHA2(n, 256), 1, 16), 16, 10) AS UNSIGNED)",
    ),
    Kind("negative", "id BIGINT NOT NULL PRIMARY KEY", "id", f"-1 * CAST({MIXED} AS SIGNED)"),
]
TIMED = ["integers", "BINARY(16)", "CHAR(36)"]

SAMPLE = f"n % {SAMPLES}"
VALUES = (
    f"CONCAT('[', ROUND(4.3 + {SAMPLE} % 37 / 10, 1), ', ', ROUND(2 + {SAMPLE} % 25 / 10, 1), ', ', "
    f"ROUND(1 + {SAMPLE} % 59 / 10, 1), ', ', ROUND(0.1 + {SAMPLE} % 23 / 10, 1), ']')"
)


class Server:
    def __init__(self, name: str, url: str) -> None:
        parts = urlsplit(url)
        self.name, self.port = name, parts.port or 3306
        self.user, self.password = parts.username or "", parts.password or ""
        self.connection = pymysql.connect(
            host="127.0.0.1", port=self.port, user=self.user, password=self.password, autocommit=True
        )
        self.sql(f"CREATE DATABASE IF NOT EXISTS {DATABASE}", f"USE {DATABASE}", "SET time_zone = '+00:00'")

    def sql(self, *statements: str) -> list[tuple]:
        """The last one's rows."""
        cursor = self.connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())

    def number(self, sql: str) -> int:
        return int(self.sql(sql)[0][0] or 0)

    def environment(self, kind: Kind, **settings: str) -> dict[str, str]:
        return {
            **os.environ,
            "MYSQL_SERVER": "127.0.0.1",
            "MYSQL_PORT": str(self.port),
            "MYSQL_USER": self.user,
            "MYSQL_PASSWORD": self.password,
            "MYSQL_TLS": "off",
            "MYSQL_DATABASE": DATABASE,
            "SAMPLE_MODEL": "allow",
            "ITEMS_TABLE": "things",
            "ID_COLUMN": kind.named,
            **settings,
        }

    def fresh(self, kind: Kind, rows: int, created: str) -> None:
        """The table with rows of the numbers from 1 on, and nothing else."""
        self.sql(f"DROP DATABASE {DATABASE}", f"CREATE DATABASE {DATABASE}", f"USE {DATABASE}")
        self.sql(
            f"CREATE TABLE things ({kind.columns}, n BIGINT NOT NULL, `values` JSON NOT NULL, prediction JSON NULL, "
            "created_datetime DATETIME NOT NULL, writes INT NOT NULL DEFAULT 0, "
            "KEY arrivals (created_datetime))"
        )
        run(self.environment(kind), "init")
        self.sql("CREATE TABLE numbers (n BIGINT NOT NULL PRIMARY KEY)", "INSERT INTO numbers VALUES (1)")
        have = 1
        while have < rows:
            self.sql(f"INSERT INTO numbers SELECT n + {have} FROM numbers WHERE n <= {rows - have}")
            have *= 2
        self.insert(kind, "numbers", created)
        self.sql("ANALYZE TABLE things")

    def insert(self, kind: Kind, numbers: str, created: str) -> None:
        names = f"{kind.named}, n, `values`, created_datetime"
        self.sql(f"INSERT INTO things ({names}) SELECT {kind.key}, n, {VALUES}, {created} FROM {numbers} ORDER BY n")


def run(environment: dict[str, str], *arguments: str) -> float:
    """Seconds that a command takes, which has to succeed."""
    begun = time.monotonic()
    done = subprocess.run([ROWSCORE, *arguments], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"rowscore {' '.join(arguments)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return time.monotonic() - begun


def kills(server: Server, kind: Kind, rows: int, chance: random.Random) -> bool:
    """Whether a table is worked off with nothing lost and nothing twice."""
    server.fresh(kind, rows, "UTC_TIMESTAMP() - INTERVAL 1 HOUR")
    server.sql(
        "CREATE TRIGGER count_writes BEFORE UPDATE ON things FOR EACH ROW "
        "SET NEW.writes = OLD.writes + (NEW.prediction IS NOT NULL)"
    )
    environment, killed, inserted, ended = server.environment(kind, PAGE_SIZE="1000"), 0, rows, None
    while ended is None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen([ROWSCORE, "run"], env=environment, **quiet) as program:
            until = time.monotonic() + chance.uniform(0.2, 2.0)
            while program.poll() is None and time.monotonic() < until:
                # Not for ever, where the machine is slow: the table has to come to its end.
                if inserted < rows + rows // 3:
                    more = f"(SELECT n + {inserted} AS n FROM numbers WHERE n <= 100) more"
                    server.insert(kind, more, "UTC_TIMESTAMP() - INTERVAL 1 HOUR")
                    inserted += 100
                time.sleep(0.02)
            if program.poll() is None:
                program.kill()
                killed += 1
            elif program.returncode != UNFINISHED:
                ended = program.returncode
    # What came behind the cursors is for a later run.
    run(environment, "run", "--sweep")
    lost = server.number("SELECT COUNT(*) FROM things WHERE prediction IS NULL")
    twice = server.number("SELECT COUNT(*) FROM things WHERE writes > 1")
    counted = server.number("SELECT SUM(predicted) FROM batch_runs")
    different = server.number(f"SELECT COUNT(DISTINCT {SAMPLE}, CAST(prediction AS CHAR)) FROM things") - SAMPLES
    good = (ended, lost, twice, counted, different) == (0, 0, 0, inserted, 0)
    print(
        f"{server.name}, {kind.name}: {inserted:,} rows, {killed} kills, lost {lost}, twice {twice}, "
        f"wrong {different}, counted {counted:,}{'' if good else '  WRONG'}",
        flush=True,
    )
    return good


def times(server: Server, rows: int, rounds: int) -> None:
    kinds = [kind for kind in KINDS if kind.name in TIMED]
    whole: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    window: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    now = server.sql("SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:00:00')")[0][0]
    created = f"'{now}' - INTERVAL {HOURS} HOUR + INTERVAL FLOOR((n - 1) * {HOURS * 3600} / {rows}) SECOND"
    last_hour = f"created_datetime >= '{now}' - INTERVAL 1 HOUR"
    bounds = [server.sql(f"SELECT DATE_FORMAT('{now}' - INTERVAL {h} HOUR, '%Y-%m-%dT%TZ')")[0][0] for h in (1, 0)]
    for _ in range(rounds):
        for kind in kinds:
            environment = server.environment(kind)
            server.fresh(kind, rows, created)
            took = run(environment, "run", "--sweep")
            whole[kind.name].append(took - run(environment, "run", "--sweep"))
            server.sql(f"UPDATE things SET prediction = NULL, run_id = NULL WHERE {last_hour}", "ANALYZE TABLE things")
            took = run(environment, "run", "--from", bounds[0], "--to", bounds[1])
            idle = run(environment, "run", "--from", bounds[0], "--to", bounds[1])
            window[kind.name].append(took - idle)
    for kind in kinds:
        parts = []
        for what, found in (("whole table", whole), (f"a window of 1/{HOURS}", window)):
            seconds = statistics.median(found[kind.name])
            ratios = [own / base for own, base in zip(found[kind.name], found["integers"], strict=True)]
            parts.append(f"{what} {seconds:.2f} s, {statistics.median(ratios):.2f} x")
        print(f"{server.name}, {kind.name}, {rows:,} rows: {'; '.join(parts)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    parts = arguments.parts or ["kills", "times"]
    servers = [Server(name, os.environ[variable]) for name, variable in SERVERS.items()]
    good = True
    for server in servers:
        if "times" in parts:
            times(server, arguments.rows, arguments.rounds)
        if "kills" in parts:
            chance = random.Random(arguments.seed)
            good &= all([kills(server, kind, arguments.rows, chance) for kind in KINDS])
        server.sql(f"DROP DATABASE {DATABASE}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
