"""From which subnets the function reaches the database, and how it reaches SQS from there."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from typing import Any

from servers.common import Failure

from .account import Account
from .databases import Database, pages

# Lambda takes an address of each subnet for itself, and RDS and endpoints theirs.
LEAST_ADDRESSES = 8
# The service's name in that of its endpoints.
SECRETS = "secretsmanager"
# Services whose endpoints are called otherwise in China.
CALLED_OTHERWISE = ("sqs", "rds")
# Zones that a region has in other cities hold no Lambda; theirs are names like us-west-2-lax-1a.
OF_THE_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d[a-z]")


@dataclass(frozen=True)
class Subnet:
    id: str
    zone: str
    owner: str
    of_database: bool
    ways: tuple[str, ...]  # of ipv6, nat and transit


@dataclass(frozen=True)
class Network:
    subnets: tuple[str, ...]
    path: str  # as PathToSqs has it
    reason: str


def choose(account: Account, database: Database, *, reads_secret: bool = False, wakes: bool = False) -> Network:
    """The way that costs least of those that the VPC has; a subnet in the database's zone first. Who reads a secret needs
    one to Secrets Manager, too, and who wakes the database one to RDS."""
    subnets = usable(account, database)

    def near(of: str) -> tuple[str, ...]:
        return pick([subnet for subnet in subnets if of in subnet.ways], database.zone, 2)

    own = with_endpoint(account, database.vpc, "sqs")
    others = [SECRETS] * reads_secret + ["rds"] * wakes
    if own and all(with_endpoint(account, database.vpc, service) for service in others):
        these = pick([s for s in subnets if s.of_database], database.zone, 2)
        return Network(these, "existing", f"the VPC has the endpoint {own} for SQS, which costs nothing more")
    if (these := near("ipv6")) and speaks_ipv6(account.region, *["rds"] * wakes):
        return Network(these, "ipv6", "by IPv6 and the VPC's egress-only gateway, which costs nothing")
    if these := near("nat"):
        return Network(these, "existing", "by the NAT gateway that the subnets have")
    if these := near("transit"):
        return Network(
            these,
            "existing",
            "by the transit or VPN gateway that the subnets' routes name; that it reaches SQS was not seen",
        )
    own_ones = [subnet for subnet in subnets if subnet.owner == account.id and subnet.of_database]
    if not own_ones:
        raise Failure(
            f"the VPC {database.vpc} belongs to account {subnets[0].owner} and is shared with {account.id}: an interface endpoint "
            "can be made there by its owner only, and the subnets have no other way to SQS. Ask the owner for an endpoint "
            f"for {endpoint(account.region, 'sqs')} with private DNS, a NAT gateway, or IPv6 with an egress-only gateway"
        )
    these = pick(own_ones, database.zone, 1)
    made = "interface endpoints that are" if others else "an interface endpoint that is"
    return Network(these, database.vpc, f"by {made} made for it; the subnets have no way out")


def usable(account: Account, database: Database) -> list[Subnet]:
    filters = [{"Name": "vpc-id", "Values": [database.vpc]}]
    found = pages(account.ec2, "describe_subnets", "Subnets", Filters=filters)
    ways = Ways(pages(account.ec2, "describe_route_tables", "RouteTables", Filters=filters))
    subnets = [
        Subnet(s["SubnetId"], s["AvailabilityZone"], s["OwnerId"], s["SubnetId"] in database.subnets, ways.of(s))
        for s in found
        if s.get("AvailableIpAddressCount", LEAST_ADDRESSES) >= LEAST_ADDRESSES
        and not s.get("OutpostArn")
        and OF_THE_REGION.fullmatch(s["AvailabilityZone"])
    ]
    if not any(subnet.of_database for subnet in subnets):
        raise Failure(
            f"no subnet of {database.title} has {LEAST_ADDRESSES} free addresses (its subnets: {', '.join(database.subnets)}). "
            "Free some, or give others of the VPC: make deploy DATABASE=... ANSWERS='SubnetIds=subnet-...'"
        )
    return subnets


class Ways:
    """The ways out that each subnet's routes give it."""

    def __init__(self, tables: list[dict[str, Any]]):
        self.main: list[dict[str, Any]] = []
        self.own: dict[str, list[dict[str, Any]]] = {}
        for table in tables:
            for association in table.get("Associations", []):
                if association.get("Main"):
                    self.main = table["Routes"]
                elif subnet := association.get("SubnetId"):
                    self.own[subnet] = table["Routes"]

    def of(self, subnet: dict[str, Any]) -> tuple[str, ...]:
        everywhere = self.everywhere(subnet)
        by_ipv6 = [route for route in self.active(subnet) if route.get("DestinationIpv6CidrBlock") == "::/0"]
        has_ipv6 = any(
            block.get("Ipv6CidrBlockState", {}).get("State", "associated") == "associated"
            for block in subnet.get("Ipv6CidrBlockAssociationSet", [])
        )
        found = {
            "ipv6": has_ipv6 and any(route.get("EgressOnlyInternetGatewayId") for route in by_ipv6),
            "nat": any(route.get("NatGatewayId") for route in everywhere),
            "transit": any(is_gateway(route) for route in everywhere),
        }
        return tuple(way for way, is_there in found.items() if is_there)

    def leads_out_by_ipv4(self, subnet: dict[str, Any]) -> bool:
        """Whether there is a way out for who has no IPv6 address."""
        return any(route.get("NatGatewayId") or is_gateway(route) for route in self.everywhere(subnet))

    def active(self, subnet: dict[str, Any]) -> list[dict[str, Any]]:
        return [r for r in self.own.get(subnet["SubnetId"], self.main) if r.get("State", "active") == "active"]

    def everywhere(self, subnet: dict[str, Any]) -> list[dict[str, Any]]:
        return [route for route in self.active(subnet) if route.get("DestinationCidrBlock") == "0.0.0.0/0"]


def is_gateway(route: dict[str, Any]) -> bool:
    """Whether a route leads to a network beyond. An internet gateway is no way out: Lambda gives the function no public
    address."""
    return bool(route.get("TransitGatewayId")) or route.get("GatewayId", "").startswith("vgw-")


def endpoint(region: str, service: str) -> str:
    """What the endpoints for a service are called, as the template has it."""
    china = "cn." if region.startswith("cn-") and service in CALLED_OTHERWISE else ""
    return f"{china}com.amazonaws.{region}.{service}"


def with_endpoint(account: Account, vpc: str, service: str) -> str:
    """An endpoint for a service that answers to the service's own name, if the VPC has one."""
    filters = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "service-name", "Values": [endpoint(account.region, service)]},
    ]
    found = pages(account.ec2, "describe_vpc_endpoints", "VpcEndpoints", Filters=filters)
    ready = [
        e["VpcEndpointId"] for e in found if e.get("PrivateDnsEnabled") and e.get("State", "").lower() == "available"
    ]
    return ready[0] if ready else ""


def pick(subnets: list[Subnet], zone: str, most: int) -> tuple[str, ...]:
    """One subnet of each zone, at most so many, the given zone's first: an endpoint accepts no two of a zone."""
    chosen: dict[str, str] = {}
    for subnet in sorted(subnets, key=lambda s: (s.zone != zone, not s.of_database, s.zone, s.id)):
        chosen.setdefault(subnet.zone, subnet.id)
    return tuple(chosen.values())[:most]


def speaks_ipv6(region: str, *others: str) -> bool:
    """Whether SQS, and the other services, have IPv6 addresses in this region."""
    if os.environ.get("AWS_ENDPOINT_URL"):
        return True
    try:
        return all(socket.getaddrinfo(f"{name}.{region}.api.aws", 443, socket.AF_INET6) for name in ("sqs", *others))
    except OSError:
        return False


def check_secrets(account: Account, subnets: str, path: str) -> None:
    """Whether a function that reads a secret finds a way to Secrets Manager. By IPv6 it does: that has addresses of both
    families, https://docs.aws.amazon.com/secretsmanager/latest/userguide/ip-access.html."""
    if path == "existing" and (without := without_secrets(account, subnets)):
        vpc = account.ec2.describe_subnets(SubnetIds=without)["Subnets"][0]["VpcId"]
        raise Failure(
            f"the function reads MysqlPasswordSecret itself, and finds no way to Secrets Manager from {', '.join(without)}: no NAT, "
            f"transit or VPN gateway, and no endpoint for {endpoint(account.region, SECRETS)} with private DNS. Make such an "
            f"endpoint, give PathToSqs={vpc}, which makes one for this function only, or log in with IAM: MysqlPasswordSecret= "
            "and DatabaseResourceId=... (docs/DEPLOY.md)"
        )


def without_secrets(account: Account, subnets: str) -> list[str]:
    """Those of the subnets from which there is no way to Secrets Manager."""
    ids = [subnet for subnet in subnets.split(",") if subnet]
    if not ids:
        return []
    found = account.ec2.describe_subnets(SubnetIds=ids)["Subnets"]
    vpc = found[0]["VpcId"]
    if with_endpoint(account, vpc, SECRETS):
        return []
    tables = pages(account.ec2, "describe_route_tables", "RouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc]}])
    ways = Ways(tables)
    return [subnet["SubnetId"] for subnet in found if not ways.leads_out_by_ipv4(subnet)]


def check(account: Account, subnets: str, path: str) -> None:
    """What the template cannot see of subnets that somebody chose."""
    ids = [subnet for subnet in subnets.split(",") if subnet]
    if not ids:
        return
    found = account.ec2.describe_subnets(SubnetIds=ids)["Subnets"]
    vpcs = sorted({subnet["VpcId"] for subnet in found})
    if len(vpcs) > 1:
        raise Failure(
            f"SubnetIds is `{subnets}`, of several VPCs ({', '.join(vpcs)}); accepted: subnets of the database's"
        )
    if not path.startswith("vpc-"):
        return
    zones = [subnet["AvailabilityZone"] for subnet in found]
    if len(set(zones)) < len(zones):
        raise Failure(
            f"SubnetIds is `{subnets}`, of which two are in one zone ({', '.join(sorted(zones))}): an endpoint accepts one of each "
            "zone. Leave one out"
        )
    if vpcs != [path]:
        raise Failure(f"PathToSqs is `{path}`, and the subnets are in {vpcs[0]}; accepted: PathToSqs={vpcs[0]}")
    if others := sorted({subnet["OwnerId"] for subnet in found} - {account.id}):
        raise Failure(
            f"SubnetIds is `{subnets}`, which account {others[0]} owns: only that can make an endpoint. Give PathToSqs=existing"
        )
