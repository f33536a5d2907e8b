#!/usr/bin/env python3
"""Applies SQL files to an Aurora MySQL in private subnets, through its Data API, with boto3 or else the AWS CLI.

  python3 infra/apply-sql.py --cluster ARN --secret ARN --database NAME [--first STATEMENT] [--login NAME]
    [--existing] infra/migrations/*.sql infra/grants.sql

The Data API takes one statement at a time and remembers nothing between two of them, so the variables that the files
SET and the statements that they PREPARE are kept here. The variables that name the items table and its columns to
rowscore (ITEMS_TABLE, FEATURE_COLUMNS and so on) are taken from the environment.
"""

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

# A paused Aurora answers with an error until it has resumed.
RESUME_S = 120


def statements(sql: str) -> list[str]:
    """The statements of a file; what stands between quotes or in a comment ends none."""
    token = re.compile(r"--[^\n]*|'(?:[^'\\]|\\.|'')*'|`[^`]*`|;|[^-'`;]+|-", re.DOTALL)
    found = [""]
    for part in token.findall(sql):
        if part == ";":
            found.append("")
        elif not part.startswith("--"):
            found[-1] += part
    return [statement.strip() for statement in found if statement.strip()]


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def apply(sql: str, execute, variables: dict[str, str]) -> None:
    """`execute` runs a statement and returns its first value, if it has one."""
    prepared = ""
    for statement in statements(sql):
        if match := re.fullmatch(r"SET @(\w+) = (.*)", statement, re.DOTALL):
            # A number is answered as one; between quotes it is the same to the server.
            variables[match[1]] = str(execute(f"SELECT {filled(match[2], variables)}"))
        elif match := re.fullmatch(r"PREPARE \w+ FROM @(\w+)", statement):
            prepared = variables[match[1]]
        elif statement.startswith("EXECUTE "):
            execute(prepared)
        elif not statement.startswith("DEALLOCATE "):
            execute(statement)


def filled(expression: str, variables: dict[str, str]) -> str:
    """The expression with what its variables hold."""
    part = re.compile(r"'(?:[^'\\]|\\.|'')*'|@@\w+|@(\w+)", re.DOTALL)

    def value(match):
        return (quoted(variables[match[1]]) if match[1] in variables else "NULL") if match[1] else match[0]

    return part.sub(value, expression)


def unquoted(name: str) -> str:
    return name[1:-1].replace("``", "`") if len(name) > 2 and name[0] == name[-1] == "`" else name


def names(environment: dict[str, str]) -> dict[str, str]:
    """The names of the items table and of its columns, as the files' variables."""

    def name(variable, default):
        return unquoted(environment.get(variable, "").strip()) or default

    run = name("RUN_COLUMN", "run_id")
    run = "" if run == "none" else run

    # What stands between backticks separates nothing.
    def parts(variable):
        return re.findall(r"(?:`(?:[^`]|``)*`|[^,`])+", environment.get(variable, "").strip())

    ids = [unquoted(part.strip()) for part in parts("ID_COLUMN")] or ["id"]
    keys = {"items": name("ITEMS_TABLE", "items"), "run": run}
    keys["created"] = name("CREATED_COLUMN", "created_datetime")
    prediction = name("PREDICTION_COLUMN", "prediction")
    columns = [name("VALUES_COLUMN", "values")]
    if entries := parts("FEATURE_COLUMNS"):
        columns = [unquoted(re.split(r"=(?=(?:[^`]*`[^`]*`)*[^`]*$)", entry)[-1].strip()) for entry in entries]
    for column in [*keys.values(), *ids, prediction, *columns]:
        if len(column) > 64 or "\0" in column:
            sys.exit(f"`{column}` is no name of a table or a column that a server has")

    def listed(columns):
        return ", ".join("`" + column.replace("`", "``") + "`" for column in columns if column)

    # A column of the key may be more than that.
    read = listed(dict.fromkeys([*ids, prediction, keys["created"], run, *columns]))
    keys = {**keys, "id": ids[0], "window_key": listed(dict.fromkeys([keys["created"], *ids]))}
    return {**keys, "read": read, "written": listed([prediction, run])}


def by_boto3(cluster: str, secret: str, database: str):
    """Answers a statement with its first value, or with what is wrong."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client("rds-data")

    def answer(statement: str):
        try:
            done = client.execute_statement(resourceArn=cluster, secretArn=secret, database=database, sql=statement)
            return done.get("records"), None
        except (BotoCoreError, ClientError) as error:
            return None, str(error)

    return answer


def by_command(cluster: str, secret: str, database: str):
    """The same with the AWS CLI."""
    command = ["aws", "rds-data", "execute-statement", "--output", "json", "--resource-arn", cluster]
    command += ["--secret-arn", secret, "--database", database, "--sql"]

    def answer(statement: str):
        done = subprocess.run([*command, statement], capture_output=True, text=True)
        if done.returncode != 0:
            return None, done.stderr.strip()
        return json.loads(done.stdout or "{}").get("records"), None

    return answer


def data_api(cluster: str, secret: str, database: str):
    way = by_boto3 if importlib.util.find_spec("boto3") else by_command
    answer = way(cluster, secret, database)

    def execute(statement: str):
        until = time.monotonic() + RESUME_S
        while True:
            records, problem = answer(statement)
            if problem is None:
                return next(iter((records or [[{}]])[0][0].values()), None)
            if "DatabaseResuming" not in problem or time.monotonic() > until:
                sys.exit(f"{problem}\nThe statement was: {statement}")
            print("the database is waking up ...", file=sys.stderr)
            time.sleep(5)

    return execute


def check_table(execute, table: str) -> None:
    found = "FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'"
    if not execute(f"SELECT COUNT(*) {found} AND table_name = {quoted(table)}"):
        listed = execute(f"SELECT GROUP_CONCAT(table_name ORDER BY table_name SEPARATOR ', ') {found}") or "none"
        sys.exit(f"there is no table `{table}`; those in the database: {listed}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("cluster", "secret", "database"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--first", metavar="STATEMENT", help="a statement that is executed before the files")
    parser.add_argument("--existing", action="store_true", help="make no items table: without one, stop")
    parser.add_argument("--login", metavar="NAME", help="who gets the grants; without it, scorer")
    parser.add_argument("file", nargs="+", type=Path)
    arguments = parser.parse_args()
    execute = data_api(arguments.cluster, arguments.secret, arguments.database)
    if arguments.first:
        execute(arguments.first)
    variables = names(dict(os.environ)) | ({"login": arguments.login} if arguments.login else {})
    if arguments.existing:
        check_table(execute, variables["items"])
    for file in arguments.file:
        apply(file.read_text(), execute, variables)
        print(f"applied {file}")


if __name__ == "__main__":
    main()
