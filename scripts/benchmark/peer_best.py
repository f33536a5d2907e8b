"""The best Python way we know: onnxruntime on whole pages, one bulk UPDATE for each, locked by the
read and committed with it, two writers on disjoint ranges of ids.

Arguments: the page size, the number of writers, what they are: `threads` or `processes`, and how much
they write: `full` or `light`. Prints what it took after its start (imports, model, connections), as
JSON.
"""

import json
import multiprocessing
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy
import onnxruntime
import orjson

import client
from tools import WORK


@dataclass(frozen=True)
class Work:
    """What is written of an item."""

    number: type
    beside: bytes


WORKS = {
    # What rowscore writes: every digit of a 64-bit float, and the run.
    "full": Work(numpy.float64, b", run_id = 1"),
    # What comes out of onnxruntime, and nothing else.
    "light": Work(numpy.float32, b""),
}


def main() -> None:
    page, writers, kind, work = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    connection = connect()
    cursor = connection.cursor()
    cursor.execute("SELECT MIN(id) - 1, MAX(id) FROM items")
    low, high = cursor.fetchone()
    connection.close()
    edges = [low + (high - low) * n // writers for n in range(writers + 1)]
    ranges = [(edges[n], edges[n + 1], page, WORKS[work]) for n in range(writers)]
    if kind == "threads":
        session = load()
        connections = [connect() for _ in ranges]
        before = cpu_s()
        with ThreadPoolExecutor(writers) as pool:
            done = pool.map(lambda connection, part: write(connection, session, *part), connections, ranges)
            begun, ended, rows = zip(*done, strict=True)
        cpu = cpu_s() - before
    else:
        # Forked, so that what was imported is shared.
        with multiprocessing.get_context("fork").Pool(writers) as pool:
            begun, ended, rows, cpus = zip(*pool.map(write_alone, ranges, chunksize=1), strict=True)
        cpu = sum(cpus)
    print(json.dumps({"rows": sum(rows), "work_s": max(ended) - min(begun), "work_cpu_s": cpu}))


def connect():
    return client.connect(os.environ, os.environ["MYSQL_DATABASE"], use_unicode=False)


def load() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # A page is too little work to share out.
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(WORK / "iris.onnx", options)


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def write_alone(part: tuple[int, int, int, Work]) -> tuple[float, float, int, float]:
    session, connection = load(), connect()
    before = cpu_s()
    begun, ended, rows = write(connection, session, *part)
    return begun, ended, rows, cpu_s() - before


def write(connection, session, low: int, high: int, page: int, work: Work) -> tuple[float, float, int]:
    """Works off the ids in (low, high]; answers when it began and ended, and how many rows it was."""
    begun = time.monotonic()
    cursor = connection.cursor()
    after, done = low, 0
    while True:
        cursor.execute(
            f"SELECT id, `values` FROM items WHERE id > {after} AND id <= {high} AND prediction IS NULL"
            f" ORDER BY id LIMIT {page} FOR UPDATE"
        )
        rows = cursor.fetchall()
        if not rows:
            connection.commit()
            return begun, time.monotonic(), done
        keys, texts = zip(*rows, strict=True)
        # One call each for a whole page, into C and back.
        values = numpy.array(orjson.loads(b"[" + b",".join(texts) + b"]"), dtype=numpy.float32)
        [probabilities] = session.run(["probabilities"], {"X": values})
        numbers = probabilities.astype(work.number, copy=False)
        predictions = orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].split(b"],[")
        cursor.execute(update(keys, predictions, work.beside))
        if cursor.rowcount != len(keys):
            raise RuntimeError(f"{len(keys)} predictions changed {cursor.rowcount} rows")
        connection.commit()
        after, done = keys[-1], done + len(keys)


def update(keys: tuple[int, ...], predictions: list[bytes], beside: bytes) -> bytes:
    """The fastest bulk UPDATE that we know: one literal, of which each row takes its part."""
    width = max(map(len, predictions)) + 2
    text = b"".join([(b"[" + prediction + b"]").ljust(width) for prediction in predictions])
    if keys[-1] - keys[0] + 1 == len(keys):
        place, which = f"id - {keys[0]}", f"id BETWEEN {keys[0]} AND {keys[-1]}"
    else:
        ids = ",".join(map(str, keys))
        place, which = f"INTERVAL(id,{ids}) - 1", f"id IN ({ids})"
    return (
        b"UPDATE items SET prediction = RTRIM(SUBSTR(_latin1'"
        + text
        + f"', ({place}) * {width} + 1, {width}))".encode()
        + beside
        + f" WHERE {which}".encode()
    )


if __name__ == "__main__":
    main()
