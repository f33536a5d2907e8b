"""What is done with a deployment, once it is there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial

from botocore.exceptions import ClientError

from servers.common import Failure, say

from . import answers, changes, companion, databases, questions, sam, set_up, stacks, troubles, verdict
from .account import Account, code

KINDS = ["window", "sweep", "status"]


def command(words: list[str]) -> Callable[[Account, str, bool], None] | None:
    """What the words ask for, if they are no answers."""
    if not words or "=" in words[0]:
        return None
    commands: dict[str, Callable[[Account, str, bool], None]] = {"outputs": outputs, "remove": remove, "doctor": doctor}
    commands["troubles"] = noticed
    commands |= {kind: partial(invoke, kind) for kind in KINDS}
    if len(words) > 1 or words[0] not in commands:
        raise Failure(f"`{' '.join(words)}` is no command; accepted: {', '.join(commands)}, or answers as NAME=VALUE")
    return commands[words[0]]


def deployed(account: Account, name: str) -> stacks.Stack:
    found = stacks.find(account, name)
    if not found:
        raise missing(account, name)
    return found


def missing(account: Account, name: str) -> Failure:
    return Failure(
        f"there is no stack {name} in {account.region} of account {account.id}. Make it: make deploy DATABASE=..."
    )


def outputs(account: Account, stack: str, ask: bool) -> None:
    for name, value in sorted(deployed(account, stack).outputs.items()):
        print(f"{name}\n  {value}")


def invoke(kind: str, account: Account, stack: str, ask: bool) -> None:
    """Calls the function as a schedule does, and shows its answer."""
    function = deployed(account, stack).outputs["Function"]
    client = account.session.client("lambda", config=verdict.PATIENCE)
    answer = client.invoke(FunctionName=function, Payload=json.dumps({"run": kind}))
    print(answer["Payload"].read().decode())
    if "FunctionError" in answer:
        sys.exit(1)


def noticed(account: Account, stack: str, ask: bool) -> None:
    """Shows what the function noticed of late that is wrong."""
    group = deployed(account, stack).outputs.get("LogGroupName")
    if group is None:
        raise Failure(
            f"the stack {stack} is of an earlier version, which writes no troubles; upgrade it with make deploy"
        )
    print("\n".join(troubles.lines(account, group)))


def doctor(account: Account, stack: str, ask: bool) -> None:
    """Lets the function try out all that it needs, and shows how each step went."""
    seen = verdict.ask(account, deployed(account, stack).outputs)
    print("\n".join(seen.lines()))
    if not seen.is_well:
        sys.exit(1)


def remove(account: Account, stack: str, ask: bool) -> None:
    """Removes the stack, also one that came to nothing, and what was made beside it, also where the stack is gone."""
    found = stacks.find(account, stack, to_remove=True)
    left, groups = set_up.left(account, stack), groups_of(account, stack)
    if not (found or left or groups):
        raise missing(account, stack)
    what = f"the stack {stack}" if found else f"what is left of the stack {stack}: {', '.join([*left, *groups])}"
    tables = "Tables and predictions stay."
    if found and companion.is_one(found):
        tables = "Its database goes with it, and leaves a snapshot."
    say(f"This removes {what} in {account.region} of account {account.id}. {tables}")
    if ask and not questions.confirm("Go on?"):
        raise Failure("stopped; nothing was changed")
    for name in left:
        account.cloudformation.delete_stack(StackName=name)
    if found:
        sam.call("delete", "--no-prompts", "--stack-name", stack, "--region", account.region)
    for group in groups:
        forget(account, group, f"scripts/deploy remove{stacks.option(stack)}")
    answers.let_go_of(answers.file_of(stack), groups)


def groups_of(account: Account, stack: str) -> list[str]:
    """The security groups that were made for its function."""
    filters = [{"Name": "tag:project", "Values": ["rowscore"]}, {"Name": "tag:stack", "Values": [stack]}]
    made = databases.pages(account.ec2, "describe_security_groups", "SecurityGroups", Filters=filters)
    return [each["GroupId"] for each in made if each["GroupName"] == changes.group_name(stack)]


def forget(account: Account, group: str, again: str) -> None:
    """Takes a security group out of the others' rules, and deletes it."""
    for rule in databases.pages(account.ec2, "describe_security_group_rules", "SecurityGroupRules"):
        if rule.get("ReferencedGroupInfo", {}).get("GroupId") == group and not rule["IsEgress"]:
            rules = [rule["SecurityGroupRuleId"]]
            account.ec2.revoke_security_group_ingress(GroupId=rule["GroupId"], SecurityGroupRuleIds=rules)
    try:
        account.ec2.delete_security_group(GroupId=group)
    except ClientError as error:
        if code(error) != "DependencyViolation":
            raise
        say(f"Lambda still holds {group}, for up to 20 minutes. It is removed by calling this again then: {again}")
