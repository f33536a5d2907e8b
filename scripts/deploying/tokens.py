"""The secret with the token for who collects lineage: one that the function may read.

What Settings names, the function's role cannot know. So it may read the secrets that are named for its stack, and no others.
"""

from __future__ import annotations

import re

from servers.common import Failure, say

from . import network, secrets
from .account import Account
from .answers import Answers

VARIABLE = "LINEAGE_TOKEN_SECRET"
ARN = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:([a-z0-9-]+):([0-9]{12}):secret:([A-Za-z0-9/_+=.@!-]+)(:SecretString:[^:{}\s]+(::[A-Za-z0-9-]+)?)?"
)


def check(account: Account, answers: Answers) -> None:
    """Refuses a secret that the function could not read, or would have no use for."""
    reference = answers.settings.get(VARIABLE, "")
    if not reference:
        return
    match = ARN.fullmatch(reference)
    if not match:
        # It may be the token itself: it is not said again.
        raise Failure(f"{VARIABLE} names no secret; accepted: the ARN of one. {how_to_make(account, answers)}")
    named = f"rowscore/{answers.head['STACK']}/"
    if (match[1], match[2]) != (account.region, account.id) or not match[3].startswith(named):
        raise Failure(
            f"{VARIABLE} is `{reference}`; accepted: a secret of {account.region} and account {account.id} whose name begins with "
            f"{named}, because the function may read no other. {how_to_make(account, answers)}"
        )
    if not answers.settings.get("LINEAGE_URL", "").startswith("https://"):
        raise Failure(f"{VARIABLE} needs LINEAGE_URL, the server that asks for the token; accepted: one with https://")
    answers.settings[VARIABLE] = secrets.looked_at(account, VARIABLE, reference)
    hear_of_the_way(account, answers.complete())


def how_to_make(account: Account, answers: Answers) -> str:
    name = f"rowscore/{answers.head['STACK']}/lineage"
    return (
        f"To make one: read -rs TOKEN; aws secretsmanager create-secret --region {account.region} --name {name} "
        '--secret-string "$TOKEN"'
    )


def hear_of_the_way(account: Account, complete: dict[str, str]) -> None:
    """Runs are the same without it, so this stops nothing."""
    path, by_password = complete["PathToSqs"], complete["MysqlPasswordSecret"]
    # Where there is a password, its own check has looked, or an endpoint is made.
    if by_password or path == "ipv6":
        return
    if without := network.without_secrets(account, complete["SubnetIds"]):
        say(
            f"{VARIABLE}: from {', '.join(without)} no way to Secrets Manager was seen. Without one nobody who collects lineage is "
            f"told: make an endpoint for com.amazonaws.{account.region}.{network.SECRETS} with private DNS (docs/DEPLOY.md)"
        )
