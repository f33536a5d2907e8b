"""The token for who collects lineage, in a secret: which ones the function may read, and what is looked at before."""

from fnmatch import fnmatchcase
from typing import Any

from deploying import conditions, template
from world import Deployed

URL = "LINEAGE_URL=https://marquez.example.com"


def allowed(stack: str, region: str, account: str) -> dict[str, Any]:
    """What the function's role and the endpoint allow on secrets named for the stack."""
    parsed = template.parsed()
    names = {"AWS::Partition": "aws", "AWS::Region": region, "AWS::AccountId": account, "AWS::StackName": stack}
    [policy, *_] = parsed["Resources"]["ScoreRole"]["Properties"]["Policies"]
    made = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"] if "Sid" in each}
    like = made["DecryptTheToken"]["Condition"]["StringLike"]
    [endpoint] = parsed["Resources"]["SecretsEndpoint"]["Properties"]["PolicyDocument"]["Statement"]
    found = {
        "role": made["ReadTheToken"]["Resource"],
        "key": like["kms:EncryptionContext:SecretARN"],
        "endpoint": endpoint["Resource"][-1],
    }
    return {who: conditions.value(parsed, each, names) for who, each in found.items()}


class Tokens(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        self.instance()
        self.secrets = self.client("secretsmanager")
        self.environment["ADMIN_PASSWORD"] = "secret99"

    def secret(self, name: str, **other: str) -> str:
        return self.secrets.create_secret(Name=name, SecretString="t0ken", **other)["ARN"]

    def given(self, reference: str, *more: str) -> tuple[str, ...]:
        return ("--database", "mydb", "--yes", *more, f"LINEAGE_TOKEN_SECRET={reference}")

    def test_a_secret_that_is_named_for_the_stack_goes_to_the_function_which_may_read_it(self):
        self.nat()
        for stack in ("rowscore", "Other-Stack-" + "x" * 100):
            with self.subTest(stack):
                arn = self.secret(f"rowscore/{stack}/lineage")
                reference = f"{arn}:SecretString:bearer"
                said = self.deploy(*self.given(reference, "--stack", stack, URL))
                self.assertIn(f"LINEAGE_TOKEN_SECRET={reference}", self.calls("deploy")[-1]["values"]["Settings"])
                self.assertIn("$0.40  secret with a token", said)
                self.assertNotIn("no way to Secrets Manager", said)
                self.assertNotIn("t0ken", said + self.log.read_text())
                for who, pattern in allowed(stack, "eu-central-1", self.account).items():
                    self.assertTrue(fnmatchcase(arn, pattern), (who, pattern))
                    for other in ("rowscore/Rowscore/x", "rowscore/rowscore2/x", "lineage", "x/rowscore/rowscore/x"):
                        self.assertFalse(fnmatchcase(self.named(other), pattern), (who, pattern, other))

    def named(self, name: str) -> str:
        return f"arn:aws:secretsmanager:eu-central-1:{self.account}:secret:{name}-AbCdEf"

    def test_a_secret_that_the_function_may_not_read_is_refused_with_the_command_that_makes_one(self):
        own = "rowscore/rowscore/lineage"
        elsewhere = f"arn:aws:secretsmanager:us-east-1:{self.account}:secret:{own}-AbCdEf"
        others = f"arn:aws:secretsmanager:eu-central-1:999999999999:secret:{own}-AbCdEf"
        for reference in (self.secret("lineage"), self.secret("rowscore/other/lineage"), elsewhere, others):
            said = self.refuse(*self.given(reference, URL))
            self.assertIn(f"LINEAGE_TOKEN_SECRET is `{reference}`; accepted: a secret of eu-central-1", said)
            self.assertIn("whose name begins with rowscore/rowscore/, because", said)
            self.assertIn(f"aws secretsmanager create-secret --region eu-central-1 --name {own} --secret-string", said)
        # The token itself is not said again.
        said = self.refuse(*self.given("t0ken", URL))
        self.assertIn("LINEAGE_TOKEN_SECRET names no secret; accepted: the ARN of one. To make one:", said)
        self.assertNotIn("t0ken", said)
        self.assertEqual((self.let_in(), self.calls("deploy")), ([], []))

    def test_one_that_is_not_there_or_has_no_use_is_refused(self):
        missing = f"arn:aws:secretsmanager:eu-central-1:{self.account}:secret:rowscore/rowscore/none-AbCdEf"
        self.assertIn("LINEAGE_TOKEN_SECRET: Secrets Manager has no secret", self.refuse(*self.given(missing, URL)))
        arn = self.secret("rowscore/rowscore/lineage")
        for more in ((), ("LINEAGE_URL=http://marquez.example.com",)):
            said = self.refuse(*self.given(arn, *more))
            self.assertIn("LINEAGE_TOKEN_SECRET needs LINEAGE_URL", said)
        self.assertEqual(self.calls("deploy"), [])

    def test_where_no_way_to_secrets_manager_is_seen_it_is_said_and_deployed_all_the_same(self):
        arn = self.secret("rowscore/rowscore/lineage")
        said = self.deploy(*self.given(arn, URL, f"PathToSqs={self.vpc}"))
        self.assertIn("no way to Secrets Manager was seen", said)
        self.assertIn("com.amazonaws.eu-central-1.secretsmanager with private DNS", said)
        # With a password there is an endpoint, whose policy names these secrets.
        password = self.secret("password")
        login = ("DatabaseResourceId=", f"MysqlPasswordSecret={password}")
        said = self.deploy(*self.given(arn, URL, f"PathToSqs={self.vpc}", *login))
        self.assertNotIn("no way to Secrets Manager", said)
