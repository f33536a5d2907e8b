"""Where things are, and what rowscore answers."""

import json
import sys
from pathlib import Path

from measure import run

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "scripts/benchmark"
RELEASE = ROOT / "target/release"
ROWSCORE = RELEASE / "rowscore"
# What a benchmark makes and may use again; not in git.
WORK = ROOT / "target/bench"


def run_rowscore(server, to: str, settings: dict[str, str] | None = None) -> dict:
    """`rowscore run`, and what it took."""
    used = run([ROWSCORE, "run", "--to", to], server.environment() | (settings or {}))
    answer = json.loads(used.out)
    return used.taken() | {"rows": answer["predicted"], "pages": answer["pages"]}


def run_python(server, program: str, *arguments) -> dict:
    """One of the Python peers, and what it took."""
    used = run([sys.executable, HERE / program, *arguments], server.environment())
    return json.loads(used.out) | used.taken()


def must_have(found: dict, rows: int) -> dict:
    if found["rows"] != rows:
        raise RuntimeError(f"{found['rows']:,} items were predicted instead of {rows:,}: {found}")
    return found
