"""The benchmark's inner part; scripts/bench starts it with the servers. Its arguments are those."""

import argparse
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import cold_start
import database
import end_to_end
import jobs
import lanes
import latency
import machine
import models
import neighbour
import price
import score_table
import scoring
import tick
from measure import say
from tools import ROOT, ROWSCORE, WORK

PARTS = {
    "a": end_to_end,
    "b": scoring,
    "c": tick,
    "d": lanes,
    "e": latency,
    "f": cold_start,
    "g": price,
    "h": score_table,
    "i": jobs,
    "j": neighbour,
}


@dataclass(frozen=True)
class Bench:
    servers: list[database.Server]
    command: str  # by which it was started
    quick: bool
    load: float  # of the machine, before
    found: dict  # the parts so far
    speeds: list[float]  # of two programs at once, before each part

    @property
    def sizes(self) -> list[int]:
        return [65_536] if self.quick else [65_536, 1_000_000]

    def rounds(self, rows: int) -> int:
        """How often contenders take turns: the more rows, the less a hiccup of the machine counts."""
        if self.quick:
            return 3
        return 7 if rows < 100_000 else 5


def main() -> None:
    arguments = parse_arguments()
    parts = arguments.parts or list(PARTS)
    models.prepare()
    bench = Bench(database.servers(arguments.servers), command(arguments), arguments.quick, os.getloadavg()[0], {}, [])
    # Of what: the program, and how it is measured.
    program = hashlib.sha256(ROWSCORE.read_bytes()).hexdigest()
    of = [program, arguments.servers, arguments.quick]
    try:
        for part in parts:
            kept = WORK / f"{part}.json"
            known = json.loads(kept.read_text()) if arguments.go_on and kept.is_file() else {}
            if known.get("of") != of:
                say(f"({part}) {PARTS[part].TITLE} ...")
                speed = machine.speed_of_two()
                known = {"of": of, "speed": speed, "found": PARTS[part].measure(bench)}
                kept.write_text(json.dumps(known, indent=1))
            bench.speeds.append(known["speed"])
            bench.found[part] = known["found"]
    finally:
        # Only a whole run is for the docs: its ratios belong together.
        whole = not bench.quick and list(bench.found) == list(PARTS) and len(bench.servers) == 2
        write(bench, ROOT / "docs" if whole else WORK)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("servers", type=lambda names: names.split(","))
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--go-on", action="store_true")
    return parser.parse_args()


def command(arguments: argparse.Namespace) -> str:
    """What was called for this report; `make bench` calls it without arguments."""
    server = ["--server", *arguments.servers] if len(arguments.servers) == 1 else []
    options = [f"--{name}" for name, given in (("quick", arguments.quick), ("go-on", arguments.go_on)) if given]
    return " ".join(["scripts/bench", *arguments.parts, *options, *server])


def write(bench: Bench, folder: Path) -> None:
    figures = {}
    text = ["# Benchmarks", "", machine.describe(bench), ""]
    for part, found in bench.found.items():
        text += [f"## {PARTS[part].TITLE}", "", PARTS[part].report(found, figures), ""]
    text += [machine.PROFILE]
    (folder / "BENCHMARKS.md").write_text("\n".join(text))
    (folder / "bench").mkdir(exist_ok=True)
    for name, figure in figures.items():
        (folder / "bench" / f"{name}.svg").write_text(figure)
    say(f"written: {folder / 'BENCHMARKS.md'}")


if __name__ == "__main__":
    main()
