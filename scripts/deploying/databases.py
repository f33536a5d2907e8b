"""The databases that there are, and the one that is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from servers.common import Failure

from .account import Account

# What rowscore promises to work with (docs/TABLE.md), by the engine's name in RDS.
OLDEST = {"mysql": (8, 0, 22), "mariadb": (10, 6), "aurora-mysql": (8, 0)}
# Statuses in which a database takes no connections.
ASLEEP = {"stopped", "stopping", "inaccessible-encryption-credentials", "failed", "deleting"}


@dataclass(frozen=True)
class Database:
    kind: str  # instance or cluster
    name: str
    status: str
    engine: str
    version: str
    server: str
    port: int
    resource: str
    arn: str
    signs_in: bool  # whether IAM authentication is on
    public: bool
    data_api: bool
    database: str  # the one that was made with it, if any
    admin: str
    admin_secret: str
    vpc: str
    zone: str
    subnets: tuple[str, ...]
    groups: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def wake(self) -> str:
        """As the end of its ARN."""
        return f"{'db' if self.kind == 'instance' else 'cluster'}:{self.name}"


def pages(client: Any, operation: str, key: str, **options: Any) -> list[dict[str, Any]]:
    return [item for page in client.get_paginator(operation).paginate(**options) for item in page[key]]


def is_ours(found: dict[str, Any]) -> bool:
    return found.get("Engine") in OLDEST


def listed(account: Account) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Instances that stand alone, and clusters, by name."""
    clusters = {c["DBClusterIdentifier"]: c for c in pages(account.rds, "describe_db_clusters", "DBClusters")}
    instances = {i["DBInstanceIdentifier"]: i for i in pages(account.rds, "describe_db_instances", "DBInstances")}
    return instances, clusters


def titles(account: Account) -> list[str]:
    instances, clusters = listed(account)
    alone = [f"instance/{n}" for n, i in instances.items() if is_ours(i) and not i.get("DBClusterIdentifier")]
    return sorted(alone + [f"cluster/{n}" for n, c in clusters.items() if is_ours(c)])


def choice(account: Account) -> str:
    """The databases that there are, as what to call next."""
    found = titles(account)
    if not found:
        return (
            f"There is no MySQL, MariaDB or Aurora MySQL in {account.region} of account {account.id}. Choose another region "
            "(export AWS_REGION=...), or have one made: make deploy DATABASE=new"
        )
    names = [title.partition("/")[2] for title in found]
    calls = [title if names.count(name) > 1 else name for title, name in zip(found, names, strict=True)]
    lines = "".join(
        f"\n  make deploy DATABASE={call:<30} # {title.partition('/')[0]}"
        for call, title in zip(calls, found, strict=True)
    )
    return f"Those in {account.region} of account {account.id}:{lines}\n  make deploy DATABASE=new{'':<28}# makes an Aurora"


def find(account: Account, wanted: str) -> Database:
    """The database of that name; instance/NAME or cluster/NAME where both are called so."""
    kind, slash, name = wanted.rpartition("/")
    if slash and kind not in ("instance", "cluster"):
        raise Failure(f"DATABASE is `{wanted}`; accepted: NAME, instance/NAME, cluster/NAME or new")
    # RDS keeps names in small letters.
    name = name.lower()
    instances, clusters = listed(account)
    instance = instances.get(name) if kind != "cluster" else None
    cluster = clusters.get(name) if kind != "instance" else None
    if instance and cluster:
        raise Failure(
            f"an instance and a cluster are called `{name}`. Call make deploy DATABASE=instance/{name}, or DATABASE=cluster/{name}"
        )
    if instance and instance.get("DBClusterIdentifier"):
        # A cluster's instance comes and goes; the cluster's name stays with the writer.
        cluster = clusters[instance["DBClusterIdentifier"]]
        instance = None
    if not (instance or cluster):
        raise Failure(f"there is no database `{wanted}`. {choice(account)}")
    found = of_instance(instance) if instance else of_cluster(account, cluster or {}, instances)
    check(found)
    return found


def by_server(account: Account, server: str) -> str:
    """The title of what has this endpoint, if anything has."""
    instances, clusters = listed(account)
    for name, cluster in clusters.items():
        if cluster.get("Endpoint") == server:
            return f"cluster/{name}"
    found = [name for name, i in instances.items() if i.get("Endpoint", {}).get("Address") == server]
    return f"instance/{found[0]}" if found else ""


def of_instance(found: dict[str, Any]) -> Database:
    group = found.get("DBSubnetGroup", {})
    return Database(
        kind="instance",
        name=found["DBInstanceIdentifier"],
        status=found.get("DBInstanceStatus", ""),
        server=found.get("Endpoint", {}).get("Address", ""),
        port=found.get("Endpoint", {}).get("Port", 3306),
        resource=found.get("DbiResourceId", ""),
        arn=found.get("DBInstanceArn", ""),
        public=bool(found.get("PubliclyAccessible")),
        data_api=False,
        database=found.get("DBName") or "",
        vpc=group.get("VpcId", ""),
        zone=found.get("AvailabilityZone", ""),
        subnets=tuple(subnet["SubnetIdentifier"] for subnet in group.get("Subnets", [])),
        **shared(found),
    )


def of_cluster(account: Account, found: dict[str, Any], instances: dict[str, dict[str, Any]]) -> Database:
    writers = [m["DBInstanceIdentifier"] for m in found.get("DBClusterMembers", []) if m.get("IsClusterWriter")]
    writer = instances.get(writers[0], {}) if writers else {}
    name = found.get("DBSubnetGroup") or "default"
    [group] = account.rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    return Database(
        kind="cluster",
        name=found["DBClusterIdentifier"],
        status=found.get("Status", ""),
        server=found.get("Endpoint", ""),
        port=found.get("Port", 3306),
        resource=found.get("DbClusterResourceId", ""),
        arn=found.get("DBClusterArn", ""),
        public=bool(writer.get("PubliclyAccessible")),
        data_api=bool(found.get("HttpEndpointEnabled")),
        database=found.get("DatabaseName") or "",
        vpc=group.get("VpcId", ""),
        zone=writer.get("AvailabilityZone", ""),
        subnets=tuple(subnet["SubnetIdentifier"] for subnet in group.get("Subnets", [])),
        **shared(found),
    )


def shared(found: dict[str, Any]) -> dict[str, Any]:
    """What instances and clusters call the same."""
    return {
        "engine": found.get("Engine", ""),
        "version": found.get("EngineVersion", ""),
        "signs_in": bool(found.get("IAMDatabaseAuthenticationEnabled")),
        "admin": found.get("MasterUsername", "admin"),
        "admin_secret": (found.get("MasterUserSecret") or {}).get("SecretArn", ""),
        "groups": tuple(group["VpcSecurityGroupId"] for group in found.get("VpcSecurityGroups", [])),
    }


def check(found: Database) -> None:
    if not is_ours({"Engine": found.engine}):
        raise Failure(f"{found.title} is a {found.engine}; accepted: {', '.join(OLDEST)}")
    version = tuple(int(part) for part in re.findall(r"\d+", found.version)[:3])
    if version and version < OLDEST[found.engine]:
        least = ".".join(map(str, OLDEST[found.engine]))
        raise Failure(f"{found.title} is {found.engine} {found.version}; accepted: {least} or later. Upgrade it first")
    if not found.server:
        raise Failure(
            f"{found.title} is {found.status or 'not ready'} and has no endpoint yet. Wait, and call this again"
        )
