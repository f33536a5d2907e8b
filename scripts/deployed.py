"""The end-to-end test's inner part: deploys into the local AWS that the environment names, and looks on.

The schedule fires by itself, hops chain through the queue until the window in the real MySQL is finished; the same tick
twice makes one run; a poison message ends in the dead-letter queue, and the next run goes on.
"""

import datetime
import importlib.util
import ipaddress
import json
import os
import re
import secrets
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pymysql
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
STACK = "rowscore"
ROWS = 20_000
BROKEN = 3
# A page is a hop where the budget is used up by then.
PAGE_SIZE, HOP_BUDGET_MS, HOPS = 400, 1, 20
PASSWORD, READER_PASSWORD = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
SERVER = os.environ["MYSQL_SERVER"], int(os.environ["MYSQL_PORT"])
DATABASE = "e2e"


def say(text: str) -> None:
    print(f"e2e: {text}", flush=True)


def need(truth: bool, text: str) -> None:
    if not truth:
        sys.exit(f"e2e: error: {text}")


def wait(seconds: float, text: str, probe):
    """What `probe` returns, as soon as that is true."""
    until = time.monotonic() + seconds
    while not (found := probe()):
        need(time.monotonic() < until, f"after {seconds:.0f} s still not: {text}")
        time.sleep(0.5)
    return found


def query(sql: str, *arguments, database: str | None = None) -> list[dict]:
    connection = pymysql.connect(
        database=database,
        host=SERVER[0],
        port=SERVER[1],
        user=os.environ["MYSQL_USER"],
        password=os.environ["MYSQL_PASSWORD"],
        init_command="SET time_zone = '+00:00'",
        cursorclass=pymysql.cursors.DictCursor,
        autocommit=True,
        ssl={"ca": None},
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return cursor.fetchall()


# --- The database --------------------------------------------------------------------------------


def certify(folder: Path) -> Path:
    """Gives the server, whose data is in `folder`, a certificate for its address. Returns the authority's."""
    now = datetime.datetime.now(datetime.UTC)
    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("ca", "server")}
    names = {name: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"e2e {name}")]) for name in keys}

    def certificate(name: str, extension, critical: bool) -> None:
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[name])
            .issuer_name(names["ca"])
            .public_key(keys[name].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(extension, critical)
        )
        file = {"ca": "ca.pem", "server": "server-cert.pem"}[name]
        signed = builder.sign(keys["ca"], hashes.SHA256())
        (folder / file).write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    certificate("ca", x509.BasicConstraints(ca=True, path_length=0), True)
    certificate("server", x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(SERVER[0]))]), False)
    (folder / "server-key.pem").write_bytes(
        keys["server"].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    query("ALTER INSTANCE RELOAD TLS")
    return folder / "ca.pem"


def schema(database: str) -> list[dict]:
    columns = query(
        "SELECT table_name, column_name, ordinal_position, column_type, is_nullable, column_default, extra"
        f" FROM information_schema.columns WHERE table_schema = '{database}' ORDER BY 1, 3"
    )
    keys = query(
        "SELECT table_name, index_name, seq_in_index, column_name, non_unique"
        f" FROM information_schema.statistics WHERE table_schema = '{database}' ORDER BY 1, 2, 3"
    )
    return [*columns, *keys]


def rowscore(database: str, *arguments: str) -> None:
    environment = os.environ | {"MYSQL_DATABASE": database}
    subprocess.run([ROOT / "target/lambda/rowscore/bootstrap", *arguments], env=environment, check=True)


def apply(files: list[Path]) -> None:
    """Statement by statement, as infra/apply-sql.py does through the Data API, each on a connection of its own."""
    specification = importlib.util.spec_from_file_location("apply_sql", ROOT / "infra/apply-sql.py")
    apply_sql = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(apply_sql)

    def execute(statement: str):
        rows = query(statement, database=DATABASE)
        return next(iter(rows[0].values())) if rows else None

    variables = {}
    for file in files:
        apply_sql.apply(file.read_text(), execute, variables)


def make_tables() -> None:
    query(f"CREATE DATABASE {DATABASE}")
    apply(sorted((ROOT / "infra/migrations").glob("*.sql")))
    rowscore("reference", "init")
    need(schema(DATABASE) == schema("reference"), "infra/apply-sql.py makes other tables than rowscore init")
    say("infra/apply-sql.py makes the tables that rowscore init makes")


def make_items(rows: int) -> None:
    until = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:00Z")
    rowscore(DATABASE, "init", "--rows", str(rows), "--until", until)
    query(f"UPDATE {DATABASE}.items SET `values` = '[1.0, 2.0]' ORDER BY id DESC LIMIT {BROKEN}")


def make_login() -> None:
    """Users with exactly the rights that the functions need, and no connection without TLS."""
    query(f"CREATE USER scorer IDENTIFIED BY '{PASSWORD}' REQUIRE SSL")
    query(f"CREATE USER reader IDENTIFIED BY '{READER_PASSWORD}' REQUIRE SSL WITH MAX_USER_CONNECTIONS 20")
    apply([ROOT / "infra/grants.sql"])
    apply([ROOT / "infra/grants-reader.sql"])


# --- The deployment ------------------------------------------------------------------------------


def sam_deploy(parameters: dict, *options: str) -> subprocess.CompletedProcess:
    overrides = [f"{name}={value}" for name, value in parameters.items() if value is not None]
    command = ["sam", "deploy", "--no-confirm-changeset", "--no-progressbar", *options]
    command += ["--parameter-overrides", *overrides]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def deploy(parameters: dict, stack_name: str = STACK, *options: str) -> dict:
    """The stack's outputs."""
    started = time.monotonic()
    done = sam_deploy(parameters, "--stack-name", stack_name, *options)
    need(done.returncode == 0, f"sam deploy failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    say(f"sam deploy of {stack_name} took {time.monotonic() - started:.0f} s")
    [stack] = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    need(stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), f"the stack is {stack['StackStatus']}")
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def refuse(parameters: dict, wrong: dict, message: str) -> None:
    done = sam_deploy(parameters | wrong)
    said = " ".join((done.stdout + done.stderr).split())
    need(done.returncode != 0, f"{wrong} was accepted")
    need(message in said, f"{wrong} was refused, but not with {message!r}:\n{said[-1500:]}")
    say(f"refused, as it should be: {' '.join(f'{k}={v}' for k, v in wrong.items())}: {message}")


def refuse_nonsense(good: dict) -> None:
    refuse(good, {"MysqlPort": 70000}, "must be a number from 1 to 65535")
    refuse(good, {"SubnetIds": "mysubnet"}, "must be subnet ids separated by commas")
    refuse(good, {"MysqlAuth": "iam"}, "MysqlAuth=iam needs DatabaseResourceId")
    refuse(good, {"MysqlPasswordSecretArn": None}, "MysqlAuth=password needs MysqlPasswordSecretArn")
    refuse(good, {"ResultsApi": "iam"}, "needs ReaderPasswordSecretArn")
    stacks = boto3.client("cloudformation").list_stacks(StackStatusFilter=["CREATE_COMPLETE"])["StackSummaries"]
    need(all(stack["StackName"] != STACK for stack in stacks), "a refused deployment made a stack")


def deploy_with_companion(folder: Path) -> None:
    """infra/database.yaml, and on top of it the template with the parameters that its outputs name. Nothing runs there."""
    # The local AWS makes no secret for the cluster's administrator.
    template = (ROOT / "infra/database.yaml").read_text()
    for reference in ("!GetAtt Cluster.MasterUserSecret.SecretArn", "${Cluster.MasterUserSecret.SecretArn}"):
        template = template.replace(reference, "arn:of:the:secret")
    (folder / "database.yaml").write_text(template)
    database = deploy({"DeletionProtection": "false"}, "companion", "--template", str(folder / "database.yaml"))
    names = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    parameters = {name: value for name, value in database.items() if name in names}
    need(len(parameters) == 7, f"of the companion's outputs, the template takes {sorted(parameters)}")
    # The endpoint's name is not to be had from the local AWS.
    outputs = deploy(parameters | {"PathToSqs": "existing", "ScheduleState": "DISABLED"}, "with-companion")
    function = boto3.client("lambda").get_function_configuration(FunctionName=outputs["Function"])
    variables = function["Environment"]["Variables"]
    need(variables["MYSQL_AUTH"] == "iam" and "MYSQL_PASSWORD" not in variables, f"its variables are {variables}")
    iam, role = boto3.client("iam"), function["Role"].rpartition("/")[2]
    rights = json.dumps(iam.get_role_policy(RoleName=role, PolicyName="score")["PolicyDocument"])
    need(f":dbuser:{database['DatabaseResourceId']}/scorer" in rights, f"its rights are {rights}")
    need("vpc" in iam.list_role_policies(RoleName=role)["PolicyNames"], "it may not enter the subnets")
    say("infra/database.yaml deploys, and the function on top of it")


def remove() -> None:
    done = subprocess.run(["sam", "delete", "--no-prompts"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    need(done.returncode == 0, f"sam delete failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    queues = boto3.client("sqs").list_queues(QueueNamePrefix=f"{STACK}-").get("QueueUrls", [])
    need(not queues, f"sam delete left {queues}")
    say("sam delete left nothing")


# --- What happens there --------------------------------------------------------------------------


def runs(where: str = "TRUE") -> list[dict]:
    return query(f"SELECT * FROM {DATABASE}.batch_runs WHERE {where} ORDER BY id")


def hops(run: dict) -> int:
    return query(f"SELECT MAX(hop) AS hops FROM {DATABASE}.batch_lanes WHERE run_id = %s", run["id"])[0]["hops"]


def depth(url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def invoke(function: str, event: dict) -> dict:
    answer = boto3.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    body = json.loads(answer["Payload"].read())
    need("FunctionError" not in answer, f"{event} failed: {body}")
    return body


def finished(run: dict) -> bool:
    return run["state"] not in ("running", "paused")


def watch_the_schedule(rows: int) -> dict:
    """Waits for the schedule and for the end of the window that it opens."""
    say("waiting for the schedule to fire (up to a minute) ...")
    wait(150, "the schedule opened a window", lambda: runs("kind = 'window'"))
    say("a window is open; its hops chain through the queue ...")
    [run] = wait(300, "the window was finished", lambda: [r for r in runs("kind = 'window'")[:1] if finished(r)])
    need(run["state"] == "succeeded_with_failures", f"the first run is {run['state']}: {run['last_error']}")
    counts = tuple(run[name] for name in ("items", "predicted", "failed", "pending"))
    need(counts == (rows, rows - BROKEN, BROKEN, 0), f"items, predicted, failed, pending are {counts}")
    need(hops(run) >= HOPS, f"the window took {hops(run)} hops, at least {HOPS} were expected")
    say(f"finished after {hops(run)} hops: {counts[1]:,} predicted, {counts[2]} set aside, {counts[3]} pending")
    return run


def send_the_canary(function: str) -> None:
    """Everything is tried out, with the function's own login and queue, and nothing kept."""
    answer = invoke(function, {"run": "canary"})
    need((answer["outcome"], answer["state"]) == ("finished", "succeeded"), f"the canary was answered with {answer}")
    say("the canary succeeded")


def add_items(count: int) -> None:
    sql = f"INSERT INTO {DATABASE}.items (`values`, created_datetime) SELECT `values`, UTC_TIMESTAMP() - INTERVAL 5 MINUTE"
    query(f"{sql} FROM {DATABASE}.items WHERE prediction IS NOT NULL LIMIT {count}")


def next_window(function: str, text: str) -> None:
    """New items, and the same tick twice: one run takes them."""
    add_items(500)
    tick = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = {"run": "window", "scheduled_time": tick}
    first, second = invoke(function, event), invoke(function, event)
    need(first["outcome"] == "finished" and first["predicted"] == 500, f"{text}: the tick was answered with {first}")
    need(second["outcome"] == "nothing_to_do", f"{text}: the tick's second delivery was answered with {second}")
    of_tick = runs(f"tick = '{tick[:-1].replace('T', ' ')}'")
    need(len(of_tick) == 1, f"{text}: one tick made {len(of_tick)} runs")
    say(f"{text}: a tick that was delivered twice made one run")


def poison(outputs: dict) -> None:
    sqs = boto3.client("sqs")
    queue = outputs["ContinuationQueueUrl"]
    # Else three deliveries would take three times the visibility timeout.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "1"})
    sqs.send_message(QueueUrl=queue, MessageBody="poison", MessageGroupId="poison", MessageDeduplicationId="poison")
    wait(120, "the poison is in the dead-letter queue", lambda: depth(outputs["DeadLetterQueueUrl"]) == 1)
    [message] = sqs.receive_message(QueueUrl=outputs["DeadLetterQueueUrl"], VisibilityTimeout=0)["Messages"]
    need(message["Body"] == "poison", f"in the dead-letter queue is {message['Body']}")
    say("a poison message ended in the dead-letter queue, after three deliveries")


def fail_asynchronously(outputs: dict) -> None:
    boto3.client("lambda").invoke(
        FunctionName=outputs["Function"], InvocationType="Event", Payload=json.dumps({"run": "dance"})
    )
    wait(120, "the failed event is in its queue", lambda: depth(outputs["FailedEventQueueUrl"]) == 1)
    say("an event that cannot be handled ended in the queue of failed events, after one more try")


def log_lines(group: str) -> list[str]:
    pages = boto3.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [event["message"] for page in pages for event in page["events"]]


def check_log(outputs: dict) -> None:
    lines = log_lines(outputs["LogGroupName"])
    need(not any(PASSWORD in line for line in lines), "the password is in the log")
    ends = []
    for line in lines:
        if "hop ended" in line:
            ends.append(json.loads(line)["fields"])
    need(len(ends) > HOPS, f"of {len(lines)} lines in the log only {len(ends)} end a hop")
    # What alarms and dashboard read must be what a hop writes.
    written = [json.loads(line) for line in lines if '"_aws"' in line]
    need(len(written) > HOPS, f"{len(ends)} hops wrote {len(written)} lines of metrics")
    names = {metric["Name"] for line in written for part in line["_aws"]["CloudWatchMetrics"] for metric in part["Metrics"]}
    need({line["Function"] for line in written} == {outputs["Function"]}, "the metrics name another function")
    cloudwatch = boto3.client("cloudwatch")
    alarms = [alarm for alarm in cloudwatch.describe_alarms()["MetricAlarms"] if alarm["Namespace"] == "rowscore"]
    functions = {dimension["Value"] for alarm in alarms for dimension in alarm["Dimensions"]}
    need(outputs["Function"] in functions, f"the alarms are those of {functions}")
    [board] = [entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]]
    widgets = json.loads(cloudwatch.get_dashboard(DashboardName=board)["DashboardBody"])["widgets"]
    shown = [metric for widget in widgets for metric in widget["properties"]["metrics"]]
    read = {alarm["MetricName"] for alarm in alarms} | {metric[1] for metric in shown if metric[0] == "rowscore"}
    # Drift of the classes needs an earlier run, a forecast a run with a deadline, and so on: all of it happened.
    need(read <= names, f"alarms and dashboard read {sorted(read - names)}, which no hop wrote")
    say(f"the log has {len(lines):,} lines, {len(ends)} of them end a hop, and none has the password")


def read_results(outputs: dict, rows: int) -> None:
    """The results API answers what its URL hands on, and its URL asks for a signature."""
    function = outputs["ResultsFunction"]
    url = boto3.client("lambda").get_function_url_config(FunctionName=function)
    need(url["AuthType"] == "AWS_IAM", f"the results API is open to everybody: {url}")

    def get(path: str, query: str = "") -> dict:
        http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "e2e"}
        event = {"version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": {}}
        context = {"http": http, "accountId": "0", "apiId": "e2e", "domainName": "e2e", "domainPrefix": "e2e"}
        context |= {"requestId": "e2e", "routeKey": "$default", "stage": "$default", "time": "", "timeEpoch": 0}
        answer = invoke(function, event | {"requestContext": context, "isBase64Encoded": False})
        need(answer["statusCode"] == 200, f"{path} is answered with {answer}")
        return answer

    found, query = 0, "limit=1000"
    while query is not None:
        answer = get("/data/predicted", query)
        found += len(json.loads(answer["body"]))
        link = re.search(r"\?([^>]*)>", answer["headers"].get("link", ""))
        query = link and link[1]
    need(found == rows, f"the results API has {found} predictions, {rows} were expected")
    # The last run tried them again.
    [run] = json.loads(get("/runs", "limit=1")["body"])
    failures = json.loads(get(f"/runs/{run['run_id']}")["body"])["failures"]
    aside = {reason["code"]: reason["items"] for reason in failures}
    need(aside == {"wrong_length": BROKEN}, f"the results API has set aside {aside}")
    need("All predicted but" in get("/")["body"], "the status page shows another state")
    say(f"the results API, behind its URL for signed requests, has all {found:,} predictions, and a status page")


def check_the_end(outputs: dict, rows: int) -> None:
    unfinished = [run["id"] for run in runs() if not finished(run)]
    need(not unfinished, f"unfinished runs: {unfinished}")
    for run in runs():
        parts = [run[name] for name in ("predicted", "failed", "pending")]
        need(run["items"] == sum(parts), f"run {run['id']}: {run['items']} items, but {parts}")
    [counts] = query(f"SELECT COUNT(*) AS items, SUM(prediction IS NULL) AS without FROM {DATABASE}.items")
    need(counts == {"items": rows, "without": BROKEN}, f"at the end there are {counts}")
    depths = {name: depth(outputs[name]) for name in outputs if name.endswith("QueueUrl")}
    expected = {"ContinuationQueueUrl": 0, "DeadLetterQueueUrl": 1, "FailedEventQueueUrl": 1}
    need(depths == expected, f"messages left: {depths}")
    say(f"every item has its prediction, but for the {BROKEN} that cannot be scored; every run's counts add up")


def main() -> None:
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"]
    authority = certify(Path(os.environ["ROWSCORE_MYSQL_DIR"]) / "data")
    make_tables()
    make_items(ROWS)
    make_login()
    secret = boto3.client("secretsmanager").create_secret(
        Name="scorer", SecretString=json.dumps({"password": PASSWORD})
    )
    login = {"MYSQL_USER": "scorer", "MYSQL_PASSWORD": PASSWORD, "MYSQL_TLS": "verify"}
    login |= {"MYSQL_CA_FILE": str(authority), "MYSQL_DATABASE": DATABASE}
    login |= {"CONTINUATION_QUEUE_URL": f"{os.environ['AWS_ENDPOINT_URL']}/000000000000/cold-start.fifo"}
    command = [sys.executable, ROOT / "scripts/coldstart.py", ROOT / ".aws-sam/build/ScoreFunction/bootstrap"]
    subprocess.run(command, env=os.environ | login, check=True)

    parameters = {
        "MysqlServer": SERVER[0],
        "MysqlPort": SERVER[1],
        "MysqlDatabase": DATABASE,
        "MysqlAuth": "password",
        "MysqlPasswordSecretArn": secret["ARN"],
        "MysqlCaFile": authority,
        "Architecture": os.environ["ROWSCORE_ARCHITECTURE"],
        "Schedule": '"rate(1 minute)"',
        "PageSize": PAGE_SIZE,
        "HopBudgetMs": HOP_BUDGET_MS,
        "DeliverWithin": "1h",
        "Timeout": 30,
    }
    refuse_nonsense(parameters)
    outputs = deploy(parameters)
    watch_the_schedule(ROWS)

    say("deploying again, with the schedules off, the usual budget and the results API ...")
    reader = boto3.client("secretsmanager").create_secret(
        Name="reader", SecretString=json.dumps({"password": READER_PASSWORD})
    )
    results = {"ResultsApi": "iam", "ReaderPasswordSecretArn": reader["ARN"]}
    outputs = deploy(parameters | results | {"ScheduleState": "DISABLED", "HopBudgetMs": 240_000})
    next_window(outputs["Function"], "after an upgrade")
    read_results(outputs, ROWS - BROKEN + 500)
    send_the_canary(outputs["Function"])
    poison(outputs)
    next_window(outputs["Function"], "after the poison")
    fail_asynchronously(outputs)
    check_log(outputs)
    check_the_end(outputs, ROWS + 2 * 500)
    remove()
    deploy_with_companion(Path(os.environ["ROWSCORE_MYSQL_DIR"]))


if __name__ == "__main__":
    main()
