"""The demo's inner part: fills a table, starts the Lambda emulator, invokes the function with
events/schedule.json, follows its continuations until the window is finished, and checks the result.

The database is named by the environment. Arguments: the number of items, the function, and the command line.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from servers import ports

ROOT = Path(__file__).resolve().parent.parent
LOG = ROOT / ".dev/demo/emulator.log"
# Milliseconds a hop may work: in the demo so few that the window takes several hops.
HOP_BUDGET_MS = "400"
# Seconds that the emulator may take to start, and then to answer.
PATIENCE_S = 60


def start_emulator(port: int, function: str) -> list[subprocess.Popen[bytes]]:
    """The emulator, and the function that polls it."""
    command = ["cargo", "lambda", "watch", "--only-lambda-apis"]
    command += ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
    log = LOG.open("w")
    output: dict[str, Any] = {"cwd": ROOT, "stdout": log, "stderr": subprocess.STDOUT}
    emulator = subprocess.Popen(command, **output, start_new_session=True)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and emulator.poll() is None:
        if ports.taken(port):
            break
        time.sleep(0.1)
    else:
        emulator.kill()
        sys.exit(f"demo: the Lambda emulator did not start; its log is {LOG}:\n{LOG.read_text()[-3000:]}")
    environment = os.environ | {
        "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{port}/.rt",
        "AWS_LAMBDA_FUNCTION_NAME": "score",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "HOP_BUDGET_MS": HOP_BUDGET_MS,
    }
    return [emulator, subprocess.Popen([function], env=environment, **output, start_new_session=True)]


def invoke(port: int, *event: str) -> dict[str, Any]:
    command = ["cargo", "lambda", "invoke", "--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
    try:
        answer = subprocess.run([*command, *event], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        sys.exit(f"demo: no answer within {PATIENCE_S} s. The function's log is {LOG}:\n{LOG.read_text()[-3000:]}")
    if answer.returncode != 0:
        sys.exit(
            f"demo: the function failed: {answer.stdout}{answer.stderr}\nIts log is {LOG}:\n{LOG.read_text()[-3000:]}"
        )
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def work_off(port: int) -> dict[str, Any]:
    """The scheduled event, then continuation after continuation, as the queue would deliver them."""
    answer = invoke(port, "--data-file", "events/schedule.json")
    hop = 1
    waiting = []
    while True:
        total = answer["predicted"] + answer["failed"] + answer["pending"]
        print(
            f"  hop {hop}: {answer['outcome']}, {answer['predicted']:,} of {total:,} predicted"
            f" ({answer['rows_per_second']:,} rows/s)",
            flush=True,
        )
        waiting += answer["continuations"]
        if not waiting:
            return answer
        answer = invoke(port, "--data-ascii", json.dumps(waiting.pop(0)))
        hop += 1


def check(rows: int, rowscore: str) -> list[dict[str, Any]]:
    """Reads every item back: each has a prediction of three numbers that sum to 1."""
    read = subprocess.run([rowscore, "results", "--limit", str(rows + 1)], capture_output=True, text=True, check=True)
    items = [json.loads(line) for line in read.stdout.splitlines()]
    without = sum(1 for item in items if not item["prediction"] or len(item["prediction"]) != 3)
    if len(items) != rows or without:
        sys.exit(f"demo: {len(items):,} items, {without:,} of them without a prediction; {rows:,} were expected")
    off = max(abs(sum(item["prediction"]) - 1) for item in items)
    if off > 1e-9:
        sys.exit(f"demo: a prediction is {off} away from a sum of 1")
    print(f"All {rows:,} items have a prediction of three probabilities; their sums are within {off:.0e} of 1.\n")
    return items[:5]


def main() -> None:
    rows, (function, rowscore) = int(sys.argv[1]), [str(ROOT / program) for program in sys.argv[2:]]
    subprocess.run([rowscore, "init", "--rows", str(rows)], check=True)
    port = ports.free()
    processes = start_emulator(port, function)
    try:
        print("\nInvoking the function with events/schedule.json, then with each continuation it answers:")
        answer = work_off(port)
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    if answer["outcome"] != "finished" or answer["state"] != "succeeded":
        sys.exit(f"demo: the window did not finish: {answer}")

    print("\nThe runs, as `rowscore status` shows them:")
    subprocess.run([rowscore, "status", "--text"], check=False)  # Its exit status says how things stand.
    for item in check(rows, rowscore):
        print(f"  item {item['id']}: {item['values']} -> {item['prediction']}")
    print(
        f"""
What to try next (the data stays in .dev/demo until the next demo):
  make serve    # shows the run, the classes and the predictions at http://127.0.0.1:8000/
  scripts/with-database mysql --dir .dev/demo -- env MYSQL_DATABASE=demo {sys.argv[3]} run
  scripts/with-database mysql --dir .dev/demo -- env MYSQL_DATABASE=demo bash    # then the same, or a MySQL client
The second finds nothing to do. README.md says how to bring your own model and table, and how to deploy."""
    )


if __name__ == "__main__":
    main()
