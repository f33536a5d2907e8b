"""What only a person knows, asked one by one: what it means, what is accepted, and a default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from servers.common import Failure, say

from .answers import HEAD, Answers
from .databases import Database
from .secrets import PASSWORD
from .settings import Variable, variables
from .template import Parameter, parameters

# Of a table with other names than the usual ones, its columns, too.
COLUMNS = ["ID_COLUMN", "FEATURE_COLUMNS", "PREDICTION_COLUMN", "PREDICTION_FORMAT", "CREATED_COLUMN"]
NONE = "none"
# To log in with the secret that RDS manages.
OF_RDS = "rds"


@dataclass(frozen=True)
class Question:
    name: str
    text: str
    accepted: str
    default: str
    problem: Callable[[str], str | None]
    take: Callable[[str], None]


def ask_all(answers: Answers, given: set[str]) -> None:
    """Asks for what was not given, and keeps what was said."""

    def for_parameter(name: str) -> Question:
        return of_parameter(answers, parameters()[name])

    def for_variable(name: str) -> Question:
        return of_variable(answers, variables()[name])

    def ask(question: Question) -> None:
        if question.name not in given:
            put(question)

    ask(for_variable("MYSQL_DATABASE"))
    ask(for_variable("ITEMS_TABLE"))
    if answers.settings.get("ITEMS_TABLE", "items") != "items":
        for name in COLUMNS:
            ask(for_variable(name))
    for name in ("Schedule", "ScheduleZone", "AlarmEmail"):
        ask(for_parameter(name))


def ask_how_to_log_in(answers: Answers, database: Database) -> None:
    """Asks whether to take the secret that RDS manages, where IAM logins are off."""

    def problem(value: str) -> str | None:
        return None if value in ("", OF_RDS) else f"the login is `{value}`; accepted: {OF_RDS} or {NONE}"

    def take(value: str) -> None:
        if value == OF_RDS:
            # The user is the one whom it names.
            answers.parameters |= {
                "MysqlPasswordSecret": database.admin_secret,
                "MysqlUser": "",
                "DatabaseResourceId": "",
            }

    text = (
        f"IAM authentication of {database.title} is off. With {NONE} it is turned on, which needs no restart, and the function gets "
        f"a login of its own. With {OF_RDS} the function reads the secret that RDS manages and changes, logs in as the "
        f"administrator `{database.admin}`, and may do all that one may."
    )
    put(Question("MysqlPasswordSecret", text, OF_RDS, "", problem, take))


def ask_for_admin(answers: Answers, title: str) -> None:
    """Asks for the administrator's secret, by which tables, logins and grants are made."""

    def take(value: str) -> None:
        answers.head["ADMIN_SECRET"] = value

    text = (
        f"{HEAD['ADMIN_SECRET']} Without one you get commands for a machine that reaches {title}; who has the password alone, "
        f"stops here and calls this again with {PASSWORD} set."
    )
    put(Question("ADMIN_SECRET", text, "the name or the ARN of a secret", "", lambda value: None, take))


def of_parameter(answers: Answers, parameter: Parameter) -> Question:
    default = answers.parameters.get(parameter.name, parameter.default or "")

    def take(value: str) -> None:
        answers.parameters[parameter.name] = value

    return Question(parameter.name, parameter.text, parameter.accepted, default, parameter.problem, take)


def of_variable(answers: Answers, variable: Variable) -> Question:
    default = answers.settings.get(variable.name, variable.default)
    text = variable.text.replace("`", "")

    def take(value: str) -> None:
        answers.settings.pop(variable.name, None)
        if value not in ("", variable.default):
            answers.settings[variable.name] = value

    return Question(
        variable.name,
        f"{text[:1].upper()}{text[1:]}.",
        variable.accepts.replace("`", ""),
        default,
        variable.problem,
        take,
    )


def put(question: Question) -> None:
    say(f"\n{question.name}: {question.text}")
    say(f"  accepted: {question.accepted}" + (f"; {NONE} for none" if question.problem("") is None else ""))
    while True:
        said = line(f"  {question.name} [{question.default or NONE}]: ")
        # A variable's name may be `none`; nothing is said by it but that there is none.
        value = question.default if not said else "" if said == NONE else said
        problem = question.problem(value)
        if not problem and not (value == "" and question.default == "" and question.problem("") is not None):
            return question.take(value)
        say(f"  {problem}")


def confirm(text: str) -> bool:
    while True:
        said = line(f"\n{text} [yes]: ").lower()
        if said in ("", "y", "yes"):
            return True
        if said in ("n", "no"):
            return False
        say("  accepted: yes or no")


def line(prompt: str) -> str:
    try:
        return input(prompt).strip()
    except EOFError:
        raise Failure("nobody answers. To take what stands between brackets, call make deploy with YES=1") from None
    except KeyboardInterrupt:
        raise Failure("stopped; nothing was changed") from None
