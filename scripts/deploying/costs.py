"""What a deployment costs a month while nothing arrives, reckoned from the templates.

A test holds docs/DEPLOY.md against its table, and shows it where they differ.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from servers.common import REPO

from .conditions import holds, resources
from .prices import HOURS, PRICES
from .schedules import ticks
from .settings import parse
from .template import parameters, parsed

# A tick that finds nothing: well above what the log of `make e2e` shows.
TICK_S, TICK_LOG_KB = 1.0, 4.0
# How many requests Lambda has at a queue at a time while nothing is in it: five, and "as few as 2" where no maximum of
# concurrency is set. AWS says so of standard queues, and nothing of queues that keep their order.
POLLERS, FEWEST_POLLERS = 5, 2
SCALING = "https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"
# Each waits for a message as long as SQS lets it.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
POLLS = 3600 / 20 * HOURS
# Of a million rows, in docs/BENCHMARKS.md: memory, dollars on arm64, time.
MILLION = re.compile(r"^\| rowscore, ([\d,]+) MB \| [^|]+ \| (\$[\d.]+) \| [^|]+ \| ([\d.]+ s) \|$", re.MULTILINE)
# Aurora's least, and how long a tick keeps it awake besides SecondsUntilAutoPause.
CAPACITY, AWAKE_S, STORAGE_GB = 0.5, 60, 1

SETUPS = {
    "beside a database, with IPv6 or NAT": {"SubnetIds": "subnet-1", "PathToSqs": "existing"},
    "beside a database, without a way out": {"SubnetIds": "subnet-1", "PathToSqs": "vpc-1"},
    "`DATABASE=new`, daily": {"SubnetIds": "subnet-1", "PathToSqs": "ipv6", "Schedule": "rate(1 day)"},
}


@dataclass(frozen=True)
class Line:
    what: str
    amount: float
    price: str

    @property
    def dollars(self) -> float:
        return self.amount * PRICES[self.price].dollars

    @property
    def beyond_free(self) -> float:
        """What is left of it where nothing else in the account takes what is free."""
        return max(0.0, self.amount - PRICES[self.price].free) * PRICES[self.price].dollars


def monthly(answers: dict[str, str]) -> list[Line]:
    """What is paid for in a month without rows."""
    template = parsed()
    values = {name: parameter.default or "" for name, parameter in parameters().items()} | answers
    made = resources(template, values)

    def count(kind: str) -> int:
        return sum(1 for resource in made.values() if resource["Type"] == kind)

    runs = sum(ticks(values[name]) for name in ("Schedule", "SweepSchedule", "CanarySchedule"))
    runs *= values["ScheduleState"] == "ENABLED"
    zones = len([subnet for subnet in values["SubnetIds"].split(",") if subnet])
    alarms = [each["Properties"] for each in made.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    pollers = POLLERS if holds(template, "LimitsHops", values) else FEWEST_POLLERS
    secrets = holds(template, "UsesPassword", values) * (1 + holds(template, "ServesResults", values))
    lines = [
        Line("endpoint for each subnet", count("AWS::EC2::VPCEndpoint") * zones * HOURS, "endpoint"),
        Line("alarms", sum(map(metrics, alarms)), "alarm"),
        Line("metrics that are written at every tick", len(steady(alarms)) * min(1.0, runs / HOURS), "metric"),
        Line("dashboard", count("AWS::CloudWatch::Dashboard"), "dashboard"),
        Line("Lambda asks the queue for messages", pollers * POLLS, "fifo"),
        Line("ticks: requests", runs, "request"),
        Line("ticks: time", runs * TICK_S * int(values["MemorySize"]) / 1024, values["Architecture"]),
        Line("ticks: log", runs * TICK_LOG_KB / 1e6, "log"),
        Line("ticks: schedules", runs, "schedule"),
        Line("secrets with passwords", secrets, "secret"),
        Line("secret with a token", "LINEAGE_TOKEN_SECRET" in parse(values["Settings"]), "secret"),
    ]
    return [line for line in lines if line.amount]


def of_companion(answers: dict[str, str]) -> list[Line]:
    """What the Aurora of infra/database.yaml adds."""
    template = parsed("infra/database.yaml")
    pause = int(template["Parameters"]["SecondsUntilAutoPause"]["Default"])
    made = template["Resources"].values()
    secrets = sum(1 for each in made if each.get("Properties", {}).get("ManageMasterUserPassword"))
    values = {name: parameter.default or "" for name, parameter in parameters().items()} | answers
    runs = sum(ticks(values[name]) for name in ("Schedule", "SweepSchedule", "CanarySchedule"))
    hours = min(HOURS, runs * (pause + AWAKE_S) / 3600)
    return [
        Line("Aurora, awake for each tick", hours * CAPACITY, "capacity"),
        Line(f"Aurora, {STORAGE_GB} GB", STORAGE_GB, "storage"),
        Line("secret with the administrator's password", secrets, "secret"),
    ]


def metrics(alarm: dict[str, Any]) -> int:
    """How many metrics an alarm reads, each of which is paid for."""
    return sum(1 for metric in alarm["Metrics"] if "MetricStat" in metric) if "Metrics" in alarm else 1


def steady(alarms: list[dict[str, Any]]) -> list[str]:
    """Metrics of our own that are missed where they are missing, and so have to be written at every tick."""
    return [a["MetricName"] for a in alarms if a["Namespace"] == "rowscore" and a["TreatMissingData"] == "breaching"]


def money(dollars: float) -> str:
    return f"${dollars:.2f}" if dollars >= 0.005 else "below $0.01" if dollars else ""


def decimals(dollars: float) -> str:
    """Without zeros at the end, but for cents."""
    text = f"{dollars:.10f}".rstrip("0")
    return text if len(text.partition(".")[2]) >= 2 else f"{dollars:.2f}"


def table() -> str:
    """In Markdown."""
    setups = {title: monthly(a) + (of_companion(a) if "new" in title else []) for title, a in SETUPS.items()}
    whats = list({line.what: line.price for lines in setups.values() for line in lines}.items())
    rows = [["a month without rows", *setups, "price"], ["---"] * (len(setups) + 2)]
    for what, price in whats:
        cells = [money(sum(line.dollars for line in lines if line.what == what)) for lines in setups.values()]
        per = PRICES[price]
        rows.append([what, *cells, f"[${decimals(per.dollars)}]({per.source}) {per.unit}"])
    total = [money(sum(line.dollars for line in lines)) for lines in setups.values()]
    rows.append(["**list price**", *(f"**{cell}**" for cell in total), ""])
    free = [money(sum(line.beyond_free for line in lines)) or "$0.00" for lines in setups.values()]
    rows.append(["**beyond what is free in every account**", *(f"**{cell}**" for cell in free), ""])
    text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    first = next(iter(setups.values()))
    polls = next(line for line in first if line.price == "fifo")
    five = POLLERS * POLLS * PRICES["fifo"].dollars
    with_five = sum(line.dollars for line in first) - polls.dollars + five
    hour = PRICES["metric"].dollars / HOURS
    return (
        f"{text}\n\nHow often Lambda asks a queue that is empty, AWS says of standard queues only: with five requests at a "
        f"time, and [as few as 2]({SCALING}) where no maximum of concurrency is set. If five ask this one, that "
        f"line is {money(five)}, and the first sum {money(with_five)}. An hour in which something is wrong costs ${hour:.4f} "
        "more, for the metric `Trouble`; rows that arrive need no metric.\n"
    )


def of_a_million() -> str:
    """What Lambda costs for a million rows of the benchmark with MySQL, in Markdown."""
    rows = [["a million rows", "billed", "Lambda, on arm64"], ["---", "---:", "---:"]]
    measured = (REPO / "docs/BENCHMARKS.md").read_text().partition("\n## Price\n")[2].partition("\n| MariaDB |")[0]
    for memory, dollars, time in MILLION.findall(measured):
        default = " (the default)" if memory == parameters()["MemorySize"].default else ""
        rows.append([f"`MemorySize={memory.replace(',', '')}`{default}", time, dollars])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"
