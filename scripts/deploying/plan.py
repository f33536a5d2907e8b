"""What is going to be deployed: what was found, what was answered, and what has to be changed for it."""

from __future__ import annotations

import math
import re

from servers.common import REPO, Failure, say

from . import changes, companion, costs, network, schedules, secrets, tables, tokens, topics
from .account import Account
from .answers import Answers
from .changes import Change
from .databases import Database
from .stacks import Stack
from .template import parameters

# Shown before anything happens; the rest stands in the file.
SHOWN = [
    *["MysqlUser", "DatabaseResourceId", "MysqlPasswordSecret", "SubnetIds", "SecurityGroupIds", "PathToSqs"],
    *[
        "Schedule",
        "SweepSchedule",
        "ScheduleZone",
        "Architecture",
        "AlarmEmail",
        "SilentHours",
        "WakeDatabase",
        "Settings",
    ],
]
MADE_LATER = "(made for it)"
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_StopDBInstance.html
MOST_SLEEP_HOURS = 7 * 24


def leave_the_vpc(answers: Answers, given: set[str]) -> None:
    """Who gives no subnets wants none, nor what goes with them: the database is reached publicly."""
    if "SubnetIds" in given and not answers.parameters["SubnetIds"]:
        rest = {"SecurityGroupIds": "", "PathToSqs": "existing"}
        answers.parameters.update({name: value for name, value in rest.items() if name not in given})


def leave_the_former(answers: Answers, former: str, given: set[str]) -> None:
    """What belongs to the database that was there before, and to no other, is dropped and told; what was given stays."""
    of_rds = ":secret:rds!" in answers.parameters.get("MysqlPasswordSecret", "")
    named = [name for name in ("ADMIN_SECRET",) if answers.head.get(name)]
    named += [name for name in ("WakeDatabase",) if answers.parameters.get(name)]
    named += ["MysqlPasswordSecret"] if of_rds else []
    dropped = [name for name in named if name not in given]
    for name in dropped:
        (answers.head if name in answers.head else answers.parameters).pop(name)
    if "MysqlPasswordSecret" in dropped and not answers.parameters.get("MysqlUser"):
        # The user was the one whom that secret names.
        answers.parameters.pop("MysqlUser", None)
    if dropped:
        say(f"not kept, since they are of {former}: {', '.join(dropped)}")


def check_awake(answers: Answers, database: Database) -> None:
    """RDS changes nothing of a database that is stopped."""
    iam = not answers.parameters.get("MysqlPasswordSecret")
    if iam and not database.signs_in and database.status in ("stopped", "stopping"):
        kind = "instance" if database.kind == "instance" else "cluster"
        raise Failure(
            f"{database.title} is {database.status}, and takes no IAM logins: RDS turns them on only while it is up. Start it "
            f"first: aws rds start-db-{kind} --db-{kind}-identifier {database.name}. Or let the function log in with a "
            "password: MysqlPasswordSecret=... (docs/DEPLOY.md)"
        )


def take_found(account: Account, answers: Answers, database: Database, given: set[str]) -> str:
    """Fills in what the database itself says; what was given by hand stays. Gives the reason for the way to SQS."""
    kept, settings = dict(answers.parameters), answers.settings
    found = {} if kept.get("MysqlPasswordSecret") else {"DatabaseResourceId": database.resource}
    if database.status in ("stopped", "stopping") and not kept.get("WakeDatabase"):
        found["WakeDatabase"] = database.wake
    reason = "as it was"
    if "SubnetIds" in given and not kept["SubnetIds"]:
        reason = "the function is in no VPC"
    elif not still_fits(account, database, kept, settings.get("MYSQL_SERVER", "")):
        wakes = bool(kept.get("WakeDatabase") or found.get("WakeDatabase"))
        chosen = network.choose(account, database, reads_secret=bool(kept.get("MysqlPasswordSecret")), wakes=wakes)
        found |= {"SubnetIds": ",".join(chosen.subnets), "PathToSqs": chosen.path, "SecurityGroupIds": ""}
        reason = chosen.reason
    answers.parameters.update({name: value for name, value in found.items() if name not in given})
    of_server = {"MYSQL_SERVER": database.server, "MYSQL_PORT": str(database.port)}
    settings.update({name: value for name, value in of_server.items() if name not in given})
    settings.setdefault("MYSQL_DATABASE", database.database)
    return reason


def still_fits(account: Account, database: Database, kept: dict[str, str], server: str) -> bool:
    """Whether the network that is kept is one of the database's VPC: an upgrade does not move the function."""
    subnets = [subnet for subnet in kept.get("SubnetIds", "").split(",") if subnet]
    if not subnets:
        # A function that reaches this database from no VPC stays where it is.
        return "SubnetIds" in kept and server == database.server
    filters = [{"Name": "subnet-id", "Values": subnets}, {"Name": "vpc-id", "Values": [database.vpc]}]
    return len(account.ec2.describe_subnets(Filters=filters)["Subnets"]) == len(subnets)


def renew_lost_group(account: Account, answers: Answers, given: set[str]) -> None:
    """A group that is gone is made again, if it is one that may have been made here; who gives others is told."""
    groups = [group for group in answers.parameters.get("SecurityGroupIds", "").split(",") if group]
    lost = changes.lost_groups(account, groups) if groups else []
    if not lost:
        return
    if len(groups) > 1 or "SecurityGroupIds" in given:
        raise Failure(
            f"SecurityGroupIds is `{','.join(groups)}`, and there is no {' and no '.join(lost)} in {account.region}; accepted: groups "
            "of the database's VPC, or none (SecurityGroupIds=), for one that is made"
        )
    say(f"the security group {lost[0]} is not there any more; it is made again")
    answers.parameters["SecurityGroupIds"] = ""


def needed(account: Account, answers: Answers, database: Database, stack: Stack | None) -> list[Change]:
    """What has to be changed outside of the stack."""
    made: list[Change] = []
    values, name = answers.parameters, answers.head["STACK"]
    iam = not values.get("MysqlPasswordSecret")
    if iam and not database.signs_in:
        made.append(changes.sign_in(account, database))
    if values.get("SubnetIds"):
        if not values.get("SecurityGroupIds"):
            values["SecurityGroupIds"] = changes.existing_group(account, name, database.vpc)

        def group() -> str:
            return values["SecurityGroupIds"].split(",")[0]

        if not values["SecurityGroupIds"]:

            def take(made: str) -> None:
                values["SecurityGroupIds"] = made

            made.append(changes.function_group(account, name, database.vpc, take))
        # Whom it lets in by other rules is not looked at again; a group that is made is let in by none.
        stays = stack and stack.lets_in == (database.server, str(database.port), group()) and group()
        if database.groups and not stays and not changes.lets_in(account, database, group()):
            made.append(changes.entrance(account, database, group))
    if tables_change := tables.change(account, database, answers, stack):
        made.append(tables_change)
    return made


def hear_of_silence(answers: Answers) -> None:
    """An alarm after fewer hours than the schedule pauses would always be on."""
    pause = math.ceil(schedules.longest_pause(answers.complete()["Schedule"])) + 1
    if int(answers.complete()["SilentHours"]) < pause:
        answers.parameters["SilentHours"] = str(min(pause, int((parameters()["SilentHours"].bounds or (1, 168))[1])))


def hear_of_sleep(complete: dict[str, str]) -> None:
    """RDS starts what sleeps for seven days, and nobody stops that again."""
    pauses = [schedules.longest_pause(complete[name]) for name in ("Schedule", "SweepSchedule", "CanarySchedule")]
    if complete["WakeDatabase"] and min(pauses) > MOST_SLEEP_HOURS:
        say(
            f"{complete['WakeDatabase']} may sleep for more than seven days between two ticks. RDS starts it then, and it runs on: "
            "give a Schedule that comes at least once a week (docs/DEPLOY.md)"
        )


def let_workers_work(answers: Answers) -> None:
    """Fewer invocations than workers would let some of them wait; 0 is no limit."""
    hops, _, requests = answers.complete()["Concurrency"].partition(",")
    workers = answers.settings.get("WORKERS", "1")
    if hops.isdigit() and workers.isdigit() and 0 < int(hops) < int(workers):
        answers.parameters["Concurrency"] = f"{workers},{requests}"


def to_come(answers: Answers, database: Database | None, given: set[str], *, is_new: bool) -> set[str]:
    """What is known only when the database was made, or the security group; what was given is known."""
    complete = answers.complete()
    if not is_new:
        makes_group = database and complete["SubnetIds"] and not complete["SecurityGroupIds"]
        return {"SecurityGroupIds"} if makes_group else set()
    login = set() if complete["MysqlPasswordSecret"] else {"DatabaseResourceId"}
    return ({"MYSQL_SERVER", "SubnetIds", "SecurityGroupIds"} | login) - given


def check_answers(answers: Answers, later: set[str]) -> None:
    """Refuses what is wrong with the answers themselves: from here on, numbers are numbers."""
    problems = answers.problems(later)
    if "MYSQL_SERVER" in later and (problem := companion.problem(answers.settings.get("MYSQL_DATABASE", ""))):
        problems.append(problem)
    if problems:
        raise Failure("\n  ".join([f"{len(problems)} answers would be refused:", *problems]))


def check(account: Account, answers: Answers) -> None:
    """Refuses before anything is touched what would be refused later."""
    check_way(account, answers.complete())
    complete = answers.complete()
    if complete["MysqlPasswordSecret"]:
        for name in ("MysqlPasswordSecret", "ReaderPasswordSecret"):
            if complete[name]:
                answers.parameters[name] = secrets.looked_at(account, name, complete[name])
    tokens.check(account, answers)
    if complete["AlarmTopicArn"]:
        topics.check(account, complete["AlarmTopicArn"])
    hear_of_sleep(complete)
    # One that is made is a server of the region.
    server = answers.settings.get("MYSQL_SERVER") or f"made.{account.region}.rds.amazonaws.com"
    check_authority(server, answers.settings)


def check_way(account: Account, complete: dict[str, str]) -> None:
    """What the template cannot see of the network."""
    network.check(account, complete["SubnetIds"], complete["PathToSqs"])
    if complete["MysqlPasswordSecret"]:
        network.check_secrets(account, complete["SubnetIds"], complete["PathToSqs"])


def check_authority(server: str, settings: dict[str, str]) -> None:
    """The authorities of RDS are built in, of the regions that there were."""
    match = re.search(r"\.(?:rds\.([a-z0-9-]+)|([a-z0-9-]+)\.rds)\.amazonaws\.com(\.cn)?$", server)
    region = (match[1] or match[2]) if match else ""
    known = f"\n[{region}]\n" in (REPO / "infra/rds-ca.pem").read_text()
    if (
        region
        and not known
        and settings.get("MYSQL_TLS", "verify").startswith("verify")
        and not settings.get("MYSQL_CA_FILE")
    ):
        raise Failure(
            f"infra/rds-ca.pem has no certificate authority of {region}, so the function would refuse {server}. Renew the file, "
            "which is built in: scripts/rds-certificates"
        )


def show(answers: Answers, reason: str, made: list[Change], later: set[str], *, is_new: bool) -> None:
    """Answers, changes and costs."""
    complete = answers.complete()
    say(
        f"\nThe stack {answers.head['STACK']} in {answers.head['REGION']} of account {answers.head['ACCOUNT']}, beside {answers.head['DATABASE']}:"
    )
    for name in SHOWN:
        if value := complete[name] or (MADE_LATER if name in later else ""):
            say(f"  {name:<17} {value}" + (f"  ({reason})" if name == "PathToSqs" and reason else ""))
    say(f"  {'MODEL':<17} {answers.head.get('MODEL') or 'the sample, which scores sample items alone'}")
    for change in made:
        say(f"  It {change.text}.")
    zones = {"SubnetIds": "one"} if "SubnetIds" in later else {}
    lines = costs.monthly(complete | zones) + (costs.of_companion(complete) if is_new else [])
    say(f"A month without rows costs {costs.money(sum(line.dollars for line in lines))} by list price of us-east-1:")
    for line in (line for line in lines if line.dollars >= 0.05):
        say(f"  {costs.money(line.dollars):>7}  {line.what}")
    free = sum(line.beyond_free for line in lines)
    say(
        f"  {costs.money(free) or '$0.00':>7}  is left of it if nothing else in the account takes what AWS gives for free (docs/DEPLOY.md)"
    )
