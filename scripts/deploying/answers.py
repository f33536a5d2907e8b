"""The file of answers, which build, deploy, upgrade and rollback read."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from servers.common import REPO, Failure, say

from .settings import ELSEWHERE, parse, variables, written
from .template import broken_rules, parameters

HEAD = {
    "STACK": "The stack of CloudFormation.",
    "ACCOUNT": "The account that it is in.",
    "REGION": "The region that it is in.",
    "DATABASE": "The database, as make deploy was asked for it.",
    "ROLLBACK": "What is done if a new version fails its trial at the end: yes goes back to the version before, no stays, ask asks "
    "where somebody answers, and else stays.",
    "SET_UP": "How tables, logins and grants are made: auto takes the Data API of a cluster that has one, and else a function in the "
    "VPC, which is removed afterwards; function takes that in any case; by-hand shows commands.",
    "ADMIN_SECRET": "The secret of Secrets Manager with the administrator's username and password, by its name or ARN. It is read when "
    "tables, logins and grants are made, and kept nowhere. Of a database whose password RDS manages it is known.",
    "MODEL": "The model that is built in: a file that rowscore train wrote, by its path from the top of the repository, as MODEL_FILE "
    "in the environment gave it. Empty for the sample, which scores sample items alone. One that is in use in the database comes first.",
    "TABLES": "What tables, logins and grants were made of, or shown how to make. Without it they are made again; what is there stays.",
}
# Those of them that may be answered when something is deployed.
ANSWERED = ("ROLLBACK", "SET_UP", "ADMIN_SECRET", "MODEL", "TABLES")
# The variable of the build, which stands in the file by another name: earlier versions, to which one goes back with the same
# file, would take this one for a slip of the pen.
MODEL_FILE = "MODEL_FILE"
ACCEPTED = {"ROLLBACK": ("yes", "no", "ask"), "SET_UP": ("auto", "function", "by-hand")}
# The template refuses to do without them.
NEEDED = ["MYSQL_SERVER", "MYSQL_DATABASE"]
LINE = re.compile(r"([A-Za-z][A-Za-z0-9_]*)=(.*)")


@dataclass
class Answers:
    head: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    def give(self, name: str, value: str, source: str) -> None:
        """Takes an answer, if there is such a question."""
        if name in HEAD or name == MODEL_FILE:
            self.head["MODEL" if name == MODEL_FILE else name] = value
        elif name == "Settings":
            for variable, part in parse(value).items():
                self.give(variable, part, source)
        elif name in parameters():
            self.parameters[name] = value
        elif name in variables():
            self.settings[name] = value
        else:
            known = [*HEAD, *parameters(), *(name for name in variables() if name not in ELSEWHERE)]
            if near := difflib.get_close_matches(name, known, 1, 0.7):
                raise Failure(f"{source} has `{name}`, which is no answer; did you mean {near[0]}?")
            if source.endswith(".env"):
                # After a rollback the file may know more than this version.
                say(f"{source} has `{name}`, which this version does not know; it is left out")
                return
            raise Failure(f"{source} has `{name}`, which is no answer; accepted: {', '.join(known)}")

    def problems(self, to_come: Collection[str] = ()) -> list[str]:
        """Everything that would be refused, with what is accepted. What is to come is not known yet, and will fit."""
        named, complete = parameters(), self.complete()
        found = [named[name].problem(value) for name, value in complete.items() if name != "Settings"]
        found += [variables()[name].problem(value) for name, value in self.settings.items() if value]
        for name, accepted in ACCEPTED.items():
            if (wish := self.head.get(name) or accepted[0]) not in accepted:
                *some, last = accepted
                found.append(f"{name} is `{wish}`; accepted: {', '.join(some)} or {last}")
        if (model := self.head.get("MODEL")) and not (REPO / model).is_file():
            found.append(
                f"MODEL is `{model}`, and there is no such file; accepted: one that rowscore train wrote, or none"
            )
        missing = [name for name in NEEDED if not self.settings.get(name) and name not in to_come]
        found += [f"{name} is missing; {variables()[name].text}" for name in missing]
        expected = {name: complete[name] or "(to come)" for name in to_come if name in complete}
        found += broken_rules(complete | expected)
        if (long := len(written(self.settings).encode())) > 3500:
            found.append(f"the variables take {long} bytes; accepted: 3500, because Lambda keeps 4 KB for all of them")
        return [problem for problem in found if problem]

    def complete(self) -> dict[str, str]:
        """A value for each of the template's parameters; empty where the template has no default."""
        values = {name: self.parameters.get(name, p.default or "") for name, p in parameters().items()}
        ordered = {name: self.settings[name] for name in variables() if self.differs(name)}
        return values | {"Settings": written(ordered)}

    def differs(self, name: str) -> bool:
        """Whether a variable is set to something else than its default."""
        is_needed = name in NEEDED and name in self.settings
        return is_needed or self.settings.get(name, "") not in ("", variables()[name].default)


def file_of(stack: str) -> Path:
    """One for each stack; the usual one has the short name."""
    return REPO / ("deploy.env" if stack == "rowscore" else f"deploy.{stack}.env")


def read(file: Path) -> Answers:
    answers = Answers()
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if not match:
            raise Failure(f"line {number} of {file.name} is `{line.strip()}`; accepted: NAME=VALUE, or # and a remark")
        answers.give(match[1], match[2].strip(), file.name)
    return answers


def write(file: Path, answers: Answers) -> None:
    """In one step, so that an interruption leaves the old one."""
    lines = [
        "# How rowscore is deployed. Written by `make deploy`; change it and call `make deploy` again.",
        "# It holds no secret, and is not in git: keep it where you keep your configuration.",
    ]
    for name, text in HEAD.items():
        lines += ["", *remark(text), f"{name}={answers.head.get(name, '')}"]
    lines += ["", "# Parameters of template.yaml."]
    for name, value in answers.complete().items():
        if name != "Settings":
            parameter = parameters()[name]
            accepted = "" if parameter.accepted in parameter.text else f" Accepted: {parameter.accepted}."
            lines += ["", *remark(f"{parameter.text}{accepted}"), f"{name}={value}"]
    lines += ["", "# Variables of docs/CONFIGURATION.md; each of them may stand here."]
    for name, variable in variables().items():
        if not answers.differs(name):
            continue
        text = variable.text.replace("`", "")
        lines += [
            "",
            *remark(f"{text[:1].upper()}{text[1:]}. Accepted: {variable.accepts.replace('`', '')}."),
            f"{name}={answers.settings[name]}",
        ]
    new = file.with_name(f"{file.name}.new")
    new.write_text("\n".join(lines) + "\n")
    os.replace(new, file)


def let_go_of(file: Path, groups: Collection[str]) -> None:
    """Forgets the security groups that were removed: with the next deployment another one is made."""
    answers = read(file) if file.exists() else Answers()
    if answers.parameters.get("SecurityGroupIds") in groups:
        answers.parameters["SecurityGroupIds"] = ""
        write(file, answers)


def remark(text: str) -> list[str]:
    """Lines of at most some hundred characters."""
    lines = ["#"]
    for word in text.split():
        if len(lines[-1]) + len(word) > 110:
            lines.append("#")
        lines[-1] += f" {word}"
    return lines
