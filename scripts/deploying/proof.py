"""The end of a deployment: the function's own trial, and what follows if that fails."""

from __future__ import annotations

from servers.common import say

from . import questions, sam, stacks, verdict
from .account import Account
from .answers import Answers
from .former_version import Former
from .verdict import Verdict


def ask(account: Account, stack: str) -> Verdict:
    """Lets the function that was deployed try itself out, and shows how each step went."""
    found = stacks.find(account, stack)
    say(f"\ntrying out what {stack} needs ...")
    seen = verdict.ask(account, found.outputs if found else {})
    say("\n".join(seen.lines()))
    return seen


def take_back(account: Account, answers: Answers, former: Former | None, *, ask: bool) -> None:
    """After a trial that failed: deploys the version before, if that is wanted."""
    stack = answers.head["STACK"]
    if not former:
        return say("There is no version before this one to go back to. It stays.")
    if former.version == sam.version() and former.stack.parameters == answers.complete():
        return say(f"The version before is the same, {former.version}. It stays.")
    wish = answers.head["ROLLBACK"]
    if wish == "yes" or (wish == "ask" and ask and questions.confirm(f"Go back to version {former.version}?")):
        former.deploy(account)
        return say(f"{stack} is version {former.version} again. The answers are still the new ones.")
    say(f"It stays. To go back: {former.by_hand()}")
