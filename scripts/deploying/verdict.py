"""Whether the deployed function finds all that it needs: it tries that out itself, step by step."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from botocore.config import Config

from .account import Account

# An invocation takes 300 s at most; a try of one's own that is cut off would be followed by a second invocation.
PATIENCE = Config(read_timeout=330, retries={"max_attempts": 0})
# A function in a VPC may take minutes until it can be invoked, and a queue's trigger a minute until it is on.
LOOKS, PAUSE = 150, 2
# https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html
ON_THE_WAY = {"Creating", "Enabling", "Updating"}


@dataclass(frozen=True)
class Verdict:
    is_well: bool
    steps: list[dict[str, Any]]

    def failed(self, *names: str) -> bool:
        """Whether one of these steps failed."""
        return any(step["state"] == "failed" and step["step"] in names for step in self.steps)

    def lines(self) -> list[str]:
        """A table of the steps, as `rowscore doctor` shows it."""
        lines = []
        for step in self.steps:
            job = f"{step['job']}: " if step.get("job") else ""
            lines.append(f"{step['step']:<9}{step['state']:<8} {job}{step['said']}")
            if step.get("remedy"):
                lines.append(f"{'':17} -> {step['remedy']}")
        named = {state: self.named(state) for state in ("failed", "odd", "untried")}
        if named["failed"]:
            return [*lines, f"Not well: {named['failed']}. Do what stands there, and try again: scripts/deploy doctor"]
        odd = f"; look at: {named['odd']}" if named["odd"] else ""
        untried = f"; not tried: {named['untried']}" if named["untried"] else ""
        return [*lines, f"All is well{odd}{untried}."]

    def named(self, state: str) -> str:
        return ", ".join(dict.fromkeys(step["step"] for step in self.steps if step["state"] == state))


def ask(account: Account, outputs: dict[str, str]) -> Verdict:
    """Lets the function of a stack with these outputs try everything out, as soon as it can be invoked."""
    function = outputs["Function"]
    wait_for(account, function)
    client = account.session.client("lambda", config=PATIENCE)
    answer = client.invoke(FunctionName=function, Payload=json.dumps({"run": "doctor"}))
    body = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        log = outputs.get("Logs", "its log says more")
        step = {"step": "function", "state": "failed", "said": body.get("errorMessage", str(body)), "remedy": log}
        return Verdict(False, [step])
    checkup = body["checkup"]
    return Verdict(checkup["verdict"] == "well", checkup["steps"])


def wait_for(account: Account, function: str) -> None:
    """Until the new code can be invoked, and what is in the queue reaches it; in vain, the trial says what is wrong."""
    client = account.session.client("lambda")
    for name in ("function_active_v2", "function_updated_v2"):
        client.get_waiter(name).wait(FunctionName=function, WaiterConfig={"Delay": PAUSE, "MaxAttempts": LOOKS})
    for _ in range(LOOKS):
        triggers = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
        if not any(trigger["State"] in ON_THE_WAY for trigger in triggers):
            return
        time.sleep(PAUSE)
