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
        self.instance()
        self.environment["ADMIN_PASSWORD"] = "secret99"

    def run_all(self, commands: list[str]) -> None:
        # What removes everything comes last.
        for command in sorted(commands, key=lambda command: "remove" in command):
            with self.subTest(command):
                words = arguments(command)
                # The stand-in's function answers the trial alone.
                if words and words[0] in ("window", "sweep", "status"):
                    continue
                self.deploy(*words, answers=("",) * MOST_ANSWERS)

    def test_those_in_blocks_go_one_after_the_other_beside_an_rds_instance(self):
        commands = fenced()
        self.assertGreaterEqual(len(commands), 5, commands)
        self.assertEqual(commands[0], "make deploy DATABASE=mydb")
        self.run_all(commands)

    def test_those_in_sentences_go_one_after_the_other_with_a_database_that_is_made_too(self):
        commands = inline()
        self.assertIn("make deploy DATABASE=new", commands)
        self.assertIn("make deploy ARCHITECTURE=x86_64", commands)
        self.environment["AWS_ENDPOINT_URL_RDS_DATA"] = "http://127.0.0.1:1"
        # By the Data API the other tests go.
        self.deploy("--database", "mydb", "--yes")
        new = [command for command in commands if "DATABASE=new" in command]
        self.run_all([command for command in commands if command not in new])
        self.deploy(*arguments(new[0]), "--stack", "made", "--yes", "SET_UP=function")
        self.assertIn("MysqlUser=scorer", (self.root / "deploy.made.env").read_text())
