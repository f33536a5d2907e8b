"""Checks what the deployed roles may do: nothing but what is listed here, and all of that through the endpoints, too.

Arguments: the SAM templates. They are expanded as CloudFormation would, so that what SAM adds is seen, too.
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
CONTEXT = "kms:EncryptionContext:"

# The roles that each template makes.
ROLES = {"template.yaml": ["ApiRole", "ScheduleRole", "ScoreRole"], "setup.yaml": ["SetUpRole"]}

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
    "secretsmanager:GetSecretValue": {
        "secret of MysqlPasswordSecret",
        "secret of ReaderPasswordSecret",
        "secret of LINEAGE_TOKEN_SECRET",
    },
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
# Of what others share, their account is in the ARN.
SHARED = {f"arn:${{AWS::Partition}}:ec2:${{AWS::Region}}:*:{kind}/*" for kind in ["subnet", "security-group"]}
ALLOWED["ec2:CreateNetworkInterface"] |= SHARED

# What Lambda does with the role of a function outside of its VPC: it gets messages, and sends events that failed. No
# endpoint has to let that through.
BY_LAMBDA = {
    *(
        (f"sqs:{action}", "ContinuationQueue.Arn")
        for action in ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"]
    ),
    ("sqs:SendMessage", "FailedEventQueue.Arn"),
}


# Keys are those of the account; what they may be used for is said by the condition alone.
KEYS = f"arn:${{AWS::Partition}}:kms:{ACCOUNT}:key/*"
# For which service each action on a key may be, and on what.
ON_KEYS = {
    "kms:Decrypt": {
        ("secretsmanager", "SecretARN", "secret of MysqlPasswordSecret"),
        ("secretsmanager", "SecretARN", "secret of ReaderPasswordSecret"),
        ("secretsmanager", "SecretARN", "secret of LINEAGE_TOKEN_SECRET"),
        ("sns", "aws:sns:topicArn", "EVENT_TOPIC of Settings"),
    },
    "kms:GenerateDataKey": {("sns", "aws:sns:topicArn", "EVENT_TOPIC of Settings")},
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


def part(index: int, separator: str, text: dict) -> dict:
    return {"Fn::Select": [index, {"Fn::Split": [separator, text]}]}


def of_settings(variable: str, nobody: str) -> dict:
    """The value of a variable in Settings, as the template takes it out of there; without one, a name that nobody has."""
    settings = {"Fn::Join": ["", [{"Ref": "Settings"}, f" {variable}=", {"Fn::Sub": nobody}]]}
    return part(0, " ", part(0, ",", part(1, f"{variable}=", settings)))


def arn_of(secret: dict) -> dict:
    return part(0, ":SecretString:", secret)


TOKEN = of_settings(
    "LINEAGE_TOKEN_SECRET", f"arn:${{AWS::Partition}}:secretsmanager:{ACCOUNT}:secret:rowscore-tells-nobody"
)
# What the template takes out of its parameters, as it is listed above.
TAKEN = {
    "EVENT_BUS of Settings": of_settings(
        "EVENT_BUS", f"arn:${{AWS::Partition}}:events:{ACCOUNT}:event-bus/rowscore-tells-nobody"
    ),
    "EVENT_TOPIC of Settings": of_settings(
        "EVENT_TOPIC", f"arn:${{AWS::Partition}}:sns:{ACCOUNT}:rowscore-tells-nobody"
    ),
    "secret of MysqlPasswordSecret": arn_of({"Ref": "MysqlPasswordSecret"}),
    "secret of ReaderPasswordSecret": arn_of({"Ref": "ReaderPasswordSecret"}),
    "secret of LINEAGE_TOKEN_SECRET": arn_of(TOKEN),
}


def name(resource) -> str:
    """A resource as it is listed above."""
    for taken, expression in TAKEN.items():
        if resource == expression:
            return taken
    if isinstance(resource, dict):
        [(function, argument)] = resource.items()
        if function == "Fn::GetAtt":
            return ".".join(argument)
        if function == "Fn::Sub":
            return argument[0] if isinstance(argument, list) else argument
    return str(resource)


def bound(statement: dict) -> tuple[str, str, str] | None:
    """What alone a key may be used for, by the conditions of a statement."""
    condition = statement.get("Condition", {})
    via = condition.get("StringLike", {}).get("kms:ViaService", {}).get("Fn::Sub", "")
    service, _, rest = via.partition(".")
    [(key, value)] = condition.get("StringEquals", {}).items() or [("", "")]
    if rest != "${AWS::Region}.amazonaws.com*" or not key.startswith(CONTEXT):
        return None
    return service, key.removeprefix(CONTEXT), name(value)


def is_listed(action: str, resource: str, statement: dict) -> bool:
    if action in ON_KEYS:
        return resource == KEYS and bound(statement) in ON_KEYS[action]
    return resource in ALLOWED.get(action, ())


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
                        elif resource != "*" and not is_listed(action, resource, statement):
                            problems.append(f"{role}: {action} on {resource} is not on this check's list")
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r'Resource: "\*"', line) and "#" not in line:
            problems.append(f'line {number}: a "*" without a comment that says why')
    return problems


def pairs(statements) -> set[tuple[str, str]]:
    """What statements allow: each action on each resource."""
    return {
        (action, resource)
        for statement in branches(statements)
        if statement["Effect"] == "Allow"
        for action in listed(statement["Action"])
        for resource in map(name, branches(listed(statement["Resource"])))
    }


def is_of_a_function(resource: dict) -> bool:
    """Whether it is a role that functions have."""
    if resource["Type"] != "AWS::IAM::Role":
        return False
    statements = listed(resource["Properties"]["AssumeRolePolicyDocument"]["Statement"])
    return any(statement["Principal"] == {"Service": "lambda.amazonaws.com"} for statement in statements)


def check_endpoints(resources: dict) -> list[str]:
    """An endpoint lets through whatever the functions may do by it: else they may, and cannot."""
    roles = [each["Properties"]["Policies"] for each in resources.values() if is_of_a_function(each)]
    rights = {
        pair for role in roles for policy in branches(role) for pair in pairs(policy["PolicyDocument"]["Statement"])
    }
    problems = []
    for key, resource in resources.items():
        # Without a policy of its own it lets everything through.
        if resource["Type"] != "AWS::EC2::VPCEndpoint" or "PolicyDocument" not in resource["Properties"]:
            continue
        names = branches(resource["Properties"]["ServiceName"])
        services = tuple(f"{name(each).rpartition('.')[2]}:" for each in names)
        needed = {pair for pair in rights - BY_LAMBDA if pair[0].startswith(services)}
        for action, on in sorted(needed - pairs(resource["Properties"]["PolicyDocument"]["Statement"])):
            problems.append(f"{key} does not let {action} on {on} through, which a function may do")
    return problems


def expanded(source: str) -> dict:
    """A template as CloudFormation makes it of what SAM uploads."""
    uploaded = re.sub(r"CodeUri: \S+", "CodeUri: s3://b/k", source)
    return json.loads(json.dumps(transform(yaml_parse(uploaded), {}, SimpleNamespace(load=dict))))


def problems_of(file: Path) -> list[str]:
    source = file.read_text()
    template = expanded(source)
    problems = check(template["Resources"], source) + check_endpoints(template["Resources"])
    roles = sorted(key for key, value in template["Resources"].items() if value["Type"] == "AWS::IAM::Role")
    for key, value in template["Resources"].items():
        if value["Type"] == "AWS::Lambda::Url" and value["Properties"]["AuthType"] != "AWS_IAM":
            problems.append(f"{key} is open to everybody")
        if value["Type"] == "AWS::Lambda::Permission" and value["Properties"].get("Principal") == "*":
            problems.append(f"{key} lets everybody in")
    if roles != ROLES[file.name]:
        problems.append(f"the roles are {roles}: SAM made one of its own")
    return [f"{file}: {problem}" for problem in problems]


def main() -> None:
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    problems = [problem for file in sys.argv[1:] for problem in problems_of(Path(file))]
    if problems:
        sys.exit("\n".join(["The templates allow more than they should, or less:", *problems]))


if __name__ == "__main__":
    main()
