"""A function inside of the VPC that makes tables, logins and grants, and is there for that alone."""

from __future__ import annotations

import json
import re
import time
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from servers.common import Failure, say

from . import sam, secrets, verdict
from .account import Account, refusal
from .answers import Answers
from .changes import Change
from .databases import Database, pages
from .secrets import Login

TEMPLATE = "infra/setup.yaml"
PARAMETERS = ["Settings", "CaLayerArn", "SubnetIds", "SecurityGroupIds", "Architecture"]
# It may take 900 s. On the way there may be a NAT that forgets a connection on which nothing is said:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-sync.html
PATIENCE = Config(read_timeout=930, retries={"max_attempts": 0}, tcp_keepalive=True)
GONE = ("DELETE_COMPLETE", "DELETE_IN_PROGRESS")


def by_function(account: Account, database: Database, answers: Answers, admin: Login) -> Change:
    """Makes them over the function's own way into the VPC."""
    complete = answers.complete()
    scorer = secrets.by_reference(account, complete["MysqlUser"], complete["MysqlPasswordSecret"])
    orders: dict[str, Any] = {"admin": admin.as_json()}
    made: list[str] = []
    # The administrator may do all of it already.
    if scorer.login not in (admin.login, database.admin):
        orders["scorer"] = scorer.as_json()
        made.append(f"`{scorer.login}`")
    if user := complete["ReaderUser"]:
        orders["reader"] = secrets.by_reference(account, user, complete["ReaderPasswordSecret"]).as_json()
        made.append(f"`{user}`")
    who = f", the login{'s' * (len(made) > 1)} {' and '.join(made)} and the grants" if made else ""
    # Somebody's own table is never made for a slip of the pen.
    orders["create"] = "ITEMS_TABLE" not in answers.settings

    def make() -> None:
        # One of an earlier try may take long to go.
        stack = f"{answers.head['STACK']}-set-up-{int(time.time()):x}"
        values = {name: value for name, value in answers.complete().items() if name in PARAMETERS}
        try:
            sam.deploy(stack, account.region, values, "--template-file", TEMPLATE)
            [found] = account.cloudformation.describe_stacks(StackName=stack)["Stacks"]
            [function] = [o["OutputValue"] for o in found["Outputs"] if o["OutputKey"] == "Function"]
            call(account, function, orders)
        finally:
            take_away(account, stack)

    name = answers.settings.get("MYSQL_DATABASE", "")
    how = f"as `{admin.login}`, by a function in the VPC that is removed afterwards ({TEMPLATE})"
    return Change(f"makes rowscore's tables in `{name}`{who}, {how}", make)


def call(account: Account, function: str, orders: dict[str, Any]) -> None:
    """Lets the function do it, and says what it did."""
    verdict.wait_for(account, function)
    client = account.session.client("lambda", config=PATIENCE)
    answer = client.invoke(FunctionName=function, Payload=json.dumps({"set_up": orders}))
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        said = str(body.get("errorMessage", body))
        remedy = "call make deploy again"
        if "timed out" in said:
            remedy = "what takes longer than Lambda lets it, as a key of a very large table, is made through a tunnel (docs/DEPLOY.md)"
        raise Failure(f"the tables could not be made: {said}. Nothing was deployed; {remedy}")
    say("\n".join(f"  {line}" for line in [*body["done"], *body["notices"]]))
    if failed := body.get("failed"):
        remedy = f"\n  -> {body['remedy']}" if body.get("remedy") else ""
        raise Failure(f"the tables could not be made: {failed}{remedy}\nNothing was deployed. Call make deploy again")


def take_away(account: Account, stack: str) -> None:
    """Removes the stack, whatever came of it; if that fails, what went wrong before is told all the same."""
    say(f"removing the stack {stack} ... (nobody needs to wait for it)")
    try:
        account.cloudformation.delete_stack(StackName=stack)
    except ClientError as error:
        said = refusal(error)
    except BotoCoreError as error:
        said = str(error)
    else:
        return
    say(f"it could not be removed: {said}. Remove it: aws cloudformation delete-stack --stack-name {stack}")


def left(account: Account, stack: str) -> list[str]:
    """What an earlier try has left, if it was killed."""
    listed = pages(account.cloudformation, "list_stacks", "StackSummaries")
    ours = re.compile(rf"{re.escape(stack)}-set-up-[0-9a-f]+")
    return [s["StackName"] for s in listed if ours.fullmatch(s["StackName"]) and s["StackStatus"] not in GONE]
