"""(f) From exec to the first poll of the Runtime API, and what is deployed."""

import os
import socket
import subprocess
import time
import zipfile

from measure import median, peak_mb
from report import megabytes, milliseconds, prose, table
from runtime_api import variables
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
The function's own part of a cold start, on this machine with a whole processor. Lambda's own part is not in it.
"""


def measure(bench) -> dict:
    starts = [start() for _ in range(STARTS)]
    return {
        "start_s": median(wall for wall, _ in starts),
        "slowest_s": max(wall for wall, _ in starts),
        "peak_mb": max(memory for _, memory in starts),
        **package(),
    }


def start() -> tuple[float, float]:
    with socket.create_server(("127.0.0.1", 0)) as api:
        environment = os.environ | SETTINGS | variables(api.getsockname()[1])
        begun = time.perf_counter()
        program = subprocess.Popen([RELEASE / "score"], env=environment, stdout=subprocess.DEVNULL)
        try:
            api.settimeout(10)
            connection, _ = api.accept()
            with connection:
                asked = connection.recv(100)
            wall = time.perf_counter() - begun
            memory = peak_mb(program.pid)
        finally:
            program.kill()
            program.wait()
    if b"/invocation/next" not in asked:
        raise RuntimeError(f"the function asked for something else first: {asked}")
    return wall, memory


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
