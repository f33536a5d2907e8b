"""A repository of its own and an account of its own in the local AWS, with databases in it."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import boto3

from data_api import DataApi, execute

REPO = Path(__file__).resolve().parents[2]
REGION = "eu-central-1"
SESSION = boto3.Session(region_name=REGION)
COPIED = [
    "template.yaml",
    "samconfig.toml",
    ".gitignore",
    "infra",
    "docs/CONFIGURATION.md",
    "scripts/deploying",
    "scripts/servers",
]


class Deployed(unittest.TestCase):
    """A test that calls the program as `make deploy` does."""

    maxDiff = None

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="rowscore-deploy.")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        for name in COPIED:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (REPO / name).is_dir() else shutil.copy
            copy(REPO / name, self.root / name)
        self.log, self.bin = self.root / ".git/sam.log", self.root / ".git/bin"
        self.git("init", "--quiet")
        self.bin.mkdir()
        (self.bin / "sam").write_text(f"#!{sys.executable}\n{Path(__file__).with_name('stand_in_sam.py').read_text()}")
        (self.bin / "sam").chmod(0o755)
        self.commit("first")
        # The local AWS takes a key of twelve digits for the account.
        self.account = f"{random.randrange(10**11, 10**12)}"
        keys = {"AWS_ACCESS_KEY_ID": self.account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
        unset = {"AWS_PROFILE": "", "AWS_SESSION_TOKEN": ""}
        self.environment = {name: value for name, value in os.environ.items() if name not in unset} | keys
        self.environment |= {"PATH": f"{self.bin}:{os.environ['PATH']}", "SAM_LOG": str(self.log)}
        self.environment |= {"PYTHONPATH": str(self.root / "scripts"), "PYTHONDONTWRITEBYTECODE": "1"}
        self.ec2, self.rds = self.client("ec2"), self.client("rds")

    def client(self, service: str):
        # Of one session, which reads the descriptions of the services once.
        return SESSION.client(service, aws_access_key_id=self.account, aws_secret_access_key="test")

    def database(self) -> tuple[str, str]:
        """The names of a database and of a login that nobody has yet, with a Data API that leads to them."""
        api = DataApi()
        self.addCleanup(api.close)
        self.environment["AWS_ENDPOINT_URL_RDS_DATA"] = api.url
        names = f"shop{self.account}", f"scorer{self.account}"
        execute(f"CREATE DATABASE {names[0]}", None)
        self.addCleanup(execute, f"DROP DATABASE {names[0]}", None)
        self.addCleanup(execute, f"DROP USER IF EXISTS {names[1]}", None)
        return names

    def grants(self, login: str) -> str:
        return "\n".join(row[0] for row in execute(f"SHOW GRANTS FOR {login}", None))

    def git(self, *arguments: str) -> str:
        who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        done = subprocess.run(["git", *who, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", text)
        return self.git("describe", "--always")

    def call(self, *arguments: str, said: str = "", **environment: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "deploying", *arguments]
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment | environment,
            input=said,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def deploy(self, *arguments: str, answers: tuple[str, ...] = (), **environment: str) -> str:
        done = self.call(*arguments, said="".join(f"{answer}\n" for answer in answers), **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def refuse(self, *arguments: str, said: str = "", **environment: str) -> str:
        done = self.call(*arguments, said=said, **environment)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done.stderr

    def calls(self, kind: str) -> list[dict]:
        """What sam was called with."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [call for call in map(json.loads, lines) if call["arguments"][0] == kind]

    def answers(self, file: str = "deploy.env") -> dict[str, str]:
        lines = (self.root / file).read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))

    def network(self, zones: str = "aab") -> None:
        """A VPC without a way out, with a subnet for each letter, and the database's security group."""
        self.vpc = self.ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for n, zone in enumerate(zones)
        ]
        self.group = self.ec2.create_security_group(GroupName="db", Description="db", VpcId=self.vpc)["GroupId"]
        self.rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="g", SubnetIds=self.subnets)

    def nat(self) -> None:
        """A way out for all subnets."""
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        gateway = self.ec2.create_nat_gateway(SubnetId=self.subnets[0], AllocationId=address)["NatGateway"][
            "NatGatewayId"
        ]
        [table] = self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["RouteTables"]
        self.ec2.create_route(
            RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway
        )

    def instance(self, name: str = "mydb", **other: object) -> dict:
        options = {"Engine": "mysql", "EngineVersion": "8.0.43", "DBName": "shop", "AvailabilityZone": f"{REGION}a"}
        options |= {"MasterUsername": "admin", "MasterUserPassword": "secret99", "AllocatedStorage": 20}
        options |= {"DBSubnetGroupName": "g", "VpcSecurityGroupIds": [self.group], "DBInstanceClass": "db.t4g.micro"}
        return self.rds.create_db_instance(DBInstanceIdentifier=name, **(options | other))["DBInstance"]

    def cluster(self, name: str = "mycluster", **other: object) -> dict:
        options = {
            "Engine": "aurora-mysql",
            "DatabaseName": "shop",
            "MasterUsername": "admin",
            "ManageMasterUserPassword": True,
        }
        options |= {"DBSubnetGroupName": "g", "VpcSecurityGroupIds": [self.group], "EnableHttpEndpoint": True}
        made = self.rds.create_db_cluster(DBClusterIdentifier=name, **(options | other))["DBCluster"]
        self.rds.create_db_instance(
            DBInstanceIdentifier=f"{name}-1",
            DBClusterIdentifier=name,
            Engine="aurora-mysql",
            DBInstanceClass="db.r6g.large",
        )
        return made

    def let_in(self) -> list[str]:
        """The groups that the database's lets in."""
        [group] = self.ec2.describe_security_groups(GroupIds=[self.group])["SecurityGroups"]
        return [pair["GroupId"] for rule in group["IpPermissions"] for pair in rule.get("UserIdGroupPairs", [])]
