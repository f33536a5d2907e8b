"""What is deployed with what, and how the test speaks: to its reader, the database and the function."""

import json
import os
import secrets
import sys
import time
from pathlib import Path

import boto3
import pymysql

from mysql_login import login

ROOT = Path(__file__).resolve().parent.parent.parent
STACK = "rowscore"
ROWS = 20_000
BROKEN = 3
# A page is a hop where the budget is used up by then.
PAGE_SIZE, HOP_BUDGET_MS, HOPS = 400, 1, 20
PASSWORD, READER_PASSWORD = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
SERVER = os.environ["MYSQL_SERVER"], int(os.environ["MYSQL_PORT"])
DATABASE = "e2e"


def say(text: str) -> None:
    print(f"e2e: {text}", flush=True)


def need(truth: bool, text: str) -> None:
    if not truth:
        sys.exit(f"e2e: error: {text}")


def wait(seconds: float, text: str, probe):
    """What `probe` returns, as soon as that is true."""
    until = time.monotonic() + seconds
    while not (found := probe()):
        need(time.monotonic() < until, f"after {seconds:.0f} s still not: {text}")
        time.sleep(0.5)
    return found


def query(sql: str, *arguments, database: str | None = None) -> list[dict]:
    connection = pymysql.connect(
        database=database,
        **login(),
        init_command="SET time_zone = '+00:00'",
        cursorclass=pymysql.cursors.DictCursor,
        autocommit=True,
        ssl={"ca": None},
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall()


def invoke(function: str, event: dict) -> dict:
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    body = json.loads(answer["Payload"].read())
    need("FunctionError" not in answer, f"{event} failed: {body}")
    return body
