"""What the function noticed, as `scripts/deploy troubles` shows it."""

import json
import time

from deploying import troubles
from world import Deployed

NOTHING = "The function noticed nothing wrong within 24 hours."


class Session:
    """An account, as far as its logs go."""

    def __init__(self, client):
        self.session, self.made = self, client

    def client(self, _service: str):
        return self.made


class Troubles(Deployed):
    def setUp(self) -> None:
        super().setUp()
        self.logs = self.client("logs")
        self.logs.create_log_group(logGroupName="g")
        self.logs.create_log_stream(logGroupName="g", logStreamName="s")

    def write(self, *lines: object, ago_s: int = 60) -> None:
        at = int((time.time() - ago_s) * 1000)
        events = [
            {"timestamp": at + n, "message": line if isinstance(line, str) else json.dumps(line)}
            for n, line in enumerate(lines)
        ]
        self.logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)

    def said(self) -> str:
        return "\n".join(troubles.lines(Session(self.logs), "g"))

    def test_each_trouble_is_a_line_with_its_run_and_job(self):
        self.write(
            {"Function": "f", "RowsPredicted": 7.0, "Run": 1},
            "Troubles in no JSON",
            {"fields": {"message": "Troubles"}},
        )
        self.assertIn(NOTHING, self.said())
        late = {"Trouble": 2, "Troubles": ["late", "drifted"], "Job": "churn", "Kind": "window", "Run": 7}
        self.write(late, {"Trouble": 1, "Troubles": ["event_refused"], "Job": None, "Kind": None, "Run": None})
        lines = self.said().splitlines()
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d UTC  late, drifted +run 7, job churn, kind window$")
        self.assertRegex(lines[1], r" UTC  event_refused$")
        self.assertEqual(lines[2:], [troubles.MEANINGS])

    def test_what_is_older_than_a_day_is_not_shown(self):
        self.write({"Trouble": 1, "Troubles": ["late"]}, ago_s=25 * 3600)
        self.assertIn(NOTHING, self.said())

    def test_without_a_stack_there_is_nothing_to_show(self):
        self.assertIn("there is no stack rowscore", self.refuse("troubles"))
