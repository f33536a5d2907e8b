"""The token for who collects lineage, in a secret: which one the function may read, and what is looked at before."""

from typing import Any

from deploying import conditions, settings, template
from world import Deployed

URL = "LINEAGE_URL=https://marquez.example.com"


def allowed(text: str) -> dict[str, Any]:
    """The secret that the function's role and the endpoint allow with these Settings."""
    parsed = template.parsed()
    [policy, *_] = parsed["Resources"]["ScoreRole"]["Properties"]["Policies"]
    made = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"] if "Sid" in each}
    [endpoint] = parsed["Resources"]["SecretsEndpoint"]["Properties"]["PolicyDocument"]["Statement"]
    found = {
        "role": made["ReadTheToken"]["Resource"],
        "key": made["DecryptTheToken"]["Condition"]["StringEquals"]["kms:EncryptionContext:SecretARN"],
        "endpoint": endpoint["Resource"][-1],
    }
    names = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "1" * 12, "Settings": text}
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

    def test_the_secret_that_settings_name_goes_to_the_function_which_may_read_it_and_no_other(self):
        self.nat()
        arn = self.secret("lineage")
        for reference in (arn, f"{arn}:SecretString:bearer"):
            with self.subTest(reference):
                said = self.deploy(*self.given(reference, URL))
                given = self.calls("deploy")[-1]["values"]["Settings"]
                self.assertEqual(settings.parse(given)["LINEAGE_TOKEN_SECRET"], reference)
                self.assertEqual(set(allowed(given).values()), {arn})
                self.assertIn("$0.40  secret with a token", said)
                self.assertNotIn("no way to Secrets Manager", said)
                self.assertNotIn("t0ken", said + self.log.read_text())

    def test_the_secret_is_found_wherever_in_settings_it_stands(self):
        arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds!x/lineage-AbCdEf"
        for name in ("", ":SecretString:bearer", ":SecretString:bearer::4d1f-0"):
            for text in (
                f"LINEAGE_TOKEN_SECRET={arn}{name}",
                f"LANES=4,LINEAGE_TOKEN_SECRET={arn}{name},{URL}",
                f'FEATURE_COLUMNS="a, b" LINEAGE_TOKEN_SECRET={arn}{name} {URL}',
            ):
                self.assertEqual(set(allowed(text).values()), {arn}, text)
        # No secret has such an ARN: each ends with six characters of its own.
        [nobody] = set(allowed(f"LANES=4 {URL}").values())
        self.assertTrue(nobody.startswith("arn:aws:") and nobody.endswith(":secret:rowscore-tells-nobody"), nobody)

    def test_what_the_template_would_not_find_is_refused_and_not_said_again(self):
        arn = self.secret("lineage")
        for reference in ("t0ken", f"{arn}:SecretString:t0,ken", f'{arn}:SecretString:t0"ken', f"{arn[:-6]}*"):
            said = self.refuse(*self.given(reference, URL))
            self.assertIn("LINEAGE_TOKEN_SECRET names no secret; accepted: the ARN of one", said)
            self.assertNotIn(reference, said)
        self.assertEqual((self.let_in(), self.calls("deploy")), ([], []))

    def test_one_that_is_not_there_or_has_no_use_is_refused(self):
        missing = f"arn:aws:secretsmanager:eu-central-1:{self.account}:secret:none-AbCdEf"
        self.assertIn("LINEAGE_TOKEN_SECRET: Secrets Manager has no secret", self.refuse(*self.given(missing, URL)))
        arn = self.secret("lineage")
        for more in ((), ("LINEAGE_URL=http://marquez.example.com",)):
            said = self.refuse(*self.given(arn, *more))
            self.assertIn("LINEAGE_TOKEN_SECRET needs LINEAGE_URL", said)
        self.assertEqual(self.calls("deploy"), [])

    def test_where_no_way_to_secrets_manager_is_seen_it_is_said_and_deployed_all_the_same(self):
        arn = self.secret("lineage")
        said = self.deploy(*self.given(arn, URL, f"PathToSqs={self.vpc}"))
        self.assertIn("no way to Secrets Manager was seen", said)
        self.assertIn("com.amazonaws.eu-central-1.secretsmanager with private DNS", said)
        # With a password there is an endpoint, whose policy names this secret, too.
        password = self.secret("password")
        login = ("DatabaseResourceId=", f"MysqlPasswordSecret={password}")
        said = self.deploy(*self.given(arn, URL, f"PathToSqs={self.vpc}", *login))
        self.assertNotIn("no way to Secrets Manager", said)
