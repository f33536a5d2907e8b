"""Checks what the deployed roles may do: nothing but what is listed here.

Argument: the SAM template. It is expanded as CloudFormation would, so that what SAM adds is seen, too.
"""

import json
import os
import re
import sys
from pathlib import Path
from types import SimpleNamespace

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

# Actions that EC2 checks without a resource: the only ones that may have "*" for one.
WITHOUT_RESOURCE = {"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"}
ACCOUNT = "${AWS::Region}:${AWS::AccountId}"

# Which resources each action of the function and the schedules may have.
ALLOWED = {
    "logs:CreateLogStream": {"LogGroup.Arn", "ApiLogGroup.Arn"},
    "logs:PutLogEvents": {"LogGroup.Arn", "ApiLogGroup.Arn"},
    "sqs:SendMessage": {"ContinuationQueue.Arn", "FailedEventQueue.Arn"},
    "sqs:ReceiveMessage": {"ContinuationQueue.Arn"},
    "sqs:DeleteMessage": {"ContinuationQueue.Arn"},
    "sqs:ChangeMessageVisibility": {"ContinuationQueue.Arn"},
    "sqs:GetQueueAttributes": {"ContinuationQueue.Arn", "DeadLetterQueue.Arn", "FailedEventQueue.Arn"},
    "lambda:InvokeFunction": {"ScoreFunction.Arn"},
    "events:PutEvents": {"EVENT_BUS of Settings"},
    "sns:Publish": {"EVENT_TOPIC of Settings"},
    "rds-db:connect": {
        f"arn:${{AWS::Partition}}:rds-db:{ACCOUNT}:dbuser:${{DatabaseResourceId}}/${{{user}}}"
        for user in ["MysqlUser", "ReaderUser"]
    },
    **{
        f"rds:{action}": {f"arn:${{AWS::Partition}}:rds:{ACCOUNT}:${{WakeDatabase}}"}
        for action in [
            *[f"{verb}DB{kind}" for verb in ["Start", "Stop"] for kind in ["Cluster", "Instance"]],
            *["DescribeDBClusters", "DescribeDBInstances"],
            *["ListTagsForResource", "AddTagsToResource", "RemoveTagsFromResource"],
        ]
    },
    **{
        f"ec2:{action}": {f"arn:${{AWS::Partition}}:ec2:{ACCOUNT}:*/*"}
        for action in [
            "CreateNetworkInterface",
            "DeleteNetworkInterface",
            "AssignPrivateIpAddresses",
            "UnassignPrivateIpAddresses",
        ]
    },
}


def listed(value) -> list:
    return value if isinstance(value, list) else [value]


def branches(value) -> list:
    """Every value that a nest of Fn::If can have, but for none."""
    if isinstance(value, list):
        return [found for each in value for found in branches(each)]
    if isinstance(value, dict) and "Fn::If" in value:
        return [found for each in value["Fn::If"][1:] for found in branches(each)]
    return [] if value == {"Ref": "AWS::NoValue"} else [value]


def of_settings(variable: str, nobody: str) -> dict:
    """The value of a variable in Settings, as the template takes it out of there; without one, a name that nobody has."""

    def part(index: int, separator: str, text) -> dict:
        return {"Fn::Select": [index, {"Fn::Split": [separator, text]}]}

    settings = {"Fn::Join": ["", [{"Ref": "Settings"}, f" {variable}=", {"Fn::Sub": nobody}]]}
    return part(0, " ", part(0, ",", part(1, f"{variable}=", settings)))


TOLD = {
    "EVENT_BUS": f"arn:${{AWS::Partition}}:events:{ACCOUNT}:event-bus/rowscore-tells-nobody",
    "EVENT_TOPIC": f"arn:${{AWS::Partition}}:sns:{ACCOUNT}:rowscore-tells-nobody",
}


def name(resource) -> str:
    """A resource as it is listed above."""
    for variable, nobody in TOLD.items():
        if resource == of_settings(variable, nobody):
            return f"{variable} of Settings"
    if isinstance(resource, dict):
        [(function, argument)] = resource.items()
        if function == "Fn::GetAtt":
            return ".".join(argument)
        if function == "Fn::Sub":
            return argument[0] if isinstance(argument, list) else argument
    return str(resource)


def check(resources: dict, source: str) -> list[str]:
    problems = []
    for role, definition in resources.items():
        if definition["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            problems.append(f"{role}: policies stand in their role, where this check reads them")
        if definition["Type"] != "AWS::IAM::Role":
            continue
        if definition["Properties"].get("ManagedPolicyArns"):
            problems.append(f"{role} has managed policies, which allow more than is needed")
        for policy in branches(definition["Properties"]["Policies"]):
            for statement in branches(policy["PolicyDocument"]["Statement"]):
                for action in listed(statement["Action"]):
                    for resource in map(name, listed(statement["Resource"])):
                        if "*" in action:
                            problems.append(f"{role}: the action {action} is a pattern")
                        elif statement["Effect"] == "Deny":
                            continue
                        elif resource == "*" and action not in WITHOUT_RESOURCE:
                            problems.append(f"{role}: {action} on every resource")
                        elif resource != "*" and resource not in ALLOWED.get(action, ()):
                            problems.append(f"{role}: {action} on {resource} is not on this check's list")
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r'Resource: "\*"', line) and "#" not in line:
            problems.append(f'line {number}: a "*" without a comment that says why')
    return problems


def main() -> None:
    source = Path(sys.argv[1]).read_text()
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    template = transform(yaml_parse(source.replace("CodeUri: .", "CodeUri: s3://b/k")), {}, SimpleNamespace(load=dict))
    template = json.loads(json.dumps(template))
    problems = check(template["Resources"], source)
    roles = sorted(key for key, value in template["Resources"].items() if value["Type"] == "AWS::IAM::Role")
    for key, value in template["Resources"].items():
        if value["Type"] == "AWS::Lambda::Url" and value["Properties"]["AuthType"] != "AWS_IAM":
            problems.append(f"{key} is open to everybody")
        if value["Type"] == "AWS::Lambda::Permission" and value["Properties"].get("Principal") == "*":
            problems.append(f"{key} lets everybody in")
    if roles != ["ApiRole", "ScheduleRole", "ScoreRole"]:
        problems.append(f"the roles are {roles}: SAM made one of its own")
    if problems:
        sys.exit("\n".join(["The template allows more than it should:", *problems]))


if __name__ == "__main__":
    main()
