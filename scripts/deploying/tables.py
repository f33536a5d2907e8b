"""The tables, the function's login and its grants: made through the Data API, or said how."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

from servers.common import REPO, Failure

from .account import Account
from .answers import Answers
from .changes import Change
from .databases import Database

NAMES = [
    "ITEMS_TABLE",
    "ID_COLUMN",
    "VALUES_COLUMN",
    "FEATURE_COLUMNS",
    "PREDICTION_COLUMN",
    "CREATED_COLUMN",
    "RUN_COLUMN",
]


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
            raise Failure("the tables could not be made; what the database said stands above. Nothing was deployed")

    return Change(f"makes rowscore's tables in `{name}`, the login `{user}` and its grants, through the Data API", make)


def by_hand(database: Database, answers: Answers) -> str:
    """What to call on a machine that reaches the database."""
    complete = answers.complete()
    user, iam = complete["MysqlUser"], not complete["MysqlPasswordSecret"]
    login = f"mysql -h {database.server} -P {database.port} -u {database.admin} -p"
    own = " ".join(f"{name}={shlex.quote(value)}" for name, value in answers.settings.items() if name in NAMES)
    name = answers.settings.get("MYSQL_DATABASE", "")
    variables = f"MYSQL_SERVER={database.server} MYSQL_PORT={database.port} MYSQL_DATABASE={name} {own}".rstrip()
    secret = f"  # {database.admin}'s password is in {database.admin_secret}\n" if database.admin_secret else ""
    return (
        f'{secret}  {login} -e "{create_user(user, iam=iam)}"\n'
        f"  export {variables} MYSQL_USER={database.admin} MYSQL_PASSWORD=...\n"
        f"  cargo build --release && target/release/rowscore init --create --grant {user}"
    )
