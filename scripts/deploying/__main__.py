"""The command line of scripts/deploy."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from servers.common import Arguments, Failure, run, say

from . import answers as files
from . import (
    companion,
    databases,
    former,
    former_version,
    operate,
    plan,
    proof,
    questions,
    sam,
    stacks,
    tables,
    template,
)
from .account import Account, explained
from .answers import Answers
from .changes import Change
from .companion import TEMPLATE
from .databases import Database

# What says which answers are meant, and so is none of them.
OPTIONS = {"STACK": "--stack", "DATABASE": "--database"}


def main() -> None:
    arguments = Arguments(os.environ.get("ROWSCORE_HELP", ""))
    arguments.add_argument("--database", default="")
    arguments.add_argument("--stack", default="rowscore")
    arguments.add_argument("--yes", action="store_true")
    arguments.add_argument("answer", nargs="*")
    asked = arguments.read(sys.argv[1:])
    stacks.check_name(asked.stack)
    file = files.file_of(asked.stack)
    if command := operate.command(asked.answer):
        with explained():
            head = files.read(file).head if file.exists() else {}
            account = Account(head.get("REGION"))
            check_account(account, head, file)
            command(account, asked.stack, not asked.yes)
        return
    given = Answers()
    for answer in asked.answer:
        name, equals, value = answer.partition("=")
        if not equals:
            raise Failure(
                f"`{answer}` is no answer; accepted: NAME=VALUE, like Schedule='rate(1 day)' or ITEMS_TABLE=readings"
            )
        if name in OPTIONS:
            raise Failure(
                f"{name} is no answer, but an option: call make deploy {name}={value}, or scripts/deploy {OPTIONS[name]} {value}"
            )
        given.give(name, value, "the command line")
    with explained():
        Deployment(asked.stack, asked.database, given, ask=not asked.yes).run()


def check_account(account: Account, head: dict[str, str], file: Path) -> None:
    """Another account may have a stack of the same name."""
    if head.get("ACCOUNT", "") not in ("", account.id):
        raise Failure(
            f"these are credentials of account {account.id}, and {file.name} is of {head['ACCOUNT']}. Choose others "
            f"(export AWS_PROFILE=...), or a stack of another name (make deploy STACK=... DATABASE=..., scripts/deploy --stack ...)"
        )


class Deployment:
    def __init__(self, stack: str, wanted: str, given: Answers, *, ask: bool):
        self.file: Path = files.file_of(stack)
        self.answers = files.read(self.file) if self.file.exists() else Answers()
        self.is_known = self.file.exists()
        self.given, self.ask = given, ask
        self.given_names = {*given.parameters, *given.settings, *given.head}
        self.account = Account(given.head.get("REGION") or self.answers.head.get("REGION"))
        check_account(self.account, self.answers.head, self.file)
        self.answers.head |= {"STACK": stack, "ACCOUNT": self.account.id, "REGION": self.account.region}
        # A build takes its model from the environment; without it, from what was answered before.
        if model := os.environ.get(files.MODEL_FILE):
            given.head.setdefault("MODEL", model)
        for name in files.ANSWERED:
            if name in given.head:
                self.answers.head[name] = given.head[name]
        self.answers.head["ROLLBACK"] = self.answers.head.get("ROLLBACK") or "ask"
        self.answers.head["SET_UP"] = self.answers.head.get("SET_UP") or "auto"
        self.stack = stacks.find(self.account, stack)
        self.take_over()
        self.wanted = wanted or self.answers.head.get("DATABASE", "")
        self.asked_for = bool(wanted)
        self.answers.parameters.update(given.parameters)
        self.answers.settings.update(given.settings)

    def take_over(self) -> None:
        """Of a stack that no file tells of, its own parameters are the answers."""
        if not self.stack or self.is_known:
            return
        self.answers.head["DATABASE"] = databases.by_server(self.account, self.stack.server)
        if former.is_former(self.stack.parameters):
            parameters, settings, said = former.taken_over(self.stack.parameters)
            say("\n".join(said))
            self.answers.parameters.update(parameters)
            self.answers.settings.update(settings)
        else:
            for name, value in self.stack.parameters.items():
                self.answers.give(name, value, "the stack")
        self.is_known = True

    def run(self) -> None:
        if not self.wanted and not self.is_known:
            raise Failure(f"which database? {databases.choice(self.account)}")
        is_new = self.wanted == "new"
        found = companion.outputs(self.account, self.answers.head["STACK"]) if is_new else None
        database = companion.database_of(self.account, found) if found else None
        if self.wanted and not is_new:
            database = databases.find(self.account, self.wanted)
        before = self.answers.head.get("DATABASE", "")
        self.answers.head["DATABASE"] = now = self.wanted if is_new or not database else database.title
        if before and before not in (now, now.partition("/")[2]):
            plan.leave_the_former(self.answers, before, self.given_names)
        if is_new:
            self.answers.settings.setdefault("MYSQL_DATABASE", "rowscore")
            self.take_outputs(found or {})
        reason = ""
        plan.leave_the_vpc(self.answers, self.given_names)
        if database and self.asked_for and not is_new:
            if self.ask and self.may_take_the_secret_of_rds(database):
                questions.ask_how_to_log_in(self.answers, database)
            reason = plan.take_found(self.account, self.answers, database, self.given_names)
        if database:
            plan.check_awake(self.answers, database)
        if self.ask and (self.asked_for or not self.is_known):
            questions.ask_all(self.answers, self.given_names)
            if database and tables.lacks_admin(database, self.answers):
                questions.ask_for_admin(self.answers, database.title)
        to_come = is_new and not found
        plan.check_answers(self.answers, self.later(database, to_come))
        plan.hear_of_silence(self.answers)
        plan.let_workers_work(self.answers)
        plan.check(self.account, self.answers)
        made = self.needed(database) if database else []
        plan.show(self.answers, reason, made, self.later(database, to_come), is_new=is_new)
        if to_come:
            say("  It makes a VPC and an Aurora that pauses (infra/database.yaml) first, which takes some ten minutes.")
        if self.ask and not questions.confirm("Go on?"):
            raise Failure("stopped; nothing was changed")
        files.write(self.file, self.answers)
        say(f"\nThe answers are in {self.file.name}.")
        self.deploy(database, made, to_come)

    def may_take_the_secret_of_rds(self, database: Database) -> bool:
        """Whether there is one, and nobody said yet how to log in."""
        decided = self.is_known or self.given_names & {"MysqlPasswordSecret", "DatabaseResourceId"}
        return bool(database.admin_secret) and not database.signs_in and not decided

    def take_outputs(self, found: dict[str, str]) -> None:
        for name, value in found.items():
            # Who logs in with a password does not log in with IAM.
            by_password = name == "DatabaseResourceId" and self.answers.parameters.get("MysqlPasswordSecret")
            if name in template.parameters() and name not in self.given_names and not by_password:
                self.answers.give(name, value, TEMPLATE)

    def later(self, database: Database | None, to_come: bool) -> set[str]:
        return plan.to_come(self.answers, database, self.given_names, is_new=to_come)

    def needed(self, database: Database) -> list[Change]:
        plan.renew_lost_group(self.account, self.answers, self.given_names)
        return plan.needed(self.account, self.answers, database, self.stack)

    def deploy(self, database: Database | None, made: list[Change], to_come: bool) -> None:
        # Built first: if that fails, nothing was touched.
        sam.build(self.answers.complete()["Architecture"], self.answers.head.get("MODEL", ""))
        stack = self.answers.head["STACK"]
        if to_come:
            self.take_outputs(companion.make(self.account, stack, self.answers.settings["MYSQL_DATABASE"]))
            database = companion.database_of(self.account, companion.outputs(self.account, stack) or {})
            plan.check_answers(self.answers, self.later(database, False))
            plan.check_way(self.account, self.answers.complete())
            made = self.needed(database)
        for change in made:
            say(f"it {change.text} ...")
            change.make()
        files.write(self.file, self.answers)
        before = former_version.of(self.account, stack, self.stack)
        sam.deploy(stack, self.account.region, self.answers.complete())
        self.say_version(stack)
        by_hand = tables.to_do(database, self.answers, is_first=not before) if database else ""
        if by_hand:
            files.write(self.file, self.answers)
            when = "If it was not done before" if before else "Before the first tick"
            say(f"{when}, on a machine that reaches the database:\n{by_hand}")
        seen = proof.ask(self.account, stack)
        if database and not by_hand and seen.failed("login", "tables", "grants"):
            self.make_again(database, is_first=not before)
        if not seen.is_well:
            proof.take_back(self.account, self.answers, before, ask=self.ask)
            sys.exit(1)

    def make_again(self, database: Database, *, is_first: bool) -> None:
        """What the trial missed is made again with the next call; or shown, where nothing makes it."""
        if tables.is_made(self.answers):
            self.answers.head["TABLES"] = ""
            files.write(self.file, self.answers)
        if not is_first and not tables.goes_by_data_api(database, self.answers):
            say(f"On a machine that reaches the database:\n{tables.by_hand(database, self.answers)}")

    def say_version(self, stack: str) -> None:
        before = self.stack.version if self.stack else ""
        say(f"\n{stack} is deployed, version {sam.version()}" + (f"; before it was {before}." if before else "."))
        if before and before not in ("unknown", sam.version()):
            say(f"To go back: git checkout {before.removesuffix('-dirty')} && make deploy")


if __name__ == "__main__":
    run(main)
