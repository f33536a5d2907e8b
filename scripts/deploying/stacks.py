"""What is deployed already."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from servers.common import Failure

from .account import Account
from .settings import parse

# Of these only a deletion helps.
BROKEN = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


@dataclass(frozen=True)
class Stack:
    parameters: dict[str, str]
    outputs: dict[str, str]
    version: str

    @property
    def server(self) -> str:
        return self.parameters.get("MysqlServer") or parse(self.parameters.get("Settings", "")).get("MYSQL_SERVER", "")


def find(account: Account, name: str) -> Stack | None:
    try:
        [found] = account.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    status = found["StackStatus"]
    if status in ("DELETE_COMPLETE", "REVIEW_IN_PROGRESS"):
        return None
    if status in BROKEN:
        raise Failure(f"the stack {name} is {status}. Remove it, and call this again: sam delete --stack-name {name}")
    if status.endswith("_IN_PROGRESS"):
        raise Failure(f"the stack {name} is {status}: somebody else is at work. Wait until it is done")
    tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", [])}
    return Stack(
        {p["ParameterKey"]: p["ParameterValue"] for p in found.get("Parameters", [])},
        {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
        tags.get("version", ""),
    )
