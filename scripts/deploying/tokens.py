"""The secret with the token for who collects lineage: what of it the template, which takes it out of Settings, cannot see."""

from __future__ import annotations

import re

from servers.common import Failure, say

from . import network, secrets
from .account import Account
from .answers import Answers
from .settings import quoted
from .template import parameters

VARIABLE = "LINEAGE_TOKEN_SECRET"


def check(account: Account, answers: Answers) -> None:
    """Refuses a secret that the function could not read, or would have no use for."""
    reference = answers.settings.get(VARIABLE, "")
    if not reference:
        return
    # The template does not take it out of quotes.
    if not re.fullmatch(parameters()["MysqlPasswordSecret"].pattern, reference) or quoted(reference) != reference:
        # It may be the token itself: it is not said again.
        raise Failure(
            f"{VARIABLE} names no secret; accepted: the ARN of one, with {secrets.OF_IT}NAME behind it where another name than token "
            "has it, without commas and quotes in that (docs/EVENTS.md)"
        )
    if not answers.settings.get("LINEAGE_URL", "").startswith("https://"):
        raise Failure(f"{VARIABLE} needs LINEAGE_URL, the server that asks for the token; accepted: one with https://")
    answers.settings[VARIABLE] = secrets.looked_at(account, VARIABLE, reference)
    hear_of_the_way(account, answers.complete())


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
