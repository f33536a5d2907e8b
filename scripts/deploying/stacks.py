"""What is deployed already."""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore.exceptions import ClientError

from servers.common import Failure

from .account import Account
from .settings import parse

# What CloudFormation accepts, but for what the longest name that is made of it adds: that of the stack which sets up the
# tables. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
LONGEST = 128 - len("-set-up-01234567")
# Of these only a deletion helps.
BROKEN = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


@dataclass(frozen=True)
class Stack:
    parameters: dict[str, str]
    outputs: dict[str, str]
    version: str

    @property
    def server(self) -> str:
        return self.parameters.get("MysqlServer") or self.settings.get("MYSQL_SERVER", "")

    @property
    def settings(self) -> dict[str, str]:
        return parse(self.parameters.get("Settings", ""))

    @property
    def lets_in(self) -> tuple[str, str, str]:
        """The server, its port and the function's group, which is let in there."""
        port = self.parameters.get("MysqlPort") or self.settings.get("MYSQL_PORT") or "3306"
        return self.server, port, self.parameters.get("SecurityGroupIds", "").split(",")[0]


def check_name(name: str) -> None:
    """Of a name that CloudFormation refuses files, groups and other stacks would be named, too."""
    if not re.fullmatch(rf"[A-Za-z][A-Za-z0-9-]{{0,{LONGEST - 1}}}", name):
        raise Failure(
            f"STACK is `{name}`; accepted: a letter, and then letters, digits and -, at most {LONGEST} characters together, like "
            "rowscore-prod"
        )


def option(name: str) -> str:
    """How a command is told that it is for this stack."""
    return "" if name == "rowscore" else f" --stack {name}"


def find(account: Account, name: str, *, to_remove: bool = False) -> Stack | None:
    """The stack of that name. One that only a deletion helps is found to be removed, and else refused."""
    try:
        [found] = account.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    status = found["StackStatus"]
    if status in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS"):
        return None
    if status in BROKEN and not to_remove:
        raise Failure(
            f"the stack {name} is {status}. Remove it, and call this again: scripts/deploy remove{option(name)}"
        )
    if status.endswith("_IN_PROGRESS"):
        raise Failure(f"the stack {name} is {status}: somebody else is at work. Wait until it is done")
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    return Stack(
        {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])},
        {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
        tags.get("version", ""),
    )
