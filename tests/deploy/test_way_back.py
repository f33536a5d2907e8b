"""The template of the version before, as CloudFormation gives it back and takes it again."""

import contextlib
import io
import json
import unittest
from types import SimpleNamespace

import yaml
from samtranslator.yaml_helper import yaml_parse

from deploying import former_version
from deploying.stacks import Stack
from servers.common import REPO, Failure

STACK = Stack({"MemorySize": "512"}, {}, "v1")


class NoAliases(yaml.SafeDumper):
    """As SAM writes a template."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def uploaded() -> str:
    """template.yaml, as `sam deploy` uploads it: in YAML, with all functions by their long names, and notes of its own."""
    made = json.loads(json.dumps(yaml_parse((REPO / "template.yaml").read_text())))
    for name, resource in made["Resources"].items():
        resource["Metadata"] = resource.get("Metadata", {}) | {"SamResourceId": name}
        if resource["Type"] == "AWS::Serverless::Function":
            code = (
                "aws-sam-cli-managed-default-samclisourcebucket-abcdefghijkl/rowscore/0123456789abcdef0123456789abcdef"
            )
            resource["Properties"]["CodeUri"] = f"s3://{code}"
    return yaml.dump(made, default_flow_style=False, sort_keys=False, Dumper=NoAliases)


class Cloud:
    """CloudFormation, as far as a stack goes back: it takes no longer templates than the real one."""

    def __init__(self, template: object):
        self.template, self.sent = template, ""

    def get_template(self, **asked: str) -> dict:
        return {"TemplateBody": self.template}

    def update_stack(self, **asked: object) -> None:
        self.sent = str(asked["TemplateBody"])

    def get_waiter(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(wait=lambda **asked: None)


def sent_back(template: object) -> str:
    cloud = Cloud(template)
    account = SimpleNamespace(cloudformation=cloud)
    with contextlib.redirect_stderr(io.StringIO()):
        former_version.of(account, "rowscore", STACK).deploy(account)
    return cloud.sent


class WayBack(unittest.TestCase):
    def test_a_template_of_the_real_size_goes_back_in_one_request(self):
        text = uploaded()
        self.assertGreater(len(text.encode()), former_version.MOST_BYTES, "it is no longer as long as the real one")
        sent = sent_back(text)
        self.assertLess(len(sent.encode()), former_version.MOST_BYTES)
        self.assertEqual(json.loads(sent), json.loads(json.dumps(yaml_parse(text))))

    def test_whatever_form_it_has_it_stays_the_same_template(self):
        wanted = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Outputs": {"A": {"Value": {"Fn::GetAtt": ["Q", "Arn"]}}, "B": {"Value": {"Ref": "Q"}}},
        }
        short = "AWSTemplateFormatVersion: 2010-09-09\nOutputs:\n  A: {Value: !GetAtt Q.Arn}\n  B: {Value: !Ref Q}\n"
        for template in (wanted, json.dumps(wanted), yaml.safe_dump(wanted), short):
            self.assertEqual(json.loads(sent_back(template)), wanted)

    def test_one_that_is_too_long_all_the_same_is_told_with_the_way_by_hand(self):
        with self.assertRaises(Failure) as refused:
            sent_back({"Description": "x" * former_version.MOST_BYTES})
        self.assertIn("Go back by hand: git checkout v1 && make deploy", str(refused.exception))


if __name__ == "__main__":
    unittest.main()
