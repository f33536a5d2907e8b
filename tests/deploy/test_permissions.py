"""What the functions may do, and what stands in their way."""

import fnmatch
import os
import unittest
from unittest import mock

import permissions
from deploying import conditions, template
from servers.common import REPO

OWNER, OURS = "999988887777", "111122223333"
NAMES = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": OURS}
ROLES = [("template.yaml", "ScoreRole"), ("template.yaml", "ApiRole"), ("infra/setup.yaml", "SetUpRole")]


def made() -> dict:
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": "eu-central-1"}):
        return permissions.expanded((REPO / "template.yaml").read_text())["Resources"]


def allowed(file: str, role: str, action: str) -> list[str]:
    """The resources on which a role allows an action, but for those that a deployment is needed to know."""
    policies = template.parsed(file)["Resources"][role]["Properties"]["Policies"]
    statements = [s for policy in permissions.branches(policies) for s in policy["PolicyDocument"]["Statement"]]
    fit = [s for s in statements if s.get("Effect") == "Allow" and action in permissions.listed(s["Action"])]
    return [conditions.value({}, each, NAMES) for s in fit for each in permissions.listed(s["Resource"])]


class Endpoints(unittest.TestCase):
    def test_what_a_function_may_do_by_an_endpoint_is_let_through(self):
        resources = made()
        self.assertEqual(permissions.check_endpoints(resources), [])
        # By this a message that is to come later is put off (src/lambda/queue.rs).
        [first, *_] = resources["SqsEndpoint"]["Properties"]["PolicyDocument"]["Statement"]
        self.assertIn("sqs:ChangeMessageVisibility", first["Action"])

    def test_what_an_endpoint_does_not_let_through_is_told(self):
        for endpoint, told in (
            ("SqsEndpoint", "SqsEndpoint does not let sqs:GetQueueAttributes on DeadLetterQueue.Arn through"),
            ("SecretsEndpoint", "SecretsEndpoint does not let secretsmanager:GetSecretValue on secret of Reader"),
        ):
            resources = made()
            resources[endpoint]["Properties"]["PolicyDocument"]["Statement"] = []
            self.assertIn(told, "\n".join(permissions.check_endpoints(resources)))


class SharedVpc(unittest.TestCase):
    def test_in_subnets_that_another_account_shares_lambda_may_make_its_interfaces(self):
        for file, role in ROLES:
            patterns = allowed(file, role, "ec2:CreateNetworkInterface")
            for account, what in (
                *[(OURS, kind) for kind in ("network-interface/eni-1", "subnet/subnet-1", "security-group/sg-1")],
                *[(OWNER, kind) for kind in ("subnet/subnet-1", "security-group/sg-1")],
            ):
                arn = f"arn:aws:ec2:eu-central-1:{account}:{what}"
                self.assertTrue(any(fnmatch.fnmatchcase(arn, each) for each in patterns), f"{role}: {arn}")

    def test_nothing_else_of_others_may_be_touched(self):
        for file, role in ROLES:
            for action in ("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses"):
                arn = f"arn:aws:ec2:eu-central-1:{OWNER}:network-interface/eni-1"
                self.assertFalse(any(fnmatch.fnmatchcase(arn, each) for each in allowed(file, role, action)), role)


if __name__ == "__main__":
    unittest.main()
