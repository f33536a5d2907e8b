"""A function inside of the VPC that makes tables, logins and grants, and is there for that alone."""

from __future__ import annotations

import json
import time
from typing import Any

from botocore.config import Config

from servers.common import Failure, say

from . import sam, secrets, verdict
from .account import Account
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
    orders: dict[str, Any] = {"admin": admin.as_json(), "scorer": scorer.as_json()}
    who = f"the login `{scorer.login}`"
    if user := complete["ReaderUser"]:
        orders["reader"] = secrets.by_reference(account, user, complete["ReaderPasswordSecret"]).as_json()
        who = f"the logins `{scorer.login}` and `{user}`"
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
            say(f"removing the stack {stack} ... (nobody needs to wait for it)")
            account.cloudformation.delete_stack(StackName=stack)

    name = answers.settings.get("MYSQL_DATABASE", "")
    how = f"as `{admin.login}`, by a function in the VPC that is removed afterwards ({TEMPLATE})"
    return Change(f"makes rowscore's tables in `{name}`, {who} and the grants, {how}", make)


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


def sweep(account: Account, stack: str) -> None:
    """Removes what an earlier try has left, if it was killed."""
    listed = pages(account.cloudformation, "list_stacks", "StackSummaries")
    for found in listed:
        if found["StackName"].startswith(f"{stack}-set-up-") and found["StackStatus"] not in GONE:
            account.cloudformation.delete_stack(StackName=found["StackName"])
