"""What a stack that was deployed with the 62 parameters of earlier versions becomes."""

from __future__ import annotations

import re

from .settings import ELSEWHERE, variables

# Each parameter that is a variable now, and its default then.
VARIABLES = {
    "MysqlServer": ("MYSQL_SERVER", ""),
    "MysqlDatabase": ("MYSQL_DATABASE", ""),
    "MysqlPort": ("MYSQL_PORT", "3306"),
    "MysqlTls": ("MYSQL_TLS", "verify"),
    "MysqlCaFile": ("MYSQL_CA_FILE", ""),
    "ItemsTable": ("ITEMS_TABLE", "items"),
    "IdColumn": ("ID_COLUMN", "id"),
    "ValuesColumn": ("VALUES_COLUMN", ""),
    "FeatureColumns": ("FEATURE_COLUMNS", ""),
    "PredictionColumn": ("PREDICTION_COLUMN", "prediction"),
    "PredictionFormat": ("PREDICTION_FORMAT", "probabilities"),
    "PredictionDecimals": ("PREDICTION_DECIMALS", ""),
    "CreatedColumn": ("CREATED_COLUMN", "created_datetime"),
    "CreatedZone": ("CREATED_ZONE", ""),
    "RunColumn": ("RUN_COLUMN", ""),
    "PageSize": ("PAGE_SIZE", "5000"),
    "Lanes": ("LANES", "2"),
    "Workers": ("WORKERS", "1"),
    "FailurePolicy": ("FAILURE_POLICY", "retry_failed"),
    "MaxAttempts": ("MAX_ATTEMPTS", "3"),
    "MaxFailedPercent": ("MAX_FAILED_PERCENT", "50"),
    "Lookback": ("LOOKBACK", "1h"),
    "DeliverWithin": ("DELIVER_WITHIN", ""),
    "SweepDeliverWithin": ("SWEEP_DELIVER_WITHIN", ""),
    "MaxHops": ("MAX_HOPS", "1000"),
    "HopBudgetMs": ("HOP_BUDGET_MS", "240000"),
}
KEPT = [
    *["MysqlUser", "DatabaseResourceId", "CaLayerArn", "SubnetIds", "SecurityGroupIds"],
    *["Schedule", "SweepSchedule", "CanarySchedule", "ScheduleState", "Architecture", "MemorySize"],
    *[
        "LogLevel",
        "LogRetentionInDays",
        "SilentHours",
        "Dashboard",
        "AlarmEmail",
        "AlarmTopicArn",
    ],
]
TIMEOUT_S = 300
# What HOP_MARGIN_MS leaves of the time by default.
MARGIN_MS = 5000


def by_name(old: dict[str, str]) -> list[tuple[str, str]]:
    """Later parameters, each named as its variable is: `ModelName` for `MODEL_NAME`."""
    snake = [(name, re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper()) for name in old if name not in VARIABLES]
    return [(variable, old[name]) for name, variable in snake if variable in variables() and variable not in ELSEWHERE]


def is_former(stack: dict[str, str]) -> bool:
    return bool(stack) and "Settings" not in stack


def taken_over(old: dict[str, str]) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """The parameters and the variables of today, and what to say of it."""

    def get(name: str) -> str:
        return old.get(name, "")

    new = {name: old[name] for name in KEPT if name in old}
    settings = {
        variable: old[name] for name, (variable, default) in VARIABLES.items() if get(name) and old[name] != default
    }
    settings |= {name: value for name, value in by_name(old) if value not in ("", variables()[name].default)}
    said = []
    if get("MysqlAuth") == "password":
        # Without the version, which was there so that a new password was read: the function itself does that now.
        new["MysqlPasswordSecret"] = get("MysqlPasswordSecretArn")
        new["DatabaseResourceId"] = ""
    makes_endpoint = get("SubnetIds") and get("PathToSqs") != "existing"
    new["PathToSqs"] = get("VpcId") if makes_endpoint else "existing"
    for name, kind in (("WakeInstance", "db"), ("WakeCluster", "cluster")):
        if get(name):
            new["WakeDatabase"] = f"{kind}:{old[name]}"
    if get("ResultsApi") == "iam":
        new["ReaderUser"] = get("ReaderUser") or "reader"
        if get("ReaderPasswordSecretArn") and get("MysqlAuth") == "password":
            new["ReaderPasswordSecret"] = get("ReaderPasswordSecretArn")
    hops = max(2, int(get("Workers") or 1), int(get("JobConcurrency") or 0))
    new["Concurrency"] = f"{hops},{get('ResultsApiConcurrency') or 0}"
    timeout = int(get("Timeout") or TIMEOUT_S)
    if timeout != TIMEOUT_S:
        budget = min(int(settings.get("HOP_BUDGET_MS", "240000")), timeout * 1000 - MARGIN_MS)
        settings["HOP_BUDGET_MS"] = str(min(budget, TIMEOUT_S * 1000 - MARGIN_MS))
        said.append(
            f"Timeout={timeout} is HOP_BUDGET_MS={settings['HOP_BUDGET_MS']} now: a function's time is {TIMEOUT_S} s, and a hop "
            "ends before it. What is left is done by the next hop"
        )
    moved = sorted(name for name in old if name not in KEPT and get(name))
    said.insert(0, f"the stack has the parameters of an earlier version; taken over: {', '.join(moved)}")
    return new, settings, said
