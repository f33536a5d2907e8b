"""What the function may tell, as the template takes it out of Settings."""

import unittest

from deploying import conditions, settings, template

BUS = "arn:aws:events:eu-central-1:123456789012:event-bus/runs"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:runs.fifo"
CONTEXT = "kms:EncryptionContext:aws:sns:topicArn"
ACCOUNT = {"AWS::Partition": "aws", "AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012"}


def allowed(action: str, text: str) -> str:
    """The resource that the function's role allows an action on, with these Settings."""
    parsed = template.parsed()
    [policy, *_] = parsed["Resources"]["ScoreRole"]["Properties"]["Policies"]
    [resource] = [
        statement["Resource"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Action") == action
    ]
    return str(conditions.value(parsed, resource, ACCOUNT | {"Settings": text}))


def of_key(text: str) -> str:
    """The topic for whose messages the function may use a key."""
    parsed = template.parsed()
    [policy, *_] = parsed["Resources"]["ScoreRole"]["Properties"]["Policies"]
    [condition] = [
        statement["Condition"]["StringEquals"]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Sid") == "EncryptForTheTopic"
    ]
    return str(conditions.value(parsed, condition[CONTEXT], ACCOUNT | {"Settings": text}))


class Telling(unittest.TestCase):
    def test_a_key_may_be_used_for_the_messages_of_that_topic_alone(self):
        for text in (f"EVENT_TOPIC={TOPIC} LANES=4", f"LANES=4,EVENT_TOPIC={TOPIC}"):
            self.assertEqual(of_key(text), TOPIC)
        self.assertTrue(of_key("LANES=4").endswith("rowscore-tells-nobody"))

    def test_the_function_may_tell_those_that_settings_name_and_nobody_else(self):
        told = {"EVENT_TOPIC": TOPIC, "EVENT_BUS": BUS}
        for text in [
            settings.written({"LANES": "4"} | told | {"FEATURE_COLUMNS": "a,b"}),
            f"EVENT_BUS={BUS},LANES=4,EVENT_TOPIC={TOPIC}",
            f"EVENT_TOPIC={TOPIC} EVENT_BUS={BUS}",
        ]:
            self.assertEqual((allowed("events:PutEvents", text), allowed("sns:Publish", text)), (BUS, TOPIC), text)

    def test_where_nobody_is_named_nobody_may_be_told(self):
        for text in ["LANES=4", "MYSQL_SERVER=h,MYSQL_DATABASE=d", 'LANES=4 FEATURE_COLUMNS="a, b"']:
            for action in ("events:PutEvents", "sns:Publish"):
                resource = allowed(action, text)
                self.assertTrue(
                    resource.startswith("arn:aws:") and resource.endswith("rowscore-tells-nobody"), resource
                )

    def test_a_token_is_refused_since_everybody_could_read_it(self):
        refused = settings.variables()["LINEAGE_TOKEN"].problem("t0ken")
        self.assertIn("leave it out, and give the secret that holds it in LINEAGE_TOKEN_SECRET", refused or "")
        self.assertNotIn("t0ken", refused or "")


if __name__ == "__main__":
    unittest.main()
