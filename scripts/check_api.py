"""The API check's inner part: makes a database like the demo's, serves it, and tries it from outside.

The database is named by the environment. Argument, optional: a folder for the browser's pictures.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pymysql
from playwright.sync_api import Browser, Page, sync_playwright

from mysql_login import login
from page_states import everywhere, faults, open_page, visit

ROOT = Path(__file__).resolve().parent.parent
ROWSCORE = ROOT / "target/debug/rowscore"
ROWS = 65_322
# Windows that end within the day of the sample items; the last run takes what is left.
WINDOWS = ["21T17", "21T21", "22T01", "22T05", "22T09", "22T13"]
# Items that cannot be scored, one way and another.
BROKEN = {
    1207: "[4.9, 3.1]",
    30011: "[6.1, 2.8, 4.0]",
    44000: '[5.1, "3,5", 1.4, 0.2]',
    52001: "null",
    60002: '{"note": "<script>document.title = \\"taken over\\"</script>"}',
}
# What it may expect of the operations.
RULES = Path(__file__).resolve().parent / "check-api.toml"
# Tries of schemathesis per operation and phase: with them the check takes about a quarter of a minute.
EXAMPLES = 50
# Widths whose pictures the README shows.
PICTURES = (1280, 390)
PATIENCE_S = 30


def need(truth: bool, text: str) -> None:
    if not truth:
        sys.exit(f"check-api: {text}")


def rowscore(*arguments: str, **variables: str) -> None:
    environment = os.environ | variables
    subprocess.run([ROWSCORE, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL)


def execute(sql: str, rows: list | None = None) -> None:
    connection = pymysql.connect(**login(), database=os.environ["MYSQL_DATABASE"], autocommit=True)
    with connection, connection.cursor() as cursor:
        cursor.executemany(sql, rows) if rows else cursor.execute(sql)


def make_reader() -> dict[str, str]:
    """A login with exactly the rights that the service needs."""
    execute("CREATE USER reader IDENTIFIED BY 'reads-only'")
    rowscore("init", "--create", "--grant-reader", "reader")
    return {"MYSQL_USER": "reader", "MYSQL_PASSWORD": "reads-only"}


def make_runs() -> None:
    rowscore("init", "--rows", str(ROWS))
    execute("UPDATE items SET `values` = %s WHERE id = %s", [(values, key) for key, values in BROKEN.items()])
    for end in WINDOWS:
        rowscore("run", "--to", f"2026-11-{end}:00:00Z")
    rowscore("run")


def serve(reader: dict[str, str]) -> tuple[subprocess.Popen, str]:
    """The service, and where it is."""
    command = [ROWSCORE, "serve", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, env=os.environ | reader, stderr=subprocess.PIPE, text=True)
    line = process.stderr.readline()
    if line.startswith("Warning: the database cannot be read now"):
        line = process.stderr.readline()
    need("http://" in line, f"rowscore serve does not start: {line}")
    # What it says later must not fill the pipe.
    threading.Thread(target=lambda: sys.stderr.writelines(process.stderr), daemon=True).start()
    return process, "http://" + line.split("http://")[1].split("/")[0]


def try_api(base: str) -> None:
    command = ["st", "--config-file", str(RULES), "--no-color", "run", f"{base}/openapi.json"]
    command += ["--checks", "all", "--seed", "1"]
    command += ["--max-examples", str(EXAMPLES), "--suppress-health-check", "all"]
    tried = subprocess.run(command, capture_output=True, text=True, cwd=os.environ.get("TMPDIR", "/tmp"))
    need(tried.returncode == 0, f"schemathesis found something:\n{tried.stdout[-8000:]}{tried.stderr[-2000:]}")
    print(next(line.strip() for line in tried.stdout.splitlines() if "generated" in line), "by schemathesis")


def look(browser: Browser, base: str) -> None:
    """In every state, at every width and in both schemes: nothing sticks out, nothing is refused, axe finds nothing."""
    looks, found = visit(browser, base, execute)
    last = len(WINDOWS) + 1
    others = {
        f"/run/{last}": f"Run {last}",
        "/items/1": "Item 1",
        f"/items/{min(BROKEN)}": f"Item {min(BROKEN)}",
        "/run/99": "There is nothing here.",
    }
    for path, heading in others.items():
        for where, page, complaints in everywhere(browser, f"{base}{path}"):
            looks += 1
            # The browser says of every answer that it is none.
            complaints = [said for said in complaints if "404 (Not Found)" not in said]
            found += faults(where, page, complaints, heading)
    need(not found, "\n".join(found))
    print(f"looked at the pages {looks} times, at 1280, 390 and 320 px, light and dark: axe finds nothing")


def take_pictures(browser: Browser, base: str, pictures: Path) -> None:
    pictures.mkdir(parents=True, exist_ok=True)
    for where, page, _ in everywhere(browser, f"{base}/"):
        width, scheme = page.viewport_size["width"], where.rsplit(" ", 1)[1]
        if width in PICTURES:
            page.screenshot(path=pictures / f"{width}-{scheme}.png", full_page=width == 1280)


def ask_lighthouse(program: str, base: str) -> None:
    """Nothing is left to mend for readers of any kind, on a telephone or a desk."""
    options = ["--quiet", "--output=json", "--chrome-flags=--no-sandbox --headless"]
    options.append("--only-categories=accessibility,best-practices,performance")
    environment = os.environ | {"CHROME_PATH": os.environ["ROWSCORE_BROWSER_PROGRAM"]}
    for path in ("/", f"/run/{len(WINDOWS) + 1}", f"/items/{min(BROKEN)}"):
        for form in ((), ("--preset=desktop",)):
            asked = [program, f"{base}{path}", *form, *options]
            answer = json.loads(subprocess.run(asked, env=environment, check=True, capture_output=True).stdout)
            scores = {name: 100 * category["score"] for name, category in answer["categories"].items()}
            audits = answer["audits"]
            shown = audits["first-contentful-paint"]["displayValue"], audits["total-byte-weight"]["displayValue"]
            print(f"Lighthouse, {path} {' '.join(form)}: {scores}, first paint after {shown[0]}, {shown[1]}")
            need(scores["accessibility"] == scores["best-practices"] == 100, "Lighthouse finds something to mend")


def look_at(browser: Browser, base: str, heading: str) -> None:
    found = []
    for where, page, complaints in everywhere(browser, f"{base}/"):
        complaints = [said for said in complaints if "503 (Service Unavailable)" not in said]
        found += faults(where, page, complaints, heading)
    need(not found, "\n".join(found))


def look_at_none(browser: Browser) -> None:
    """At a table without items, and where the database is gone."""
    empty = {"MYSQL_DATABASE": os.environ["MYSQL_DATABASE"] + "_empty"}
    rowscore("init", "--rows", "1", **empty)
    execute(f"DELETE FROM {empty['MYSQL_DATABASE']}.items")
    gone = {"MYSQL_CONNECT_TO": "127.0.0.1:1"}
    for variables, heading in [(empty, "No run yet."), (gone, "The database cannot be read.")]:
        service, base = serve(variables)
        try:
            look_at(browser, base, heading)
        finally:
            service.terminate()
            service.wait()


def read_without_script(browser: Browser, base: str) -> None:
    page, _ = open_page(browser, f"{base}/", 390, java_script_enabled=False)
    need(page.locator("#runs tbody tr").count() == len(WINDOWS) + 1, "without JavaScript the runs are missing")
    need(page.locator("#latest tbody tr").count() == 10, "without JavaScript the predictions are missing")
    need(page.locator("noscript meta[http-equiv=refresh]").count() == 1, "without JavaScript it is not renewed")
    page.close()


def wait_until(page: Page, text: str) -> None:
    page.wait_for_function("text => document.body.innerText.includes(text)", arg=text, timeout=1000 * PATIENCE_S)


def watch(browser: Browser, base: str, service: subprocess.Popen) -> None:
    """The page renews itself as a run goes on, keeps what is focused and selected, and says when it cannot."""
    page, complaints = open_page(browser, f"{base}/", 1280)
    # The page rests longer than this check should wait.
    page.evaluate("document.getElementById('page').dataset.every = 1")
    execute("UPDATE batch_runs SET state = 'running', finished_at = NULL ORDER BY id DESC LIMIT 1")
    execute("UPDATE batch_lanes SET updated_at = UTC_TIMESTAMP(3) WHERE run_id = (SELECT MAX(id) FROM batch_runs)")
    page.reload()
    wait_until(page, "is at work.")
    page.evaluate("document.querySelector('#runs tbody tr:first-child a').focus()")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('#aside h3'))")
    selected = page.evaluate("String(getSelection())")
    execute("UPDATE batch_runs SET state = 'succeeded', finished_at = UTC_TIMESTAMP(3) ORDER BY id DESC LIMIT 1")
    # A run that is new comes before it.
    execute(
        "INSERT INTO batch_runs (items_table, kind, window_to, chained, policy, model_version, lanes, workers, state, pass, items,"
        " predicted, failed, pending, started_at, attempted_at, finished_at) SELECT items_table, kind, window_to, 0, policy,"
        " model_version, lanes, workers, state, pass, 3, 3, 0, 0, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), UTC_TIMESTAMP(3)"
        " FROM batch_runs ORDER BY id DESC LIMIT 1"
    )
    wait_until(page, "All predicted")
    need(
        page.evaluate("document.activeElement.getAttribute('href')") == f"/run/{len(WINDOWS) + 1}", "the focus is lost"
    )
    need(page.evaluate("String(getSelection())") == selected != "", "the selection is lost")
    need(not complaints, f"while it renewed itself: {complaints}")
    page.evaluate("document.getElementById('page').dataset.every = 1; renew()")
    service.send_signal(signal.SIGTERM)
    need(service.wait(PATIENCE_S) == 0, "rowscore serve does not end well")
    page.wait_for_selector(".stale:not([hidden])", timeout=1000 * PATIENCE_S)
    page.close()


def main() -> None:
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    make_runs()
    service, base = serve(make_reader())
    try:
        program = os.environ["ROWSCORE_BROWSER_PROGRAM"]
        if program:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                if pictures:
                    take_pictures(browser, base, pictures)
                look(browser, base)
                if lighthouse := os.environ.get("ROWSCORE_LIGHTHOUSE"):
                    ask_lighthouse(lighthouse, base)
                look_at_none(browser)
                read_without_script(browser, base)
                try_api(base)
                watch(browser, base, service)
                browser.close()
            print("the status page is as it should be in every state, with and without JavaScript")
        else:
            try_api(base)
    finally:
        if service.poll() is None:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
