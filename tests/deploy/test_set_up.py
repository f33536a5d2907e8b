"""Tables, logins and grants, made from inside of the VPC by a function that is there for that alone."""

import contextlib
import io
import json
import unittest
from types import SimpleNamespace
from unittest import mock

from botocore.exceptions import ClientError

from deploying import sam, set_up
from deploying.answers import Answers
from deploying.secrets import Login
from servers.common import Failure
from world import Deployed

REFUSED = json.dumps(
    {"done": [], "notices": [], "failed": "Access denied for user 'admin'", "remedy": "ADMIN_SECRET=..."}
)


class SetUp(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        self.instance()
        login = json.dumps({"username": "boss", "password": "se?ret/99"})
        self.secret = self.client("secretsmanager").create_secret(Name="the-admin", SecretString=login)["ARN"]

    def events(self) -> list[dict]:
        """What the function was asked for."""
        file = self.log.with_name(f"{self.log.name}.events")
        return [json.loads(line)["set_up"] for line in file.read_text().splitlines()] if file.exists() else []

    def stacks(self) -> list[str]:
        found = self.client("cloudformation").list_stacks()["StackSummaries"]
        return sorted(s["StackName"] for s in found if not s["StackStatus"].startswith("DELETE_"))

    def test_with_the_administrators_secret_everything_is_made_before_the_first_trial(self):
        said = self.deploy("--database", "mydb", "--yes", "ADMIN_SECRET=the-admin")
        [asked] = self.events()
        expected = {"admin": {"login": "boss", "password": "se?ret/99"}, "scorer": {"login": "scorer"}, "create": True}
        self.assertEqual(asked, expected)
        self.assertIn("by a function in the VPC that is removed afterwards", said)
        self.assertIn("  The tables are in place in database `shop`.", said)
        self.assertTrue(said.rstrip().endswith("All is well."), said)
        self.assertNotIn("on a machine that reaches the database", said)
        set_up, function = self.calls("deploy")
        self.assertIn("infra/setup.yaml", set_up["arguments"])
        for name in ("SubnetIds", "SecurityGroupIds", "Settings", "Architecture"):
            self.assertEqual(set_up["values"][name], function["values"][name])
        self.assertTrue(set_up["values"]["SecurityGroupIds"].startswith("sg-"))
        self.assertEqual(self.stacks(), ["rowscore"])
        # The name of the secret is kept, and what is in it nowhere.
        self.assertEqual(self.answers()["ADMIN_SECRET"], "the-admin")
        for text in (said, (self.root / "deploy.env").read_text(), self.log.read_text()):
            self.assertNotIn("se?ret", text)

    def test_it_is_asked_for_and_nothing_happens_before_somebody_says_yes(self):
        answers = ("", "", "", "", "", "the-admin", "no")
        said = self.refuse("--database", "mydb", said="".join(f"{answer}\n" for answer in answers))
        self.assertIn("stopped; nothing was changed", said)
        self.assertEqual((self.events(), self.stacks()), ([], []))
        said = self.deploy("--database", "mydb", answers=(*answers[:-1], "yes"))
        self.assertEqual(len(self.events()), 1)

    def test_an_upgrade_makes_them_again_only_where_something_of_it_is_new(self):
        self.deploy("--database", "mydb", "--yes", "ADMIN_SECRET=the-admin")
        self.commit("second")
        self.deploy("--yes")
        self.assertEqual(len(self.events()), 1)
        (self.root / "infra/migrations/0099_more.sql").write_text("DO 0;\n")
        self.commit("third")
        self.deploy("--yes")
        self.assertEqual(len(self.events()), 2)
        self.deploy("--yes", "ITEMS_TABLE=readings")
        self.assertEqual((len(self.events()), self.events()[-1]["create"]), (3, False))
        # If the trial misses them, they are made again with the next call.
        failed = json.dumps({"verdict": "unwell", "steps": [{"step": "tables", "state": "failed", "said": "none"}]})
        self.refuse("--yes", "MemorySize=1024", TRIAL=failed)
        self.deploy("--yes")
        self.assertEqual(len(self.events()), 4)

    def test_logins_with_passwords_are_made_from_their_secrets(self):
        client = self.client("secretsmanager")
        made = [client.create_secret(Name=name, SecretString=json.dumps({"key": name})) for name in ("s", "r")]
        scorer, reader = (f"{secret['ARN']}:SecretString:key" for secret in made)
        scorer = f"{scorer}::{made[0]['VersionId']}"
        given = [f"MysqlPasswordSecret={scorer}", f"ReaderPasswordSecret={reader}", "ReaderUser=reader"]
        self.deploy("--database", "mydb", "--yes", *given, ADMIN_PASSWORD="by-hand")
        [asked] = self.events()
        self.assertEqual(asked["admin"], {"login": "admin", "password": "by-hand"})
        self.assertEqual(asked["scorer"], {"login": "scorer", "password": "s"})
        self.assertEqual(asked["reader"], {"login": "reader", "password": "r"})

    def test_an_administrator_gets_no_login_and_no_grants(self):
        login = json.dumps({"username": "admin", "password": "by-rds"})
        arn = self.client("secretsmanager").create_secret(Name="rds!db-1", SecretString=login)["ARN"]
        given = [f"MysqlPasswordSecret={arn}", "MysqlUser=", f"ADMIN_SECRET={arn}"]
        said = self.deploy("--database", "mydb", "--yes", *given)
        self.assertEqual(self.events()[-1], {"admin": {"login": "admin", "password": "by-rds"}, "create": True})
        self.assertIn("makes rowscore's tables in `shop`, as `admin`, by a function", said)
        given = ["ReaderUser=reader", f"ReaderPasswordSecret={self.secret}"]
        said = self.deploy("--yes", *given)
        self.assertEqual(self.events()[-1]["reader"]["login"], "reader")
        self.assertNotIn("scorer", self.events()[-1])
        self.assertIn("makes rowscore's tables in `shop`, the login `reader` and the grants, as `admin`", said)

    def test_what_the_function_refuses_is_told_with_its_remedy_and_leaves_no_stack(self):
        said = self.refuse("--database", "mydb", "--yes", "ADMIN_SECRET=the-admin", MADE=REFUSED)
        self.assertIn("the tables could not be made: Access denied for user 'admin'\n  -> ADMIN_SECRET=...", said)
        late = json.dumps({"raises": "Task timed out after 900.00 seconds"})
        said = self.refuse("--database", "mydb", "--yes", MADE=late)
        self.assertIn("is made through a tunnel", said)
        self.assertEqual(self.stacks(), [])
        self.assertIn("All is well.", self.deploy("--yes"))

    def test_a_secret_that_does_not_suit_is_told_before_anything_is_touched(self):
        self.client("secretsmanager").create_secret(Name="text", SecretString="se?ret")
        for secret, word in (("none-such", "has no secret none-such"), ("text", "no JSON object with `username` and")):
            self.assertIn(word, self.refuse("--database", "mydb", "--yes", f"ADMIN_SECRET={secret}"))
        self.assertEqual(self.let_in(), [])
        said = self.refuse("--database", "mydb", "--yes", "SET_UP=never")
        self.assertIn("SET_UP is `never`; accepted: auto, function or by-hand", said)

    def test_who_prefers_a_tunnel_gets_the_commands(self):
        said = self.deploy("--database", "mydb", "--yes", "SET_UP=by-hand", "ADMIN_SECRET=the-admin")
        self.assertIn("init --create --grant scorer", said)
        self.assertEqual(self.events(), [])

    def test_an_aurora_with_a_secret_of_rds_is_set_up_so_too(self):
        arn = self.client("secretsmanager").create_secret(
            Name="rds!cluster-1", SecretString=json.dumps({"username": "admin", "password": "by-rds"})
        )["ARN"]
        self.cluster(EnableHttpEndpoint=False)
        self.deploy("--database", "mycluster", "--yes", f"ADMIN_SECRET={arn}", "SET_UP=function")
        [asked] = self.events()
        self.assertEqual(asked["admin"]["password"], "by-rds")


class Leftover(unittest.TestCase):
    def test_a_stack_that_cannot_be_removed_does_not_hide_what_went_wrong_before(self):
        denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteStack")
        account = SimpleNamespace(region="r", cloudformation=mock.Mock())
        account.cloudformation.delete_stack.side_effect = denied
        answers = Answers(head={"STACK": "rowscore"}, settings={"MYSQL_DATABASE": "shop"})
        change = set_up.by_function(account, mock.Mock(), answers, Login("admin", "x"))
        said = io.StringIO()
        failure = mock.patch.object(sam, "deploy", side_effect=Failure("sam deploy failed"))
        with failure, contextlib.redirect_stderr(said), self.assertRaisesRegex(Failure, "sam deploy failed"):
            change.make()
        self.assertIn("it could not be removed: AWS does not allow DeleteStack: no", said.getvalue())
        self.assertIn("aws cloudformation delete-stack --stack-name rowscore-set-up-", said.getvalue())
