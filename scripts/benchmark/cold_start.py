"""(f) From exec to the first poll of the Runtime API, and what is deployed."""

import zipfile

from coldstart import start
from measure import median
from report import megabytes, milliseconds, prose, table
from tools import RELEASE, WORK

TITLE = "Cold start"
STARTS = 30
# As the deployed function has it: a queue, and credentials from Lambda.
SETTINGS = {
    "MYSQL_SERVER": "db.example.com",
    "MYSQL_DATABASE": "bench",
    "MYSQL_USER": "scorer",
    "MYSQL_AUTH": "iam",
    "MYSQL_TLS": "verify",
    "CONTINUATION_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/rowscore-continuations.fifo",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
}

EXPLAINED = """
The function's own part of a cold start, on this machine, with a whole processor. What Lambda itself adds is not in it.
"""


def measure(bench) -> dict:
    starts = [start(RELEASE / "score", SETTINGS) for _ in range(STARTS)]
    return {
        "start_s": median(one.poll_s for one in starts),
        "slowest_s": max(one.poll_s for one in starts),
        "peak_mb": max(one.peak_mb for one in starts),
        **package(),
    }


def package() -> dict:
    """The zip that is deployed: the stripped binary, named as Lambda wants it."""
    file = WORK / "rowscore.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(RELEASE / "score", "bootstrap")
    return {"zip_mb": file.stat().st_size / 1e6, "binary_mb": (RELEASE / "score").stat().st_size / 1e6}


def report(result: dict, figures: dict) -> str:
    head = ["exec → first poll, median of 30", "slowest", "memory", "zip", "binary"]
    line = [milliseconds(result["start_s"]), milliseconds(result["slowest_s"]), megabytes(result["peak_mb"])]
    line += [megabytes(result["zip_mb"]), megabytes(result["binary_mb"])]
    return f"{prose(EXPLAINED)}\n\n{table(head, [line])}"
