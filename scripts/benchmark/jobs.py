"""(i) Twenty jobs and one tick, over the queue: how long each of them takes beside a large one and some in trouble."""

import json
import os
import tempfile
import time
from pathlib import Path

import boto3

from measure import median, run, say
from report import prose, table
from runtime_api import RuntimeApi
from tools import RELEASE, ROWSCORE

TITLE = "Twenty jobs and one tick"
TICK = "2026-11-22T15:19:00Z"
SMALL = 1000
TABLES = 12
ENVIRONMENTS = 2
# Longer than the stand-in may take to hand out what is there.
QUIET_S = 3.0

EXPLAINED = f"""
One function, one tick, a FIFO queue of the local AWS, and {ENVIRONMENTS} environments, each with a message at a time. Twenty jobs over
{TABLES} tables: sixteen of {SMALL:,} rows each, two of them over each of eight tables; one of a large table; one that fails, since more
of its rows cannot be scored than may be; one that is paused; and one whose table is gone. The time of a job is from the tick to
the end of its run.
"""


def measure(bench) -> dict:
    large = 65_536 if bench.quick else 2_000_000
    return {server.name: one(server.named("bench_jobs"), large) for server in bench.servers}


def one(server, large: int) -> dict:
    say(f"{server.name}, twenty jobs ...")
    quiet = worked_off(server, small_jobs(), 0)
    beside = worked_off(server, small_jobs() + others(), large)
    return {"large": large, "quiet": quiet, "beside": beside}


def job(name: str, number: int, settings: str = "") -> str:
    return f'[{name}]\nsource = "table_{number}"\n{settings}\n'


def small_jobs() -> str:
    second = 'prediction = "second"\nrun_column = "none"'
    numbers = range(5, TABLES + 1)
    return "".join(job(f"first-{number}", number) + job(f"second-{number}", number, second) for number in numbers)


def others() -> str:
    return job("fails", 1, "max_failed_percent = 0") + job("paused", 2) + job("gone", 3) + job("large", 4)


def worked_off(server, described: str, large: int) -> dict:
    """The seconds from the tick to the end of each job's run, and its state."""
    make(server, described, large)
    sqs = boto3.client("sqs", region_name="eu-central-1", endpoint_url=os.environ["ROWSCORE_TEST_SQS"])
    name = f"jobs-{os.getpid()}-{server.kind}-{large}.fifo"
    url = sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]
    endpoint = {"AWS_ENDPOINT_URL": os.environ["ROWSCORE_TEST_SQS"]}
    settings = server.environment() | {"CONTINUATION_QUEUE_URL": url} | endpoint
    api = RuntimeApi(RELEASE / "score", settings, ENVIRONMENTS)
    [(begun,)] = server.sql("SELECT UTC_TIMESTAMP(3)")
    try:
        work_off(api, sqs, url)
    finally:
        api.close()
        sqs.delete_queue(QueueUrl=url)
    took = f"TIMESTAMPDIFF(MICROSECOND, '{begun}', finished_at) / 1e6"
    rows = server.sql(f"SELECT job, state, predicted, {took} FROM {server.database}.batch_runs ORDER BY id")
    server.sql(f"DROP DATABASE {server.database}")
    return {name: {"state": state, "rows": int(rows or 0), "wall_s": float(took)} for name, state, rows, took in rows}


def make(server, described: str, large: int) -> None:
    server.empty()
    template = server.template(SMALL)
    for number in range(1, TABLES + 1):
        rows = server.template(large) if number == 4 and large else template
        server.sql(
            f"USE {server.database}",
            f"CREATE TABLE table_{number} LIKE items",
            f"ALTER TABLE table_{number} ADD COLUMN second JSON",
            f"INSERT INTO table_{number} (id, `values`, created_datetime)"
            f" SELECT id, `values`, created_datetime FROM {rows}.items",
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.toml"
        path.write_text(described)
        run([ROWSCORE, "apply", path, "--yes"], server.environment())
    if large:
        run([ROWSCORE, "pause", "paused"], server.environment())
        spoilt = "UPDATE table_1 SET `values` = '[]' WHERE id % 100 = 0"
        server.sql(f"USE {server.database}", spoilt, "DROP TABLE table_3")


def work_off(api: RuntimeApi, sqs, url: str) -> None:
    """Hands each message to whoever is free, as an event source mapping does, until nothing has come for a while."""
    api.send({"run": "window", "scheduled_time": TICK})
    free, under_way, last = ENVIRONMENTS - 1, {}, time.perf_counter()
    while free < ENVIRONMENTS or time.perf_counter() - last < QUIET_S:
        received = sqs.receive_message(QueueUrl=url, AttributeNames=["All"]) if free else {}
        for message in received.get("Messages", []):
            api.send(delivery(message))
            under_way[message["MessageId"]] = (json.loads(message["Body"])["job"], message["ReceiptHandle"])
            free, last = free - 1, time.perf_counter()
        while not api.answers.empty():
            answer = api.answer()
            free, last = free + 1, answer.at
            for one in answered(answer.body, under_way):
                _, handle = under_way.pop(one)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
        time.sleep(0.005)


def answered(body: dict, under_way: dict) -> list[str]:
    """Which messages an answer is about. One that failed would come again, of which nothing would come: its table is gone."""
    failed = [one["itemIdentifier"] for one in body.get("batchItemFailures", [])]
    return failed or [one for one, (job, _) in under_way.items() if job == body.get("job")][:1]


def delivery(message: dict) -> dict:
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "messageAttributes": {},
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:rowscore-continuations.fifo",
                "awsRegion": "eu-central-1",
            }
        ]
    }


def report(result: dict, _figures: dict) -> str:
    text = [prose(EXPLAINED), ""]
    for server, found in result.items():
        quiet, beside = found["quiet"], found["beside"]
        small = [[taken[name]["wall_s"] for name in quiet] for taken in (quiet, beside)]
        rows = [sum(taken[name]["rows"] for name in quiet) for taken in (quiet, beside)]
        lines = [
            ["the sixteen alone", f"{rows[0]:,}", f"{median(small[0]):.2f} s", f"{max(small[0]):.2f} s"],
            ["the same beside the other four", f"{rows[1]:,}", f"{median(small[1]):.2f} s", f"{max(small[1]):.2f} s"],
        ]
        for name, taken in beside.items():
            if name not in quiet:
                state = taken["state"].replace("_", " ")
                lines.append([f"`{name}`, {state}", f"{taken['rows']:,}", "", f"{taken['wall_s']:.2f} s"])
        text += [table([f"{server}", "rows predicted", "median of a job", "the last one, after"], lines), ""]
    return "\n".join(text)
