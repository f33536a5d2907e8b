"""A topic of the user's own for alarms: whether they get through to it."""

import json

from deploying import template
from world import Deployed


class Topics(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        self.instance()
        self.sns, self.kms = self.client("sns"), self.client("kms")

    def deployed_with(self, topic: str) -> str:
        return self.deploy("--database", "mydb", "--yes", "SET_UP=by-hand", f"AlarmTopicArn={topic}")

    def topic(self, name: str, key: str) -> str:
        return self.sns.create_topic(Name=name, Attributes={"KmsMasterKeyId": key} if key else {})["TopicArn"]

    def key(self, *statements: dict) -> str:
        root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{self.account}:root"}}
        root |= {"Action": "kms:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [root, *statements]})
        return self.kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]

    def test_a_key_that_cloudwatch_may_not_use_is_told_and_one_that_it_may_is_not(self):
        allowed = {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Resource": "*"}
        both = allowed | {"Action": ["kms:Decrypt", "kms:GenerateDataKey*"]}
        for name, key, told in (
            ("none", "", ""),
            ("of-aws", "alias/aws/sns", "which CloudWatch may not use: no alarm would come"),
            ("mine", self.key(), "does not let cloudwatch.amazonaws.com use it (kms:Decrypt and kms:GenerateDataKey)"),
            ("half", self.key(allowed | {"Action": "kms:Decrypt"}), "no alarm would come. Add that to the policy"),
            ("denied", self.key(both | {"Effect": "Deny"}), "no alarm would come"),
            ("well", self.key(both), ""),
        ):
            with self.subTest(name):
                said = self.deployed_with(self.topic(name, key))
                self.assertEqual("alarm would come" in said, bool(told), said)
                self.assertIn(told, said)

    def test_the_example_is_one_to_which_alarms_get_through(self):
        made = template.parsed("infra/alarm-topic.yaml")["Resources"]
        self.assertEqual(made["Topic"]["Properties"]["KmsMasterKeyId"], {"Ref": "Key"})
        # By hand: what the local AWS makes of such a template is a topic without a key.
        [root, *others] = made["Key"]["Properties"]["KeyPolicy"]["Statement"]
        self.assertEqual((root["Action"], len(others)), ("kms:*", 1))
        self.assertNotIn("alarm would come", self.deployed_with(self.topic("example", self.key(*others))))

    def test_a_topic_that_is_not_there_is_refused(self):
        missing = f"arn:aws:sns:eu-central-1:{self.account}:none"
        said = self.refuse("--database", "mydb", "--yes", f"AlarmTopicArn={missing}")
        self.assertIn("there is no such topic. Those there are: aws sns list-topics", said)
