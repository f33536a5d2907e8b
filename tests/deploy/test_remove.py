"""What is removed: a deployment, one that came to nothing, and what is left of one that is gone."""

import json
import time

from world import Deployed

# What it waits for never comes, so the stack goes back to nothing.
WAIT = {"Type": "AWS::CloudFormation::WaitCondition", "Properties": {"Handle": {"Ref": "H"}, "Timeout": "1"}}
BROKEN = json.dumps({"Resources": {"H": {"Type": "AWS::CloudFormation::WaitConditionHandle"}, "W": WAIT}})


class Remove(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        self.instance()
        self.cloud = self.client("cloudformation")

    def groups(self) -> list[str]:
        found = self.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [self.vpc]}])["SecurityGroups"]
        return [each["GroupName"] for each in found]

    def stacks(self) -> list[str]:
        found = self.cloud.list_stacks()["StackSummaries"]
        return sorted(each["StackName"] for each in found if not each["StackStatus"].startswith("DELETE_"))

    def break_down(self, name: str) -> None:
        """A stack of that name comes to nothing."""
        self.cloud.create_stack(StackName=name, TemplateBody=BROKEN)
        while self.cloud.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"].endswith("_IN_PROGRESS"):
            time.sleep(0.05)

    def test_what_is_deployed_again_after_that_gets_a_security_group_again(self):
        self.deploy("--database", "mydb", "--yes")
        first = self.answers()["SecurityGroupIds"]
        self.deploy("remove", "--yes")
        self.assertEqual(self.answers()["SecurityGroupIds"], "")
        self.deploy("--yes")
        second = self.answers()["SecurityGroupIds"]
        self.assertNotIn(second, ("", first))
        self.assertEqual(self.let_in(), [second])

    def test_a_security_group_that_somebody_removed_is_made_again(self):
        self.deploy("--database", "mydb", "--yes")
        self.deploy("remove", "--yes")
        file = self.root / "deploy.env"
        file.write_text(file.read_text().replace("SecurityGroupIds=\n", "SecurityGroupIds=sg-0123abcd\n"))
        said = self.deploy("--yes")
        self.assertIn("the security group sg-0123abcd is not there any more; it is made again", said)
        self.assertEqual(self.let_in(), [self.answers()["SecurityGroupIds"]])
        said = self.refuse("--yes", "SecurityGroupIds=sg-0123abcd")
        self.assertIn("SecurityGroupIds is `sg-0123abcd`, and there is no sg-0123abcd in eu-central-1; accepted:", said)

    def test_a_stack_that_came_to_nothing_is_refused_with_what_removes_it(self):
        for name, option in (("rowscore", []), ("other", ["--stack", "other"])):
            with self.subTest(name):
                self.break_down(name)
                said = self.refuse("--database", "mydb", "--yes", *option)
                self.assertIn(f"the stack {name} is ROLLBACK_COMPLETE.", said)
                command = " ".join(["scripts/deploy remove", *option])
                self.assertTrue(said.rstrip().endswith(f"Remove it, and call this again: {command}"), said)
                self.deploy("remove", *option, "--yes")
                self.assertEqual(self.stacks(), [])
                self.assertIn("All is well.", self.deploy("--database", "mydb", "--yes", *option))
                self.deploy("remove", *option, "--yes")

    def test_what_was_made_beside_a_stack_goes_also_when_the_stack_is_gone(self):
        self.deploy("--database", "mydb", "--yes")
        self.cloud.delete_stack(StackName="rowscore")
        template = json.dumps({"Resources": {"L": {"Type": "AWS::Logs::LogGroup"}}})
        for name in ("rowscore-set-up-68f0a1b2", "rowscore-set-up-prod"):
            self.cloud.create_stack(StackName=name, TemplateBody=template)
        said = self.deploy("remove", answers=("yes",))
        self.assertIn("what is left of the stack rowscore: rowscore-set-up-68f0a1b2, sg-", said)
        # That is somebody's stack, and none that was left.
        self.assertEqual(self.stacks(), ["rowscore-set-up-prod"])
        self.assertNotIn("rowscore-function", self.groups())
        self.assertIn("there is no stack rowscore", self.refuse("remove", "--yes"))
