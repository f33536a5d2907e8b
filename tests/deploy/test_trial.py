"""The end of a deployment: the function's own trial, and the way back to the version before."""

import json

from world import Deployed

WELL = {"step": "login", "state": "ok", "said": "as `scorer@%`", "remedy": None}
FAILED = {"step": "grants", "state": "failed", "said": "UPDATE is denied", "remedy": "`rowscore init --grant scorer`"}
UNTRIED = {"step": "page", "state": "untried", "said": "not tried", "remedy": None}
UNWELL = json.dumps({"verdict": "unwell", "steps": [WELL, FAILED, UNTRIED]})


class Trial(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        self.instance()
        self.first = self.git("describe", "--always")

    def stack(self) -> tuple[str, str, str]:
        """The version of what is deployed, its memory, and what its function answers."""
        [stack] = self.client("cloudformation").describe_stacks(StackName="rowscore")["Stacks"]
        tags = {tag["Key"]: tag["Value"] for tag in stack["Tags"]}
        parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}
        function = self.client("lambda").get_function_configuration(FunctionName="rowscore-Score")
        return tags["version"], parameters["MemorySize"], function["Environment"]["Variables"]["ANSWER"]

    def upgrade(self, *arguments: str, said: str = "") -> str:
        """A version that fails its trial, with another answer."""
        self.second = self.commit("second")
        return self.refuse(*arguments, "MemorySize=1024", said=said, TRIAL=UNWELL)

    def test_a_deployment_that_is_well_says_so_at_its_end(self):
        said = self.deploy("--database", "mydb", "--yes")
        self.assertIn("login    ok       as `scorer@%`", said)
        self.assertTrue(said.rstrip().endswith("All is well."), said)
        self.assertEqual(self.answers()["ROLLBACK"], "ask")
        self.assertIn("All is well.", self.deploy("doctor"))

    def test_a_first_deployment_that_fails_has_nothing_to_go_back_to(self):
        said = self.refuse("--database", "mydb", "--yes", "ROLLBACK=yes", TRIAL=UNWELL)
        self.assertIn("grants   failed   UPDATE is denied\n                  -> `rowscore init --grant scorer`\n", said)
        self.assertIn("Not well: grants. Do what stands there, and try again: scripts/deploy doctor", said)
        self.assertIn("There is no version before this one to go back to.", said)
        self.assertEqual(self.stack()[0], self.first)
        done = self.call("doctor")
        self.assertEqual((done.returncode, done.stdout.splitlines()[-1]), (1, said.splitlines()[-2]))

    def test_by_an_answer_that_is_kept_a_version_that_fails_is_taken_back(self):
        self.deploy("--database", "mydb", "--yes", "ROLLBACK=yes")
        before = self.stack()
        said = self.upgrade("--yes")
        self.assertIn(f"rowscore is version {self.first} again.", said)
        self.assertEqual(self.stack(), before)
        self.assertIn("All is well.", self.deploy("doctor"))
        # The answers are the new ones: what was amiss is mended, and deployed again.
        self.deploy("--yes")
        self.assertEqual(self.stack()[:2], (self.second, "1024"))

    def test_without_that_answer_nothing_is_taken_back_unless_somebody_says_so(self):
        self.deploy("--database", "mydb", "--yes")
        self.assertIn(f"It stays. To go back: git checkout {self.first} && make deploy", self.upgrade("--yes"))
        self.assertEqual(self.stack(), (self.second, "1024", UNWELL))
        # It is deployed well once more, and fails again: somebody is asked.
        self.deploy("--yes")
        before = self.stack()
        self.assertIn("It stays.", self.upgrade(said="yes\nno\n"))
        self.deploy("--yes")
        self.assertIn("again. The answers are", self.upgrade("Schedule=rate(1 day)", said="yes\nyes\n"))
        self.assertEqual(self.stack()[1:], before[1:])
        self.assertEqual(
            self.refuse("--yes", "ROLLBACK=never").count("ROLLBACK is `never`; accepted: yes, no or ask"), 1
        )

    def test_where_the_login_or_the_tables_are_missing_the_commands_that_make_them_are_shown(self):
        self.deploy("--database", "mydb", "--yes")
        self.assertIn("init --create --grant scorer", self.upgrade("--yes"))
        self.commit("third")
        self.assertNotIn("init --create --grant scorer", self.deploy("--yes"))

    def test_a_function_that_cannot_answer_fails_with_the_way_to_its_log(self):
        said = self.refuse("--database", "mydb", "--yes", TRIAL="none")
        self.assertIn("function failed   cannot start\n                  -> aws logs tail x --follow", said)
