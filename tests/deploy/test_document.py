"""The commands of docs/DEPLOY.md, in their order, each as it stands there."""

import re
import shlex
import subprocess

from world import REPO, Deployed

# An assignment of make's, or the words behind scripts/deploy.
COMMAND = re.compile(r"(?:make deploy|scripts/deploy)(?: [^`\n#]*)?")
DOCUMENT = (REPO / "docs/DEPLOY.md").read_text()
# What is answered with what stands between brackets.
MOST_ANSWERS = 12


def fenced() -> list[str]:
    """The commands in the blocks of the document."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)
    return [match[0].strip() for block in blocks for line in block.splitlines() if (match := COMMAND.search(line))]


def inline() -> list[str]:
    """Those within sentences, that are whole commands."""
    found = re.findall(r"`((?:make deploy|scripts/deploy) [^`]*)`", DOCUMENT)
    return [command for command in found if "..." not in command]


def arguments(command: str) -> list[str]:
    """What the program is called with, as the Makefile has it."""
    words = shlex.split(command)
    if words[0] != "make":
        return words[1:]
    asked = ["make", "--dry-run", "--no-print-directory", *words[1:]]
    done = subprocess.run(asked, cwd=REPO, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"})
    return shlex.split(done.stdout.replace("\\\n", " "))[1:]


class Document(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.network()
        self.environment["ADMIN_PASSWORD"] = "secret99"

    def run_all(self, commands: list[str], *more: str) -> str:
        """Everything that they say, with the answers that stand between brackets."""
        said = ""
        # What removes everything comes last.
        for command in sorted(commands, key=lambda command: "remove" in command):
            with self.subTest(command):
                given = more if command.startswith("make deploy DATABASE=") else ()
                said += self.deploy(*arguments(command), *given, answers=("",) * MOST_ANSWERS)
        return said

    def go_on(self) -> None:
        """The document's upgrade, its rollback, and the other processor; all of them ask nothing but whether to go on."""
        first = self.git("describe", "--always")
        for line in ("`git pull && make deploy`", "`git checkout <the version before> && make deploy`"):
            self.assertIn(line, DOCUMENT)
        second = self.commit("second")
        self.assertIn(f"git checkout {first} && make deploy", self.deploy(*arguments("make deploy"), answers=("yes",)))
        self.git("checkout", "--quiet", first)
        said = self.deploy(*arguments("make deploy"), answers=("yes",))
        self.assertIn(f"version {first}; before it was {second}", said)
        built = self.calls("build")[-1]["arguments"]
        self.assertIn("Architecture=arm64", built)
        self.assertIn("make deploy ARCHITECTURE=x86_64", inline())
        self.deploy(*arguments("make deploy ARCHITECTURE=x86_64"), answers=("yes",))
        self.assertIn("Architecture=x86_64", self.calls("build")[-1]["arguments"])
        self.assertEqual(self.calls("deploy")[-1]["values"]["Architecture"], "x86_64")

    def test_those_in_blocks_go_one_after_the_other_beside_an_rds_instance(self):
        self.instance()
        commands = fenced()
        self.assertGreaterEqual(len(commands), 5, commands)
        self.assertEqual(commands[0], "make deploy DATABASE=mydb")
        said = self.run_all(commands)
        for kind in ("window", "status"):
            self.assertIn(f'"kind": "{kind}"', said)

    def test_those_in_blocks_go_one_after_the_other_beside_an_aurora_cluster(self):
        self.cluster("mydb", EnableHttpEndpoint=False)
        self.run_all(fenced())
        self.assertEqual(self.answers()["DATABASE"], "cluster/mydb")
        self.go_on()

    def test_those_in_blocks_go_one_after_the_other_with_a_database_that_is_made_first(self):
        self.environment["AWS_ENDPOINT_URL_RDS_DATA"] = "http://127.0.0.1:1"
        # By the Data API the other tests go.
        self.run_all([command.replace("DATABASE=mydb", "DATABASE=new") for command in fenced()], "SET_UP=function")
        self.assertEqual(self.answers()["DATABASE"], "new")
        self.go_on()

    def test_those_in_sentences_go_one_after_the_other_and_the_upgrade_and_the_rollback_too(self):
        self.instance()
        commands = inline()
        self.assertIn("make deploy DATABASE=new", commands)
        self.deploy("--database", "mydb", "--yes")
        self.go_on()
        self.run_all([command for command in commands if "DATABASE=new" not in command])

    def test_no_more_is_asked_than_a_dozen_times_whatever_there_is_and_whatever_the_table(self):
        del self.environment["ADMIN_PASSWORD"]
        self.client("secretsmanager").create_secret(
            Name="the-admin", SecretString='{"username": "admin", "password": "secret99"}'
        )
        table = ("readings", "reading_no", "a,b", "species", "label", "arrived")
        self.instance("one")
        self.cluster("two", EnableHttpEndpoint=False)
        for name, first, last in (("one", ("",), ("the-admin",)), ("two", ("", ""), ()), ("new", ("",), ())):
            with self.subTest(name):
                stack = ["--stack", name, *(["SET_UP=function"] if name == "new" else [])]
                answers = (*first, *table, "", "", "", *last, "yes")
                said = self.deploy("--database", name, *stack, answers=answers)
                asked = len(re.findall(r"\[[^\]]*\]: ", said))
                self.assertEqual((asked, asked <= MOST_ANSWERS), (len(answers), True), said)
