"""Passwords in secrets: what is looked at before a deployment, and what is offered."""

import json

from world import Deployed


class Secrets(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        self.nat()
        self.secrets = self.client("secretsmanager")
        self.environment["ADMIN_PASSWORD"] = "secret99"

    def secret(self, name: str, text: str, **other: str) -> str:
        return self.secrets.create_secret(Name=name, SecretString=text, **other)["ARN"]

    def asked(self) -> dict:
        lines = self.log.with_name(f"{self.log.name}.events").read_text().splitlines()
        return json.loads(lines[-1])["set_up"]

    def test_every_form_of_a_secret_goes_to_the_function_as_it_is(self):
        self.instance()
        plain = self.secret("plain", "pl?in")
        object_ = self.secret("object", json.dumps({"username": "me", "password": "pr?vate", "key": 4711}))
        for given, user, login in (
            (plain, "scorer", {"login": "scorer", "password": "pl?in"}),
            (object_, "", {"login": "me", "password": "pr?vate"}),
            (f"{object_}:SecretString:key", "scorer", {"login": "scorer", "password": "4711"}),
        ):
            with self.subTest(given):
                said = self.deploy("--database", "mydb", "--yes", f"MysqlPasswordSecret={given}", f"MysqlUser={user}")
                values = self.calls("deploy")[-1]["values"]
                self.assertEqual((values["MysqlPasswordSecret"], values["DatabaseResourceId"]), (given, ""))
                self.assertEqual(self.asked()["scorer"], login)
                self.assertIn("$0.40  secrets with passwords", said)
                for text in (said, (self.root / "deploy.env").read_text(), self.log.read_text()):
                    self.assertNotIn(login["password"], text)

    def test_a_secret_that_does_not_suit_is_told_before_anything_is_touched(self):
        self.instance()
        object_ = self.secret("object", json.dumps({"key": "pr?vate"}))
        nameless = self.secret("nameless", "pr?vate")
        going = self.secret("going", "pr?vate")
        self.secrets.delete_secret(SecretId=going)
        for given, user, part in (
            (f"{object_[:-6]}zzzzzz", "scorer", "has no secret"),
            (going, "scorer", f"aws secretsmanager restore-secret --secret-id {going}"),
            (object_, "scorer", "is no JSON object with `password`"),
            (f"{nameless}:SecretString:key", "scorer", "is no JSON object with `key`"),
            (nameless, "", "names no user; give MysqlUser, or put `username` into it"),
        ):
            said = self.refuse("--database", "mydb", "--yes", f"MysqlPasswordSecret={given}", f"MysqlUser={user}")
            self.assertIn(part, said)
            self.assertNotIn("pr?vate", said)
        said = self.refuse("--database", "mydb", "--yes", "MysqlUser=")
        self.assertIn("MysqlUser may be empty with MysqlPasswordSecret only", said)
        said = self.refuse("--database", "mydb", "--yes", f"MysqlPasswordSecret={nameless}", "ReaderUser=reader")
        self.assertIn("needs ReaderPasswordSecret, a secret of its own", said)
        self.assertEqual((self.let_in(), self.calls("deploy")), ([], []))

    def test_in_a_database_that_is_made_first_a_password_logs_in_too(self):
        arn = self.secret("plain", "pl?in")
        self.deploy("--database", "new", "--yes", f"MysqlPasswordSecret={arn}", "SET_UP=by-hand")
        values = self.calls("deploy")[-1]["values"]
        self.assertEqual((values["MysqlPasswordSecret"], values["DatabaseResourceId"]), (arn, ""))
        self.deploy("--yes")
        self.assertEqual(self.calls("deploy")[-1]["values"], values)

    def test_what_a_secret_needs_besides_is_said(self):
        self.instance()
        key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        arn = self.secret("mine", json.dumps({"password": "x"}), KmsKeyId=key)
        [version] = self.secrets.describe_secret(SecretId=arn)["VersionIdsToStages"]
        given = f"{arn}:SecretString:password::{version}"
        said = self.deploy("--database", "mydb", "--yes", f"MysqlPasswordSecret={given}")
        self.assertIn(f"leave ::{version} out of it", said)
        self.assertIn(f"MysqlPasswordSecret is encrypted with {key}. The function may use that key", said)
        self.assertEqual(self.answers()["MysqlPasswordSecret"], given)

    def test_without_a_way_to_secrets_manager_nothing_is_deployed(self):
        self.instance()
        arn = self.secret("plain", "x")
        lonely = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.1.9.0/24")["Subnet"]["SubnetId"]
        alone = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=alone, SubnetId=lonely)
        given = [f"MysqlPasswordSecret={arn}", f"SubnetIds={lonely}"]
        said = self.refuse("--database", "mydb", "--yes", *given, "PathToSqs=existing")
        self.assertIn(f"finds no way to Secrets Manager from {lonely}", said)
        self.assertIn(f"give PathToSqs={self.vpc}, which makes one for this function only", said)
        self.assertEqual((self.let_in(), self.calls("deploy")), ([], []))
        said = self.deploy("--database", "mydb", "--yes", *given, f"PathToSqs={self.vpc}")
        # One for SQS, and one for Secrets Manager.
        self.assertIn("$14.60  endpoint for each subnet", said)

    def test_where_iam_logins_are_off_the_secret_that_rds_manages_is_offered(self):
        arn = self.secret("rds!cluster-1", json.dumps({"username": "admin", "password": "by-rds"}))
        self.cluster(EnableHttpEndpoint=False)
        managed = self.rds.describe_db_clusters()["DBClusters"][0].get("MasterUserSecret", {}).get("SecretArn", "")
        self.assertTrue(managed or arn)
        said = self.deploy("--database", "mycluster", answers=("rds", *[""] * 6))
        self.assertIn("IAM authentication of cluster/mycluster is off.", said)
        values = self.calls("deploy")[-1]["values"]
        self.assertEqual((values["MysqlPasswordSecret"], values["MysqlUser"]), (managed, ""))
        [cluster] = self.rds.describe_db_clusters()["DBClusters"]
        self.assertFalse(cluster.get("IAMDatabaseAuthenticationEnabled"))
        # Nobody is asked twice, and who says nothing gets IAM.
        self.assertNotIn("IAM authentication", self.deploy("--database", "mycluster", answers=("",) * 6))
        said = self.deploy("--database", "mycluster", "--stack", "other", answers=("x", "", *[""] * 6))
        self.assertIn("the login is `x`; accepted: rds or none", said)
        self.assertTrue(self.rds.describe_db_clusters()["DBClusters"][0]["IAMDatabaseAuthenticationEnabled"])
