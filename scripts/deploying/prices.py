"""AWS's list prices in us-east-1, each with its source; other regions differ by some percent."""

from __future__ import annotations

from dataclasses import dataclass

HOURS = 730


@dataclass(frozen=True)
class Price:
    dollars: float
    unit: str
    source: str
    # What each account has for nothing every month, also after its first year.
    free: float = 0.0


CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
LAMBDA = "https://aws.amazon.com/lambda/pricing/"
AURORA = "https://aws.amazon.com/rds/aurora/pricing/"

PRICES = {
    "alarm": Price(0.10, "a metric of an alarm", CLOUDWATCH, 10),
    "metric": Price(0.30, "a metric, by the hours in which it has values", CLOUDWATCH, 10),
    "dashboard": Price(3.00, "a dashboard", CLOUDWATCH, 3),
    "log": Price(0.50, "a GB of log", CLOUDWATCH, 5),
    "fifo": Price(0.50e-6, "a request of a FIFO queue", "https://aws.amazon.com/sqs/pricing/", 1e6),
    "endpoint": Price(0.01, "an hour and zone", "https://aws.amazon.com/privatelink/pricing/"),
    "schedule": Price(1e-6, "a call", "https://aws.amazon.com/eventbridge/pricing/", 14e6),
    "request": Price(0.20e-6, "a request", LAMBDA, 1e6),
    "arm64": Price(0.0000133334, "a GB-second on arm64", LAMBDA, 400_000),
    "x86_64": Price(0.0000166667, "a GB-second on x86_64", LAMBDA, 400_000),
    "secret": Price(0.40, "a secret", "https://aws.amazon.com/secrets-manager/pricing/"),
    "capacity": Price(0.12, "an hour of a capacity unit", AURORA),
    "storage": Price(0.10, "a GB", AURORA),
}
