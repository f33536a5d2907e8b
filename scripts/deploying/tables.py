"""The tables, the function's login and its grants: made by a function in the VPC or through the Data API, or said how."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys

from servers.common import REPO, Failure

from . import secrets, set_up
from .account import Account
from .answers import Answers
from .changes import Change
from .databases import ASLEEP, Database
from .settings import TABLE, variables
from .stacks import Stack

# What infra/apply-sql.py knows of a table.
NAMES = [
    "ITEMS_TABLE",
    "ID_COLUMN",
    "VALUES_COLUMN",
    "FEATURE_COLUMNS",
    "PREDICTION_COLUMN",
    "CREATED_COLUMN",
    "RUN_COLUMN",
]
# What else there is to say of a table, and makes no difference to tables and grants.
NO_MATTER = {"PREDICTION_FORMAT", "PREDICTION_DECIMALS", "CREATED_ZONE", "THRESHOLD"}
# Connections of the results API, as src/lambda/set_up.rs has them.
READERS = 20
# Behind the digest of what was not made, but said.
BY_HAND = " by hand"
# What the logins and the grants are made of.
LOGINS = ["MysqlUser", "MysqlPasswordSecret", "ReaderUser", "ReaderPasswordSecret"]


def change(account: Account, database: Database, answers: Answers, stack: Stack | None) -> Change | None:
    """What makes them, if it is known how, and not all was made before."""
    if answers.head["SET_UP"] == "by-hand" or database.status in ASLEEP:
        return None
    if goes_by_data_api(database, answers):
        return by_data_api(account, database, answers)
    if stack and answers.head.get("TABLES") == digest(database, answers):
        return None
    admin = secrets.admin(account, database.admin, answers.head.get("ADMIN_SECRET") or database.admin_secret)
    if not admin:
        return None
    made = set_up.by_function(account, database, answers, admin)

    def make() -> None:
        made.make()
        answers.head["TABLES"] = digest(database, answers)

    return Change(made.text, make)


def goes_by_data_api(database: Database, answers: Answers) -> bool:
    """Whether they are made through the Data API, which takes every name of NAMES, and one login, by IAM. Whoever has more gets
    it from the function, which does all that `rowscore init` does."""
    complete = answers.complete()
    more = of_table(answers).keys() - {*NAMES, *NO_MATTER}
    more |= {name for name in ("MysqlPasswordSecret", "ReaderUser") if complete[name]}
    there = database.data_api and database.admin_secret and database.status not in ASLEEP
    return bool(there and answers.head["SET_UP"] == "auto" and not more)


def of_table(answers: Answers) -> dict[str, str]:
    """What is said of the table, and of where predictions go."""
    found = [name for name, variable in variables().items() if variable.group == TABLE and answers.differs(name)]
    return {name: answers.settings[name] for name in found}


def is_made(answers: Answers) -> bool:
    """Whether they were made here by the function, and not only said."""
    made = answers.head.get("TABLES", "")
    return bool(made) and not made.endswith(BY_HAND)


def to_do(database: Database, answers: Answers, *, is_first: bool) -> str:
    """What is to be called by hand, where nothing makes them and it was not said before."""
    made = digest(database, answers)
    if goes_by_data_api(database, answers) or answers.head.get("TABLES") == made:
        return ""
    if answers.head.get("TABLES") == made + BY_HAND and not is_first:
        return ""
    answers.head["TABLES"] = made + BY_HAND
    return by_hand(database, answers)


def lacks_admin(database: Database, answers: Answers) -> bool:
    """Whether nobody has said yet who may make them, where that has to be known."""
    known = database.admin_secret or answers.head.get("ADMIN_SECRET") or os.environ.get(secrets.PASSWORD)
    return not known and answers.head["SET_UP"] != "by-hand" and database.status not in ASLEEP


def digest(database: Database, answers: Answers) -> str:
    """What is made: where, for whom, for which columns, and by which files."""
    complete = answers.complete()
    parts = [database.server, answers.settings.get("MYSQL_DATABASE", ""), *map("=".join, of_table(answers).items())]
    parts += [complete[name] for name in LOGINS]
    parts += [file.read_text() for file in sorted((REPO / "infra").glob("**/*.sql"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def create_user(user: str, *, iam: bool, most: int = 0) -> str:
    how = "WITH AWSAuthenticationPlugin AS 'RDS'" if iam else "BY '...'"
    limit = f" WITH MAX_USER_CONNECTIONS {most}" if most else ""
    return f"CREATE USER IF NOT EXISTS '{user}' IDENTIFIED {how} REQUIRE SSL{limit}"


def by_data_api(account: Account, database: Database, answers: Answers) -> Change:
    """Makes them without a way into the VPC."""
    complete = answers.complete()
    user, name = complete["MysqlUser"], answers.settings["MYSQL_DATABASE"]

    def make() -> None:
        files = [*sorted((REPO / "infra/migrations").glob("*.sql")), REPO / "infra/grants.sql"]
        command = [sys.executable, str(REPO / "infra/apply-sql.py"), "--cluster", database.arn]
        command += ["--secret", database.admin_secret, "--database", name, "--login", user]
        # Somebody's own table is never made for a slip of the pen.
        command += ["--existing"] if "ITEMS_TABLE" in answers.settings else []
        command += ["--first", create_user(user, iam=True), *map(str, files)]
        own = {variable: value for variable, value in answers.settings.items() if variable in NAMES}
        # What stands in the shell may be of another deployment.
        others = {variable: value for variable, value in os.environ.items() if variable not in NAMES}
        environment = others | own | {"AWS_DEFAULT_REGION": account.region}
        if subprocess.run(command, env=environment, cwd=REPO).returncode != 0:
            raise Failure(
                "the tables could not be made; what the database said stands above. Nothing was deployed. A statement that "
                "takes longer than 45 s is nothing for the Data API: SET_UP=function lets a function in the VPC do it"
            )

    return Change(f"makes rowscore's tables in `{name}`, the login `{user}` and its grants, through the Data API", make)


def by_hand(database: Database, answers: Answers) -> str:
    """What to call on a machine that reaches the database."""
    complete = answers.complete()
    iam = not complete["MysqlPasswordSecret"]
    # Whom a secret names is in the secret; that of RDS is the administrator's, who may do all of it already.
    user, reader = complete["MysqlUser"] or "USER", complete["ReaderUser"]
    is_admin = not iam and database.admin_secret == secrets.split(complete["MysqlPasswordSecret"])[0]
    made = [] if is_admin else [create_user(user, iam=iam)]
    made += [create_user(reader, iam=iam, most=READERS)] if reader else []
    grants = ("" if is_admin else f" --grant {user}") + (f" --grant-reader {reader}" if reader else "")
    login = f"mysql -h {database.server} -P {database.port} -u {database.admin} -p"
    own = " ".join(f"{name}={shlex.quote(value)}" for name, value in of_table(answers).items())
    name = answers.settings.get("MYSQL_DATABASE", "")
    environment = f"MYSQL_SERVER={database.server} MYSQL_PORT={database.port} MYSQL_DATABASE={name} {own}".rstrip()
    secret = f"  # {database.admin}'s password is in {database.admin_secret}\n" if database.admin_secret else ""
    logins = "".join(f'  {login} -e "{statement}"\n' for statement in made)
    return (
        f"{secret}{logins}"
        f"  export {environment} MYSQL_USER={database.admin} MYSQL_PASSWORD=...\n"
        f"  cargo build --release && target/release/rowscore init --create{grants}"
    )
