"""In place of the SAM CLI: it builds no function and uploads nothing, but keeps what it was called with, and makes a stack
with these parameters in the local AWS, so that what comes next finds one. In it is a function that answers the trial with
what TRIAL says, and runs that they are finished: whether the real one does is shown by scripts/e2e."""

import json
import os
import struct
import sys
import time
import uuid
from pathlib import Path

MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}
WELL = {"verdict": "well", "steps": [{"step": "login", "state": "ok", "said": "as `scorer@%`", "remedy": None}]}
CODE = """import json, os
def answer(event, context):
    if event in [{"run": kind} for kind in ("window", "sweep", "status")]:
        return {"outcome": "finished", "kind": event["run"]}
    assert event == {"run": "doctor"}, event
    if os.environ["ANSWER"] == "none":
        raise ValueError("cannot start")
    return {"outcome": "examined", "checkup": json.loads(os.environ["ANSWER"])}
"""


# In the place of the function that makes tables: it keeps what it was asked for, and answers what MADE says.
SET_UP = """import json, os
def answer(event, context):
    with open(os.environ["EVENTS"], "a") as log:
        log.write(json.dumps(event) + "\\n")
    made = json.loads(os.environ["ANSWER"])
    if "raises" in made:
        raise ValueError(made["raises"])
    return made
"""
MADE = {"done": ["The tables are in place in database `shop`."], "notices": []}


def set_up_template(values: dict) -> str:
    """The function of infra/setup.yaml, if that is what it was: with its parameters, and in the subnets that they name."""
    text = Path("infra/setup.yaml").read_text()
    assert all(f"  {name}:\n    Type: String" in text for name in values), values
    properties = {"Runtime": "python3.12", "Handler": "index.answer", "Role": "arn:aws:iam::1:role/r"}
    properties |= {"FunctionName": {"Fn::Sub": "${AWS::StackName}-SetUp"}, "Code": {"ZipFile": SET_UP}}
    answer = os.environ.get("MADE") or json.dumps(MADE)
    properties |= {"Environment": {"Variables": {"ANSWER": answer, "EVENTS": os.environ["SAM_LOG"] + ".events"}}}
    return json.dumps(
        {
            "Parameters": {name: {"Type": "String"} for name in values},
            "Resources": {"SetUp": {"Type": "AWS::Lambda::Function", "Properties": properties}},
            "Outputs": {"Function": {"Value": {"Ref": "SetUp"}}},
        }
    )


def template(values: dict) -> str:
    properties = {"Runtime": "python3.12", "Handler": "index.answer", "Role": "arn:aws:iam::1:role/r"}
    properties |= {"FunctionName": {"Fn::Sub": "${AWS::StackName}-Score"}, "Code": {"ZipFile": CODE}}
    properties |= {"Environment": {"Variables": {"ANSWER": os.environ.get("TRIAL") or json.dumps(WELL)}}}
    return json.dumps(
        {
            "Parameters": {name: {"Type": "String"} for name in values},
            "Resources": {
                "Score": {"Type": "AWS::Lambda::Function", "Properties": properties},
                "Log": {"Type": "AWS::Logs::LogGroup"},
            },
            "Outputs": {
                "Function": {"Value": {"Ref": "Score"}},
                "Logs": {"Value": "aws logs tail x --follow"},
                "LogGroupName": {"Value": {"Ref": "Log"}},
            },
        }
    )


def option(name: str, default: str = "") -> str:
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def build() -> None:
    architecture = os.environ.get("BUILT_FOR") or option("--parameter-overrides").partition("=")[2]
    for function in ("ScoreFunction", "ApiFunction"):
        program = Path(".aws-sam/build") / function / "bootstrap"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_bytes(
            b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 3, MACHINES[architecture]) + bytes(44)
        )


def deploy(values: dict) -> None:
    import boto3

    file = Path(option("--template-file", "template.yaml"))
    if file.name == "template.yaml":
        body = template(values)
    elif file.name == "setup.yaml":
        body = set_up_template(values)
    else:
        # The local AWS makes no secret for a cluster's administrator, and knows no egress-only gateway in a template.
        login = json.dumps({"username": "admin", "password": "secret99"})
        secret = boto3.client("secretsmanager").create_secret(Name=f"rds!{uuid.uuid4()}", SecretString=login)["ARN"]
        body = file.read_text()
        for reference in ("!GetAtt Cluster.MasterUserSecret.SecretArn", "${Cluster.MasterUserSecret.SecretArn}"):
            body = body.replace(reference, secret)
        values = values | {"WayOut": "none"}
    client, stack = boto3.client("cloudformation"), option("--stack-name")
    given = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    tags = [dict(zip(("Key", "Value"), tag.split("=", 1))) for tag in sys.argv[sys.argv.index("--tags") + 1 :]]
    exists = any(s["StackName"] == stack for s in client.describe_stacks()["Stacks"])
    call = client.update_stack if exists else client.create_stack
    try:
        call(StackName=stack, TemplateBody=body, Parameters=given, Tags=tags, Capabilities=["CAPABILITY_IAM"])
    except client.exceptions.ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise
    while (status := client.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
        time.sleep(0.05)
    if not status.endswith("E_COMPLETE") or "ROLLBACK" in status:
        sys.exit(f"the stack is {status}")


def main() -> None:
    overrides = option("--parameter-overrides")
    if overrides.startswith("file://") and not overrides.endswith((".yaml", ".yml", ".toml")):
        sys.exit(f"{overrides} uses an unsupported extension")
    values = json.loads(Path(overrides.removeprefix("file://")).read_text()) if overrides.startswith("file://") else {}
    with open(os.environ["SAM_LOG"], "a") as log:
        said = {"arguments": sys.argv[1:], "values": values, "model": os.environ.get("MODEL_FILE")}
        log.write(json.dumps(said) + "\n")
    if sys.argv[1] == "build":
        build()
    elif sys.argv[1] == "deploy":
        deploy(values)
    elif sys.argv[1] == "delete":
        import boto3

        boto3.client("cloudformation").delete_stack(StackName=option("--stack-name"))


main()
