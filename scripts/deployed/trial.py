"""The function's own trial, as `make deploy` asks for it."""

from database import allow
from deploying import verdict
from deploying.account import Account
from tools import DATABASE, need, query, say


def try_everything_out(outputs: dict) -> None:
    """All is well, with the function's own login and queue; and what is taken away is named with what to do."""
    seen = verdict.ask(Account(None), outputs)
    states = {step["step"]: step["state"] for step in seen.steps}
    tried = {name for name, state in states.items() if state == "ok"}
    wanted = {"login", "server", "tables", "fit", "grants", "page", "queue"}
    need(seen.is_well and wanted <= tried, "the trial said:\n" + "\n".join(seen.lines()))
    query(f"REVOKE UPDATE (`prediction`) ON {DATABASE}.items FROM scorer")
    seen = verdict.ask(Account(None), outputs)
    lines = "\n".join(seen.lines())
    need(not seen.is_well and seen.failed("grants"), f"without a grant the trial said:\n{lines}")
    need("`rowscore init --grant scorer`" in lines, f"without a grant the trial did not say what to do:\n{lines}")
    allow()
    need(verdict.ask(Account(None), outputs).is_well, "granted again, all is not well")
    say("the function tried itself out: its message came back, and a grant that was taken away was named")
