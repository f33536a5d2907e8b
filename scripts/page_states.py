"""The states that the status page is looked at in, and what axe finds in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

# The narrowest is a screen of 1280 px at 400 %: what WCAG asks of reflow.
WIDTHS = {1280: 1, 390: 2, 320: 2}  # and how many pixels a point has there
SCHEMES = ("light", "dark")

LAST = "ORDER BY id DESC LIMIT 1"
NOW = "UTC_TIMESTAMP(3)"
OVER = f"UPDATE batch_runs SET state = 'succeeded_with_failures', finished_at = {NOW}, last_error = NULL {LAST}"
DRIFTED = '{"rows": 9, "classes": [3, 3, 3], "drift": [{"feature": "petal_length", "psi": 0.4, "threshold": 0.25}]}'
RUNNING = f"UPDATE batch_runs SET state = 'running', finished_at = NULL {LAST}"


@dataclass(frozen=True)
class State:
    """How the tables come to say it, what the page says then, and what is undone afterwards."""

    name: str
    heading: str
    made: tuple[str, ...]
    undone: tuple[str, ...] = ()


STATES = (
    State("finished", "All predicted but 5 items.", ()),
    State(
        "at work",
        "is at work.",
        (RUNNING, f"UPDATE batch_lanes SET updated_at = {NOW} WHERE run_id = (SELECT MAX(id) FROM batch_runs)"),
        (OVER,),
    ),
    State(
        "left alone",
        "Nobody is at work on run",
        (RUNNING, "UPDATE batch_lanes SET updated_at = '2026-01-01' WHERE run_id = (SELECT MAX(id) FROM batch_runs)"),
        (OVER,),
    ),
    State("paused", "is paused.", (f"UPDATE batch_runs SET state = 'paused', finished_at = NULL {LAST}",), (OVER,)),
    State(
        "waits",
        "waits since",
        (
            f"UPDATE batch_runs SET state = 'running', finished_at = NULL, waiting_since = {NOW}, waiting_until = {NOW},"
            f" waiting_for = 'replica_lag is 31, more than 10, of replica-1:3306' {LAST}",
        ),
        (OVER, f"UPDATE batch_runs SET waiting_for = NULL, waiting_since = NULL, waiting_until = NULL {LAST}"),
    ),
    State(
        "failed",
        "failed.",
        (f"UPDATE batch_runs SET state = 'failed', last_error = 'it was to be seen: `values` <b>' {LAST}",),
        (OVER,),
    ),
    State(
        "late",
        "too late.",
        (f"UPDATE batch_runs SET deadline = '2026-01-01' {LAST}",),
        (f"UPDATE batch_runs SET deadline = NULL {LAST}",),
    ),
    State(
        "drifted",
        "unlike the training rows.",
        (f"UPDATE batch_runs SET profile = '{DRIFTED}' {LAST}",),
        (f"UPDATE batch_runs SET profile = NULL {LAST}",),
    ),
    State(
        "refused",
        "No run can be opened since",
        (
            "INSERT INTO batch_runs (items_table, kind, window_to, chained, policy, model_version, lanes, workers, state,"
            f" pass, started_at, attempted_at, finished_at, last_error) VALUES ('items', 'window', {NOW}, 0, 'leave', 'x', 0,"
            f" 0, 'failed', 'write', {NOW}, {NOW}, {NOW}, 'the table `items` does not fit: a reason')",
        ),
        ("DELETE FROM batch_runs WHERE lanes = 0",),
    ),
    State(
        "silent",
        "No tick of the schedule since",
        # Runs ended with their ticks: one that ended just now would be no silence.
        ("UPDATE batch_runs SET tick = DATE_SUB('2026-11-22', INTERVAL id HOUR), finished_at = tick",),
        (f"UPDATE batch_runs SET tick = NULL, finished_at = {NOW}",),
    ),
)

Opened = tuple[Page, list[str]]


def open_page(browser: Browser, url: str, width: int, scheme: str = "light", **options: bool) -> Opened:
    """A page, and what the browser complains about in it."""
    page = browser.new_page(
        viewport={"width": width, "height": 800}, device_scale_factor=WIDTHS[width], color_scheme=scheme, **options
    )
    base = "/".join(url.split("/")[:3])
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: request.url.startswith((base, "data:")) or complaints.append(request.url))
    page.goto(url)
    return page, complaints


def everywhere(browser: Browser, url: str) -> Iterator[tuple[str, Page, list[str]]]:
    """The page at every width and in both schemes, with where that is and what the browser complains about."""
    for width in WIDTHS:
        for scheme in SCHEMES:
            page, complaints = open_page(browser, url, width, scheme)
            yield f"{url} at {width} px, {scheme}", page, complaints
            page.close()


def faults(where: str, page: Page, complaints: list[str], heading: str) -> list[str]:
    """What is wrong with a page: nothing, or a sentence each."""
    found = []
    headings = page.locator("h1")
    if headings.count() != 1 or heading not in headings.inner_text():
        found.append(f"{where}: it says {headings.all_inner_texts()}, not {heading}")
    needed = page.evaluate("document.documentElement.scrollWidth")
    if needed > page.viewport_size["width"]:
        found.append(f"{where}: it needs {needed} px")
    found += [f"{where}: {complaint}" for complaint in complaints]
    for violation in Axe().run(page).response["violations"]:
        nodes = [node["html"][:200] for node in violation["nodes"]]
        found.append(f"{where}: axe: {violation['id']}: {violation['help']}: {nodes[:3]}")
    return found


def visit(browser: Browser, base: str, execute: Callable[[str], None]) -> tuple[int, list[str]]:
    """Brings about every state, looks at the page in each, and says how often it looked and what is wrong."""
    looks, found = 0, []
    for state in STATES:
        for sql in state.made:
            execute(sql)
        for where, page, complaints in everywhere(browser, f"{base}/"):
            looks += 1
            found += faults(f"{state.name}: {where}", page, complaints, state.heading)
        for sql in state.undone:
            execute(sql)
    return looks, found
