"""The database of infra/database.yaml, for who has none."""

from __future__ import annotations

import re
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from . import databases, network, sam, stacks
from .account import Account
from .databases import Database
from .stacks import Stack
from .template import parameters

TEMPLATE = "infra/database.yaml"
# Scaling to zero needs Aurora 3.08.
LEAST = (3, 8)


def name(stack: str) -> str:
    return f"{stack}-database"


def is_one(stack: Stack) -> bool:
    """Whether a stack is one of these, and no function's."""
    return "SecondsUntilAutoPause" in stack.parameters


def problem(database: str) -> str | None:
    """What its template would refuse."""
    name = parameters(TEMPLATE)["DatabaseName"]
    return f"MYSQL_DATABASE is `{database}`; one that is made {name.constraint}" if name.problem(database) else None


def outputs(account: Account, stack: str) -> dict[str, str] | None:
    found = stacks.find(account, name(stack))
    return found.outputs if found else None


def make(account: Account, stack: str, database: str) -> dict[str, str]:
    """Deploys it, and gives its outputs."""
    values = {"DatabaseName": database, "WayOut": "ipv6" if network.speaks_ipv6(account.region) else "none"}
    if version := default_version(account):
        values["EngineVersion"] = version
    sam.deploy(name(stack), account.region, values, "--template-file", TEMPLATE)
    return outputs(account, stack) or {}


def database_of(account: Account, found: dict[str, str]) -> Database:
    database = databases.find(account, "cluster/" + found["ClusterArn"].rpartition(":")[2])
    return replace(database, data_api=True, admin_secret=found["MasterSecretArn"])


def default_version(account: Account) -> str:
    """What the region takes today, where it can pause; else the template's own."""
    try:
        found = account.rds.describe_db_engine_versions(Engine="aurora-mysql", DefaultOnly=True)["DBEngineVersions"]
    except (BotoCoreError, ClientError):
        return ""
    for version in (entry["EngineVersion"] for entry in found):
        match = re.fullmatch(r"[89]\.\d\.mysql_aurora\.(\d+)\.(\d+)\.\d+", version)
        if match and (int(match[1]), int(match[2])) >= LEAST:
            return str(version)
    return ""
