"""The end-to-end test's inner part: deploys into the local AWS that the environment names, and looks on.

The schedule fires by itself, hops chain through the queue until the window in the real MySQL is finished; the same tick
twice makes one run; a poison message ends in the dead-letter queue, and the next run goes on. Then `make deploy` starts from
nothing.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3

from database import certify, make_items, make_login, make_tables
from from_nothing import deploy_from_nothing
from queues import fail_asynchronously, poison
from runs import check_the_end, next_window, send_the_canary, watch_the_schedule
from seen import check_log, read_results
from stack import deploy, deploy_with_companion, refuse_nonsense, remove
from tools import BROKEN, DATABASE, HOP_BUDGET_MS, PAGE_SIZE, PASSWORD, READER_PASSWORD, ROOT, ROWS, SERVER, say
from trial import try_everything_out


def main() -> None:
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"]
    authority = certify(Path(os.environ["ROWSCORE_MYSQL_DIR"]) / "data")
    make_tables()
    make_items(ROWS)
    make_login()
    secret = boto3.client("secretsmanager").create_secret(
        Name="scorer", SecretString=json.dumps({"password": PASSWORD})
    )
    login = {"MYSQL_USER": "scorer", "MYSQL_PASSWORD": PASSWORD, "MYSQL_TLS": "verify"}
    login |= {"MYSQL_CA_FILE": str(authority), "MYSQL_DATABASE": DATABASE}
    login |= {"CONTINUATION_QUEUE_URL": f"{os.environ['AWS_ENDPOINT_URL']}/000000000000/cold-start.fifo"}
    command = [sys.executable, ROOT / "scripts/coldstart.py", ROOT / ".aws-sam/build/ScoreFunction/bootstrap"]
    subprocess.run(command, env=os.environ | login, check=True)

    settings = [f"MYSQL_SERVER={SERVER[0]}", f"MYSQL_DATABASE={DATABASE}"]
    settings += [f"MYSQL_PORT={SERVER[1]}", f"MYSQL_CA_FILE={authority}", f"PAGE_SIZE={PAGE_SIZE}", "DELIVER_WITHIN=1h"]
    # Items are inserted beside those of `rowscore init`.
    settings += ["SAMPLE_MODEL=allow"]
    parameters = {
        "MysqlPasswordSecret": f"{secret['ARN']}:SecretString:password",
        "Settings": ",".join([*settings, f"HOP_BUDGET_MS={HOP_BUDGET_MS}"]),
        "Architecture": os.environ["ROWSCORE_ARCHITECTURE"],
        "Schedule": '"rate(1 minute)"',
        "Dashboard": "true",
    }
    refuse_nonsense(parameters)
    outputs = deploy(parameters)
    watch_the_schedule(ROWS)

    say("deploying again, with the schedules off, the usual budget and the results API ...")
    reader = boto3.client("secretsmanager").create_secret(
        Name="reader", SecretString=json.dumps({"password": READER_PASSWORD})
    )
    results = {"ReaderUser": "reader", "ReaderPasswordSecret": f"{reader['ARN']}:SecretString:password"}
    outputs = deploy(parameters | results | {"ScheduleState": "DISABLED", "Settings": ",".join(settings)})
    next_window(outputs["Function"], "after an upgrade")
    read_results(outputs, ROWS - BROKEN + 500)
    send_the_canary(outputs["Function"])
    try_everything_out(outputs)
    poison(outputs)
    next_window(outputs["Function"], "after the poison")
    fail_asynchronously(outputs)
    check_log(outputs)
    check_the_end(outputs, ROWS + 2 * 500)
    remove()
    deploy_from_nothing(authority)
    deploy_with_companion(Path(os.environ["ROWSCORE_MYSQL_DIR"]))


if __name__ == "__main__":
    main()
