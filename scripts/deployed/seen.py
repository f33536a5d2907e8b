"""What the log, the alarms and the results API show of it."""

import json
import re

import boto3

from tools import BROKEN, HOPS, PASSWORD, invoke, need, say


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
    written = [json.loads(line) for line in lines if '"Function":' in line]
    need(len(written) > HOPS, f"{len(ends)} hops wrote {len(written)} lines of figures")
    need({line["Function"] for line in written} == {outputs["Function"]}, "the figures name another function")
    figures = {name for line in written for name in line}
    metrics = {
        metric["Name"]
        for line in written
        for part in line.get("_aws", {"CloudWatchMetrics": []})["CloudWatchMetrics"]
        for metric in part["Metrics"]
    }
    troubles = {trouble for line in written for trouble in line.get("Troubles", [])}
    need("event_refused" in troubles, f"nobody was told of the poison, but of {sorted(troubles)}")
    cloudwatch = boto3.client("cloudwatch")
    alarms = cloudwatch.describe_alarms()["MetricAlarms"]
    ours = [a for a in alarms if outputs["Function"] in {dimension["Value"] for dimension in a["Dimensions"]}]
    need(len(ours) == 3, f"the alarms are {[alarm['AlarmName'] for alarm in alarms]}")
    read = {alarm["MetricName"] for alarm in ours if alarm["Namespace"] == "rowscore"}
    need(read == metrics == {"Trouble"}, f"the alarms read {read}, and the hops wrote {metrics}")
    [board] = [entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]]
    widgets = json.loads(cloudwatch.get_dashboard(DashboardName=board)["DashboardBody"])["widgets"]
    queries = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    need(all(outputs["LogGroupName"] in query for query in queries), f"the dashboard reads another log: {queries}")
    # Drift of the classes needs an earlier run, a forecast a run with a deadline, and so on: all of it happened.
    shown = {name for query in queries for name in re.findall(r"\b(?:[A-Z][a-z]+){1,4}\b", query.partition("|")[2])}
    need(shown <= figures, f"the dashboard shows {sorted(shown - figures)}, which no hop wrote")
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
