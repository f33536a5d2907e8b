"""Deploying, and removing what was deployed."""

import json
import subprocess
import time
from pathlib import Path

import boto3
from samtranslator.yaml_helper import yaml_parse

from tools import ROOT, STACK, need, say


def sam_deploy(parameters: dict, *options: str) -> subprocess.CompletedProcess:
    overrides = [f"{name}={value}" for name, value in parameters.items() if value is not None]
    command = ["sam", "deploy", "--no-confirm-changeset", "--no-progressbar", *options]
    command += ["--parameter-overrides", *overrides]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def deploy(parameters: dict, stack_name: str = STACK, *options: str) -> dict:
    """The stack's outputs."""
    started = time.monotonic()
    done = sam_deploy(parameters, "--stack-name", stack_name, *options)
    need(done.returncode == 0, f"sam deploy failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    say(f"sam deploy of {stack_name} took {time.monotonic() - started:.0f} s")
    [stack] = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    need(stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"the stack is {stack['StackStatus']}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def refuse(parameters: dict, wrong: dict, message: str) -> None:
    done = sam_deploy(parameters | wrong)
    said = " ".join((done.stdout + done.stderr).split())
    need(done.returncode != 0, f"{wrong} was accepted")
    need(message in said, f"{wrong} was refused, but not with {message!r}:\n{said[-1500:]}")
    say(f"refused, as it should be: {' '.join(f'{k}={v}' for k, v in wrong.items())}: {message}")


def refuse_nonsense(good: dict) -> None:
    refuse(good, {"Settings": "pagesize=5"}, "must be NAME=VALUE with spaces or commas between them")
    refuse(good, {"SubnetIds": "mysubnet"}, "must be subnet ids separated by commas")
    refuse(good, {"DatabaseResourceId": "mydb"}, "must be a resource id like db-")
    refuse(good, {"MysqlPasswordSecret": None}, "Give DatabaseResourceId to log in with IAM")
    refuse(good, {"ReaderUser": "reader"}, "needs ReaderPasswordSecret")
    refuse(good, {"SubnetIds": "subnet-0123abcd"}, "Give both SubnetIds and SecurityGroupIds")
    refuse(good, {"PathToSqs": "ipv6"}, "Without SubnetIds, PathToSqs accepts existing only")
    stacks = boto3.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
    need(all(stack["StackName"] != STACK for stack in stacks), "a refused deployment made a stack")


def deploy_with_companion(folder: Path) -> None:
    """infra/database.yaml, and on top of it the template with the parameters that its outputs name. Nothing runs there."""
    # The local AWS makes no secret for the cluster's administrator.
    template = (ROOT / "infra/database.yaml").read_text()
    for reference in ("!GetAtt Cluster.MasterUserSecret.SecretArn", "${Cluster.MasterUserSecret.SecretArn}"):
        template = template.replace(reference, "arn:of:the:secret")
    (folder / "database.yaml").write_text(template)
    database = deploy(
        {"DeletionProtection": "false", "WayOut": "none"}, "companion", "--template", str(folder / "database.yaml")
    )
    names = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    parameters = {name: value for name, value in database.items() if name in names}
    need(len(parameters) == 5, f"of the companion's outputs, the template takes {sorted(parameters)}")
    # The endpoint's name is not to be had from the local AWS.
    parameters["Settings"] = parameters["Settings"].replace(" ", ",")
    outputs = deploy(parameters | {"PathToSqs": "existing", "ScheduleState": "DISABLED"}, "with-companion")
    function = boto3.client("lambda").get_function_configuration(FunctionName=outputs["Function"])
    variables = function["Environment"]["Variables"]
    need(variables["MYSQL_AUTH"] == "iam" and "MYSQL_PASSWORD" not in variables, f"its variables are {variables}")
    iam, role = boto3.client("iam"), function["Role"].rpartition("/")[2]
    rights = json.dumps(iam.get_role_policy(RoleName=role, PolicyName="score")["PolicyDocument"])
    need(f":dbuser:{database['DatabaseResourceId']}/scorer" in rights, f"its rights are {rights}")
    need("vpc" in iam.list_role_policies(RoleName=role)["PolicyNames"], "it may not enter the subnets")
    say("infra/database.yaml deploys, and the function on top of it")


def remove() -> None:
    done = subprocess.run(["sam", "delete", "--no-prompts"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    need(done.returncode == 0, f"sam delete failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    queues = boto3.client("sqs").list_queues(QueueNamePrefix=f"{STACK}-").get("QueueUrls", [])
    need(not queues, f"sam delete left {queues}")
    say("sam delete left nothing")
