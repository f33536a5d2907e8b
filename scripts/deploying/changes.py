"""What is changed outside of the stack, so that the function may log in and get through."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from servers.common import Failure

from .account import Account
from .databases import Database

# RDS takes a minute or some for it.
LOOKS, PAUSE = 180, 5


@dataclass(frozen=True)
class Change:
    text: str
    make: Callable[[], None]


def sign_in(account: Account, database: Database) -> Change:
    """Turns on logins with IAM, and waits until that is done; RDS needs no restart for it."""

    def make() -> None:
        if database.kind == "cluster":
            account.rds.modify_db_cluster(
                DBClusterIdentifier=database.name, EnableIAMDatabaseAuthentication=True, ApplyImmediately=True
            )
        else:
            account.rds.modify_db_instance(
                DBInstanceIdentifier=database.name, EnableIAMDatabaseAuthentication=True, ApplyImmediately=True
            )
        for _ in range(LOOKS):
            if signs_in(account, database):
                return
            time.sleep(PAUSE)
        raise Failure(
            f"{database.title} does not take IAM logins yet. Wait until it is available, and call make deploy again"
        )

    return Change(f"turns on IAM authentication of {database.title}, without a restart", make)


def signs_in(account: Account, database: Database) -> bool:
    """Whether it takes logins with IAM by now."""
    if database.kind == "cluster":
        [found] = account.rds.describe_db_clusters(DBClusterIdentifier=database.name)["DBClusters"]
    else:
        [found] = account.rds.describe_db_instances(DBInstanceIdentifier=database.name)["DBInstances"]
    status = found.get("DBInstanceStatus") or found.get("Status")
    return bool(found.get("IAMDatabaseAuthenticationEnabled")) and status != "modifying"


def group_name(stack: str) -> str:
    return f"{stack}-function"


def existing_group(account: Account, stack: str, vpc: str) -> str:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": [group_name(stack)]}]
    found = account.ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    return found[0]["GroupId"] if found else ""


def lost_groups(account: Account, groups: list[str]) -> list[str]:
    """Those of the groups that are not there any more."""
    found = account.ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": groups}])["SecurityGroups"]
    return sorted(set(groups) - {each["GroupId"] for each in found})


def function_group(account: Account, stack: str, vpc: str, take: Callable[[str], None]) -> Change:
    """Makes a security group for the function, which nothing may enter."""

    def make() -> None:
        tags = [{"Key": "project", "Value": "rowscore"}, {"Key": "stack", "Value": stack}]
        made = account.ec2.create_security_group(
            GroupName=group_name(stack),
            Description=f"The function of the stack {stack}",
            VpcId=vpc,
            TagSpecifications=[{"ResourceType": "security-group", "Tags": tags}],
        )
        take(made["GroupId"])

    return Change(f"makes the security group {group_name(stack)} in {vpc}, which nothing may enter", make)


def lets_in(account: Account, database: Database, group: str) -> bool:
    """Whether one of the database's security groups lets this one in on its port."""
    if not database.groups or not group:
        return False
    found = account.ec2.describe_security_groups(GroupIds=list(database.groups))["SecurityGroups"]
    return any(fits(rule, database.port, group) for each in found for rule in each.get("IpPermissions", []))


def fits(rule: dict[str, Any], port: int, group: str) -> bool:
    covers = rule.get("IpProtocol") == "-1" or rule.get("FromPort", 1) <= port <= rule.get("ToPort", 0)
    return covers and any(pair.get("GroupId") == group for pair in rule.get("UserIdGroupPairs", []))


def entrance(account: Account, database: Database, group: Callable[[], str]) -> Change:
    """Lets the function's security group into the database's."""

    def make() -> None:
        pair = {"GroupId": group(), "Description": "The function of rowscore"}
        permission = {
            "IpProtocol": "tcp",
            "FromPort": database.port,
            "ToPort": database.port,
            "UserIdGroupPairs": [pair],
        }
        account.ec2.authorize_security_group_ingress(GroupId=database.groups[0], IpPermissions=[permission])

    return Change(f"lets that group into the database's, {database.groups[0]}, on port {database.port}", make)
