"""The API check's inner part: makes a database like the demo's, serves it, and tries it from outside.

The database is named by the environment. Argument, optional: a folder for the browser's pictures.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pymysql
from playwright.sync_api import Browser, Page, sync_playwright

from mysql_login import login

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
# Tries of schemathesis per operation and phase: with them the check takes about a quarter of a minute.
EXAMPLES = 50
WIDTHS = {1280: 1, 390: 2}  # and how many pixels a point has there
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
    need("http://" in line, f"rowscore serve does not start: {line}")
    # What it says later must not fill the pipe.
    threading.Thread(target=lambda: sys.stderr.writelines(process.stderr), daemon=True).start()
    return process, "http://" + line.split("http://")[1].split("/")[0]


def try_api(base: str) -> None:
    command = ["st", "--no-color", "run", f"{base}/openapi.json", "--checks", "all", "--seed", "1"]
    command += ["--max-examples", str(EXAMPLES), "--suppress-health-check", "all"]
    tried = subprocess.run(command, capture_output=True, text=True, cwd=os.environ.get("TMPDIR", "/tmp"))
    need(tried.returncode == 0, f"schemathesis found something:\n{tried.stdout[-8000:]}{tried.stderr[-2000:]}")
    print(next(line.strip() for line in tried.stdout.splitlines() if "generated" in line), "by schemathesis")


def open_page(browser: Browser, base: str, width: int, scheme: str = "light", **options) -> tuple[Page, list[str]]:
    """A page, and what the browser complains about in it."""
    page = browser.new_page(
        viewport={"width": width, "height": 800}, device_scale_factor=WIDTHS[width], color_scheme=scheme, **options
    )
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: request.url.startswith((base, "data:")) or complaints.append(request.url))
    page.goto(f"{base}/")
    return page, complaints


def look(browser: Browser, base: str, pictures: Path | None) -> None:
    """At every width and in both schemes nothing sticks out, nothing is refused, nothing comes from elsewhere."""
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            page, complaints = open_page(browser, base, width, scheme)
            where = f"at {width} px, {scheme}"
            need(page.locator("h1").inner_text().startswith("All predicted but 5 items"), f"{where}: another state")
            need(
                page.evaluate("document.documentElement.scrollWidth") <= width, f"{where}: it is wider than the screen"
            )
            need("taken over" not in page.title(), f"{where}: a value ran as a script")
            need(not complaints, f"{where}: {complaints}")
            if pictures:
                page.screenshot(path=pictures / f"{width}-{scheme}.png", full_page=width == 1280)
            page.close()


def read_without_script(browser: Browser, base: str) -> None:
    page, _ = open_page(browser, base, 390, java_script_enabled=False)
    need(page.locator("#runs tbody tr").count() == len(WINDOWS) + 1, "without JavaScript the runs are missing")
    need(page.locator("#latest tbody tr").count() == 10, "without JavaScript the predictions are missing")
    need(page.locator("noscript meta[http-equiv=refresh]").count() == 1, "without JavaScript it is not renewed")
    page.close()


def wait_until(page: Page, text: str) -> None:
    page.wait_for_function("text => document.body.innerText.includes(text)", arg=text, timeout=1000 * PATIENCE_S)


def watch(browser: Browser, base: str, service: subprocess.Popen) -> None:
    """The page renews itself as a run goes on, keeps what has not changed, and says when it cannot."""
    page, complaints = open_page(browser, base, 1280)
    page.evaluate("document.querySelector('#latest table').kept = 'yes'")
    # The page rests longer than this check should wait.
    page.evaluate("document.getElementById('page').dataset.every = 1")
    execute("UPDATE batch_runs SET state = 'running', finished_at = NULL ORDER BY id DESC LIMIT 1")
    page.reload()
    wait_until(page, "is at work.")
    page.evaluate("document.querySelector('#latest table').kept = 'yes'")
    execute("UPDATE batch_runs SET state = 'succeeded', finished_at = UTC_TIMESTAMP(3) ORDER BY id DESC LIMIT 1")
    wait_until(page, "All predicted")
    need(page.evaluate("document.querySelector('#latest table').kept") == "yes", "what is the same was replaced")
    need(not complaints, f"while it renewed itself: {complaints}")
    page.evaluate("document.getElementById('page').dataset.every = 1; renew()")
    service.send_signal(signal.SIGTERM)
    need(service.wait(PATIENCE_S) == 0, "rowscore serve does not end well")
    page.wait_for_selector(".stale:not([hidden])", timeout=1000 * PATIENCE_S)
    page.close()


def main() -> None:
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    make_runs()
    service, base = serve(make_reader())
    try:
        program = os.environ["ROWSCORE_BROWSER_PROGRAM"]
        if program:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                look(browser, base, pictures)
                read_without_script(browser, base)
                try_api(base)
                watch(browser, base, service)
                browser.close()
            print("the status page is as it should be, at 1280 and 390 px, light and dark, with and without JavaScript")
        else:
            try_api(base)
    finally:
        if service.poll() is None:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
