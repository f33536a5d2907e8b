"""The program of `make deploy` from its first question to its verdict, beside a database in which there is nothing yet.

Its function of infra/setup.yaml makes tables, logins and grants on the real server with the administrator's secret; then the
stack is deployed, and tries itself out. Of a VPC the local AWS keeps the description alone: its functions run on this machine.
"""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import boto3

from tools import ROOT, SERVER, invoke, need, query, say

STACK, NAME = "from-nothing", "shop"
ADMIN = "boss"


def make_secret(name: str, **login: str) -> str:
    return str(boto3.client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(login))["ARN"])


def make_instance() -> None:
    """What RDS and EC2 tell of the database: a NAT gateway leads out of its subnets."""
    ec2, rds = boto3.client("ec2"), boto3.client("rds")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    zones = [f"{os.environ['AWS_REGION']}{zone}" for zone in "ab"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for n, zone in enumerate(zones)
    ]
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = ec2.create_nat_gateway(SubnetId=subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    [table] = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    ec2.create_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    group = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc)["GroupId"]
    rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="g", SubnetIds=subnets)
    rds.create_db_instance(
        **{
            "DBInstanceIdentifier": "mydb",
            "Engine": "mysql",
            "EngineVersion": "8.4.6",
            "DBInstanceClass": "db.t4g.micro",
        },
        **{"MasterUsername": ADMIN, "MasterUserPassword": "of-no-server", "AllocatedStorage": 20, "DBName": NAME},
        **{"DBSubnetGroupName": "g", "VpcSecurityGroupIds": [group], "AvailabilityZone": zones[0]},
    )


def program(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "deploying", "--stack", STACK, "--yes", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)


def deploy_from_nothing(authority: Path) -> None:
    passwords = {name: secrets.token_urlsafe(24) for name in (ADMIN, "from_nothing", "from_nothing_reader")}
    query(f"CREATE USER {ADMIN} IDENTIFIED BY '{passwords[ADMIN]}' REQUIRE SSL")
    query(f"GRANT ALL ON *.* TO {ADMIN} WITH GRANT OPTION")
    scorer, reader = (make_secret(name, username=name, password=passwords[name]) for name in list(passwords)[1:])
    make_secret("the-admin", username=ADMIN, password=passwords[ADMIN])
    make_instance()
    given = [f"MYSQL_SERVER={SERVER[0]}", f"MYSQL_PORT={SERVER[1]}", f"MYSQL_CA_FILE={authority}", "SAMPLE_MODEL=allow"]
    given += [f"Architecture={os.environ['ROWSCORE_ARCHITECTURE']}", "ScheduleState=DISABLED", "ADMIN_SECRET=the-admin"]
    given += [f"MysqlPasswordSecret={scorer}", "MysqlUser=", "ReaderUser=from_nothing_reader"]
    given += [f"ReaderPasswordSecret={reader}"]
    file = ROOT / f"deploy.{STACK}.env"
    try:
        done = program("--database", "mydb", *given)
        said = done.stdout + done.stderr
        need(done.returncode == 0, f"make deploy ended with {done.returncode}:\n{said[-6000:]}")
        for part in (f"Created database `{NAME}`", "Created table `items`", "All is well."):
            need(part in said, f"make deploy does not say {part!r}:\n{said[-6000:]}")
        need(not any(password in said + file.read_text() for password in passwords.values()), "a password was said")
        say("make deploy made tables, logins and grants by a function, and the function that it deployed is well")
        rotate(scorer, passwords["from_nothing"])
        done = program("remove")
        need(done.returncode == 0, f"scripts/deploy remove failed:\n{done.stdout}{done.stderr}")
    finally:
        file.unlink(missing_ok=True)


def rotate(secret: str, before: str) -> None:
    """The deployed function logs in with a password that was changed after its deployment, and nobody told it."""
    [stack] = boto3.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    [function] = [o["OutputValue"] for o in stack["Outputs"] if o["OutputKey"] == "Function"]
    variables = boto3.client("lambda").get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    need(variables["MYSQL_PASSWORD_SECRET"] == secret, f"its variables are {variables}")
    need(before not in json.dumps(variables), "the password is in the function's environment")
    query("ALTER USER from_nothing IDENTIFIED BY 'r0tated'")
    text = json.dumps({"username": "from_nothing", "password": "r0tated"})
    boto3.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=text)
    answer = invoke(function, {"run": "canary"})
    need((answer["outcome"], answer["state"]) == ("finished", "succeeded"), f"the canary was answered with {answer}")
    say("after a rotation the canary succeeded, without a deployment")
