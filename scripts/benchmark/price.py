"""(g) Dollars per million rows, reckoned from (a)."""

import math

from measure import median
from report import prose, table, times

TITLE = "Price"
# List prices of AWS Lambda (us-east-1), in dollars per GB-second and per request.
PRICED_ON = "2026-11-23"
GB_SECOND = {"arm64": 0.0000133334, "x86": 0.0000166667}
REQUEST = 0.20 / 1e6
# With so much memory a function has one processor to itself; with less, a share of it.
WHOLE_PROCESSOR_MB = 1769
SIZES_MB = [256, 512, 1024]
# HOP_BUDGET_MS: then the next request goes on.
HOP_S = 240

EXPLAINED = f"""
Calculated from the largest tables above, written in full, with Lambda's list prices of {PRICED_ON}: ${GB_SECOND["arm64"]:.10f} (arm64)
and ${GB_SECOND["x86"]:.10f} (x86) per GB-second, $0.20 per million requests. Billed is the wall time. With {WHOLE_PROCESSOR_MB:,} MB a function has one
whole processor, so with less memory the CPU's part of the time is multiplied by {WHOLE_PROCESSOR_MB:,} MB ÷ memory.
A request works for four minutes at most; the pattern's way cannot stop and go on, and would have to learn it. This
machine's processor stands for both of Lambda's, arm64 and x86.
"""


def measure(bench) -> dict:
    """Seconds per million rows: at work and waiting."""
    found = {}
    for server, on in bench.found.get("a", {}).items():
        rows, one = max(on["sizes"].items(), key=lambda size: int(size[0]))
        millions = int(rows) / 1e6
        contenders = {
            "rowscore": one["found"]["rowscore"],
            "best Python": one["found"]["python"],
            "the pattern's way": [one["pattern"]],
        }
        found[server] = {
            name: {what: median(run[what] for run in runs) / millions for what in ("wall_s", "cpu_s")}
            | {"peak_mb": max(run["peak_mb"] for run in runs)}
            for name, runs in contenders.items()
        }
    return found


def dollars(one: dict, memory: int, rate: float) -> float:
    billed = billed_s(one, memory)
    return billed * memory / 1024 * rate + math.ceil(billed / HOP_S) * REQUEST


def billed_s(one: dict, memory: int) -> float:
    """What is computed takes longer on a share of a processor; waiting for the database does not."""
    waiting = max(0.0, one["wall_s"] - one["cpu_s"])
    return waiting + one["cpu_s"] * max(1.0, WHOLE_PROCESSOR_MB / memory)


def report(result: dict, figures: dict) -> str:
    if not result:
        return "Reckoned from end to end, which was not measured in this run."
    text = [prose(EXPLAINED), ""]
    for server, contenders in result.items():
        lines = []
        for memory in SIZES_MB:
            for name, one in contenders.items():
                if one["peak_mb"] > memory:
                    continue
                share = dollars(one, memory, 1) / dollars(contenders["rowscore"], memory, 1)
                prices = [f"${dollars(one, memory, rate):.6f}" for rate in GB_SECOND.values()]
                lines.append([f"{name}, {memory:,} MB", times(share), *prices, f"{billed_s(one, memory):.1f} s"])
        text += [table([server, "÷ rowscore", "arm64", "x86", "billed, a million rows"], lines), ""]
    return "\n".join(text)
