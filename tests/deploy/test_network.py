"""Which way to SQS is chosen in which VPC.

The local AWS knows neither subnets with IPv6 nor shared ones, so here EC2's answers are botocore's own stubs, which
check them against its description of the service.
"""

import unittest

import boto3
from botocore.stub import Stubber

from deploying import conditions, network, template
from deploying.databases import Database
from servers.common import Failure

REGION, OWNER, OTHER = "eu-central-1", "111122223333", "999988887777"
EVERYWHERE = "0.0.0.0/0"


class Account:
    def __init__(self, client):
        self.ec2, self.region, self.id = client, REGION, OWNER


def database(subnets: tuple[str, ...]) -> Database:
    texts = {
        "kind": "instance",
        "name": "mydb",
        "status": "available",
        "engine": "mysql",
        "version": "8.4.6",
        "server": "h",
    }
    more = {"resource": "db-A", "arn": "", "database": "", "admin": "", "admin_secret": "", "zone": f"{REGION}b"}
    flags = {"signs_in": True, "public": False, "data_api": False, "port": 3306}
    return Database(**texts, **more, **flags, vpc="vpc-1", groups=("sg-1",), subnets=subnets)


def subnet(name: str, zone: str, owner: str = OWNER, ipv6: bool = False, free: int = 200) -> dict:
    block = [{"Ipv6CidrBlock": "2001:db8::/64", "Ipv6CidrBlockState": {"State": "associated"}}]
    zone = zone if "-" in zone else f"{REGION}{zone}"
    return {
        **{"SubnetId": name, "AvailabilityZone": zone, "OwnerId": owner, "AvailableIpAddressCount": free},
        "Ipv6CidrBlockAssociationSet": block if ipv6 else [],
    }


def chosen(
    subnets: list[dict], routes: dict[str, list[dict]], of_database=("a", "b"), endpoint=None, secrets=None, rds=None
) -> network.Network:
    """`routes` are those of a subnet, or of all others for `main`. `secrets` are the endpoints for Secrets Manager, if the
    function reads there, and `rds` those for RDS, if it wakes the database."""
    client = boto3.client("ec2", region_name=REGION)

    def associated(name):
        return {"Main": True} if name == "main" else {"SubnetId": name}

    tables = [{"Associations": [associated(name)], "Routes": ways} for name, ways in routes.items()]
    with Stubber(client) as stub:
        stub.add_response("describe_subnets", {"Subnets": subnets})
        stub.add_response("describe_route_tables", {"RouteTables": tables})
        stub.add_response("describe_vpc_endpoints", {"VpcEndpoints": [endpoint] if endpoint else []})
        for more in (more for more in (secrets, rds) if endpoint and more is not None):
            stub.add_response("describe_vpc_endpoints", {"VpcEndpoints": more})
        needs = {"reads_secret": secrets is not None, "wakes": rds is not None}
        return network.choose(Account(client), database(of_database), **needs)


def is_made(parsed: dict, value: object, given: dict[str, str]) -> bool:
    """Whether a variable is there."""
    while isinstance(value, dict) and "Fn::If" in value:
        condition, there, else_there = value["Fn::If"]
        value = there if conditions.holds(parsed, condition, given) else else_there
    return value != {"Ref": "AWS::NoValue"}


NAT = {"DestinationCidrBlock": EVERYWHERE, "NatGatewayId": "nat-1", "State": "active"}
EGRESS = {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"}
INTERNET = {"DestinationCidrBlock": EVERYWHERE, "GatewayId": "igw-1", "State": "active"}
TRANSIT = {"DestinationCidrBlock": EVERYWHERE, "TransitGatewayId": "tgw-1", "State": "active"}
OURS = [subnet("a", "a"), subnet("b", "b")]


class Ways(unittest.TestCase):
    def setUp(self) -> None:
        self.speaks, network.speaks_ipv6 = network.speaks_ipv6, lambda *of: True
        self.addCleanup(setattr, network, "speaks_ipv6", self.speaks)

    def test_without_a_way_out_one_endpoint_in_the_databases_zone(self):
        for routes in ([], [INTERNET], [{**NAT, "State": "blackhole"}]):
            way = chosen(OURS, {"main": routes})
            self.assertEqual((way.subnets, way.path), (("b",), "vpc-1"), routes)

    def test_a_nat_gateway_is_used_where_it_is_also_in_subnets_beside_the_databases(self):
        way = chosen([*OURS, subnet("c", "a"), subnet("d", "a")], {"c": [NAT], "d": [NAT]})
        self.assertEqual((way.subnets, way.path), (("c",), "existing"))
        way = chosen(OURS, {"main": [NAT]})
        self.assertEqual((way.subnets, way.path), (("b", "a"), "existing"))

    def test_ipv6_costs_least_and_needs_an_address_a_route_and_a_region_that_has_it(self):
        with_ipv6 = [subnet("a", "a", ipv6=True), subnet("b", "b", ipv6=True)]
        self.assertEqual(chosen(with_ipv6, {"main": [NAT, EGRESS]}).path, "ipv6")
        self.assertEqual(chosen(OURS, {"main": [NAT, EGRESS]}).path, "existing")
        network.speaks_ipv6 = lambda *of: False
        self.assertEqual(chosen(with_ipv6, {"main": [EGRESS]}).path, "vpc-1")

    def test_an_endpoint_that_is_there_is_used_if_it_answers_to_sqs_own_name(self):
        endpoint = {"VpcEndpointId": "vpce-1", "State": "available", "PrivateDnsEnabled": True}
        self.assertEqual(chosen(OURS, {}, endpoint=endpoint).path, "existing")
        self.assertEqual(chosen(OURS, {}, endpoint=endpoint | {"PrivateDnsEnabled": False}).path, "vpc-1")

    def test_who_reads_a_secret_needs_a_way_to_secrets_manager_too(self):
        endpoint = {"VpcEndpointId": "vpce-1", "State": "available", "PrivateDnsEnabled": True}
        self.assertEqual(chosen(OURS, {}, endpoint=endpoint, secrets=[]).path, "vpc-1")
        self.assertEqual(chosen(OURS, {"main": [NAT]}, endpoint=endpoint, secrets=[]).path, "existing")
        self.assertEqual(chosen(OURS, {}, endpoint=endpoint, secrets=[endpoint]).path, "existing")
        self.assertIn("by interface endpoints that are made", chosen(OURS, {}, secrets=[]).reason)

    def test_who_wakes_the_database_needs_a_way_to_rds_too(self):
        endpoint = {"VpcEndpointId": "vpce-1", "State": "available", "PrivateDnsEnabled": True}
        self.assertEqual(chosen(OURS, {}, endpoint=endpoint, rds=[]).path, "vpc-1")
        self.assertEqual(chosen(OURS, {}, endpoint=endpoint, rds=[endpoint]).path, "existing")
        with_ipv6 = [subnet("a", "a", ipv6=True), subnet("b", "b", ipv6=True)]
        self.assertEqual(chosen(with_ipv6, {"main": [NAT, EGRESS]}, rds=[]).path, "ipv6")
        network.speaks_ipv6 = lambda region, *others: "rds" not in others
        self.assertEqual(chosen(with_ipv6, {"main": [EGRESS]}, rds=[]).path, "vpc-1")
        # Who has two ways takes the other.
        self.assertEqual(chosen(with_ipv6, {"main": [NAT, EGRESS]}, rds=[]).path, "existing")

    def test_an_endpoint_has_the_name_that_its_region_gives_it(self):
        for region, partition, names in (
            (REGION, "aws", [f"com.amazonaws.{REGION}.{service}" for service in ("sqs", "rds", "secretsmanager")]),
            ("cn-north-1", "aws-cn", [f"cn.com.amazonaws.cn-north-1.{service}" for service in ("sqs", "rds")]),
        ):
            if partition == "aws-cn":
                names.append("com.amazonaws.cn-north-1.secretsmanager")
            self.assertEqual([network.endpoint(region, s) for s in ("sqs", "rds", "secretsmanager")], names)
            values = {"AWS::Region": region, "AWS::Partition": partition}
            made = template.parsed()["Resources"]
            named = [made[f"{s}Endpoint"]["Properties"]["ServiceName"] for s in ("Sqs", "Rds", "Secrets")]
            self.assertEqual([conditions.value(template.parsed(), name, values) for name in named], names)
        client = boto3.client("ec2", region_name="cn-north-1")
        account = Account(client)
        account.region = "cn-north-1"
        filters = [{"Name": "vpc-id", "Values": ["vpc-1"]}]
        filters += [{"Name": "service-name", "Values": ["cn.com.amazonaws.cn-north-1.sqs"]}]
        with Stubber(client) as stub:
            stub.add_response("describe_vpc_endpoints", {"VpcEndpoints": []}, {"Filters": filters})
            self.assertEqual(network.with_endpoint(account, "vpc-1", "sqs"), "")

    def test_no_function_has_addresses_of_both_families_and_an_address_of_its_own(self):
        # The clients refuse the two together.
        parsed = template.parsed()
        for path in ("ipv6", "existing", "vpc-1"):
            given = {name: each.default or "" for name, each in template.parameters().items()}
            given |= {"SubnetIds": "subnet-1", "PathToSqs": path, "WakeDatabase": "db:x", "MysqlPasswordSecret": "arn"}
            for name in template.functions():
                variables = parsed["Resources"][name]["Properties"]["Environment"]["Variables"]
                made = {variable for variable, value in variables.items() if is_made(parsed, value, given)}
                addresses = {variable for variable in made if variable.startswith("AWS_ENDPOINT_URL")}
                self.assertFalse("AWS_USE_DUALSTACK_ENDPOINT" in made and addresses, f"{name}: {path}: {addresses}")

    def test_in_a_shared_vpc_no_endpoint_is_made(self):
        shared = [subnet("a", "a", OTHER), subnet("b", "b", OTHER)]
        with self.assertRaises(Failure) as refused:
            chosen(shared, {})
        self.assertIn(f"the VPC vpc-1 belongs to account {OTHER}", str(refused.exception))
        self.assertEqual(chosen(shared, {"main": [NAT]}).path, "existing")
        self.assertEqual(chosen(shared, {"main": [TRANSIT]}).path, "existing")

    def test_full_subnets_and_those_of_other_cities_are_left_out(self):
        subnets = [subnet("a", "a", free=7), subnet("b", "b"), subnet("c", "us-west-2-lax-1a")]
        self.assertEqual(chosen(subnets, {}, ("a", "b", "c")).subnets, ("b",))
        with self.assertRaises(Failure) as refused:
            chosen([subnet("a", "a", free=0)], {}, ("a",))
        self.assertIn("has 8 free addresses", str(refused.exception))
