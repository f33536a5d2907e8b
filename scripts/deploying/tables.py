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
from .stacks import Stack

NAMES = [
    "ITEMS_TABLE",
    "ID_COLUMN",
    "VALUES_COLUMN",
    "FEATURE_COLUMNS",
    "PREDICTION_COLUMN",
    "CREATED_COLUMN",
    "RUN_COLUMN",
]
# What the logins and the grants are made of.
LOGINS = ["MysqlUser", "MysqlPasswordSecret", "ReaderUser", "ReaderPasswordSecret"]


def change(account: Account, database: Database, answers: Answers, stack: Stack | None) -> Change | None:
    """What makes them, if it is known how, and not all was made before."""
    way = answers.head["SET_UP"]
    if way == "by-hand" or database.status in ASLEEP:
        return None
    if way == "auto" and has_data_api(database, answers):
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


def has_data_api(database: Database, answers: Answers) -> bool:
    return bool(database.data_api and database.admin_secret and not answers.complete()["MysqlPasswordSecret"])


def lacks_admin(database: Database, answers: Answers) -> bool:
    """Whether nobody has said yet who may make them, where that has to be known."""
    known = database.admin_secret or answers.head.get("ADMIN_SECRET") or os.environ.get(secrets.PASSWORD)
    return not known and answers.head["SET_UP"] != "by-hand" and database.status not in ASLEEP


def digest(database: Database, answers: Answers) -> str:
    """What is made: where, for whom, for which columns, and by which files."""
    complete = answers.complete()
    parts = [database.server, complete["Settings"], *(complete[name] for name in LOGINS)]
    parts += [file.read_text() for file in sorted((REPO / "infra").glob("**/*.sql"))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def create_user(user: str, *, iam: bool) -> str:
    how = "WITH AWSAuthenticationPlugin AS 'RDS'" if iam else "BY '...'"
    return f"CREATE USER IF NOT EXISTS '{user}' IDENTIFIED {how} REQUIRE SSL"


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
        environment = os.environ | own | {"AWS_DEFAULT_REGION": account.region}
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
    user = complete["MysqlUser"] or "USER"
    is_admin = not iam and database.admin_secret == secrets.split(complete["MysqlPasswordSecret"])[0]
    login = f"mysql -h {database.server} -P {database.port} -u {database.admin} -p"
    own = " ".join(f"{name}={shlex.quote(value)}" for name, value in answers.settings.items() if name in NAMES)
    name = answers.settings.get("MYSQL_DATABASE", "")
    variables = f"MYSQL_SERVER={database.server} MYSQL_PORT={database.port} MYSQL_DATABASE={name} {own}".rstrip()
    secret = f"  # {database.admin}'s password is in {database.admin_secret}\n" if database.admin_secret else ""
    made = "" if is_admin else f'  {login} -e "{create_user(user, iam=iam)}"\n'
    grant = "" if is_admin else f" --grant {user}"
    return (
        f"{secret}{made}"
        f"  export {variables} MYSQL_USER={database.admin} MYSQL_PASSWORD=...\n"
        f"  cargo build --release && target/release/rowscore init --create{grant}"
    )
