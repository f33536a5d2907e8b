"""The version before: kept while another one is deployed, and deployed again if that fails its trial."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

from servers.common import Failure, say

from .account import Account
from .stacks import Stack

# What CloudFormation takes in one request: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_UpdateStack.html
MOST_BYTES = 51_200


@dataclass(frozen=True)
class Former:
    """A stack as it was. Its code stays where SAM has put it, in S3."""

    name: str
    template: str  # as JSON
    stack: Stack

    @property
    def version(self) -> str:
        return self.stack.version or "unknown"

    def deploy(self, account: Account) -> None:
        """Takes the stack back to it, tags included, and waits until that is done."""
        client = account.cloudformation
        if len(self.template.encode()) > MOST_BYTES:
            raise Failure(f"the former template has more than {MOST_BYTES} bytes. Go back by hand: {self.by_hand()}")
        say(f"going back to version {self.version} ...")
        parameters = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.stack.parameters.items()]
        tags = [{"Key": "project", "Value": "rowscore"}, {"Key": "version", "Value": self.version}]
        # The template is one of SAM's, which CloudFormation expands.
        capabilities = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        try:
            client.update_stack(
                StackName=self.name,
                TemplateBody=self.template,
                Parameters=parameters,
                Tags=tags,
                Capabilities=capabilities,
            )
        except ClientError as error:
            if "No updates are to be performed" in str(error):
                return
            raise
        client.get_waiter("stack_update_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 3, "MaxAttempts": 600}
        )

    def by_hand(self) -> str:
        return f"git checkout {self.version.removesuffix('-dirty')} && make deploy"


def of(account: Account, name: str, stack: Stack | None) -> Former | None:
    """The stack as it is now; none, if there is none yet."""
    if not stack:
        return None
    template = account.cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    return Former(name, compact(template), stack)


def compact(template: str | dict[str, Any]) -> str:
    """A template as short as it can be written: as SAM does, in YAML, ours is too long for one request."""
    parsed = yaml_parse(template) if isinstance(template, str) else template
    # What YAML takes for a date, where nothing stands around it, is the text again: AWSTemplateFormatVersion.
    return json.dumps(parsed, separators=(",", ":"), ensure_ascii=False, default=str)
