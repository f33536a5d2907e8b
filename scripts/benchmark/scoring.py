"""(b) Scoring alone, one thread, against onnxruntime and scikit-learn on the same rows."""

import json
import sys

import models
from measure import run, say
from report import bars, nanoseconds, prose, table, times
from tools import HERE, RELEASE, WORK

TITLE = "Scoring alone"
MODELS = {
    "iris": "iris: 4 features, 3 classes",
    "digits": "digits: 61 features, 10 classes",
}

EXPLAINED = """
The time to compute the probabilities of one row, in one thread, the best of all rounds. Contenders that can take many
rows at once get 2,000. rowscore computes in 64 bits, onnxruntime in 32.
"""


def measure(bench) -> dict:
    return {name: one(bench, name) for name in MODELS}


def one(bench, name: str) -> dict[str, float]:
    """Nanoseconds per row: the best round, since nothing but disturbance makes one slower."""
    rows = WORK / f"{name}-rows.csv"
    artifact = [] if name == "iris" else [models.DIGITS_ARTIFACT]
    best = {}
    for _ in range(2 if bench.quick else 5):
        ours = run([RELEASE / "examples/score_speed", rows, *artifact]).out.split()
        found = {"rowscore": list(map(float, ours))}
        found |= json.loads(run([sys.executable, HERE / "peer_scoring.py", name]).out)
        for who, rounds in found.items():
            best[who] = min([*rounds, best.get(who, rounds[0])])
    say(f"{name}: " + ", ".join(f"{who} {nanoseconds(ns)}" for who, ns in best.items()))
    return best


def report(result: dict, figures: dict) -> str:
    text = [prose(EXPLAINED), ""]
    for name, found in result.items():
        lines = [
            [f"**{who}**" if who == "rowscore" else who, times(ns / found["rowscore"]), nanoseconds(ns)]
            for who, ns in found.items()
        ]
        text += [table([MODELS[name], "÷ rowscore", "a row"], lines), ""]
    shares = {
        MODELS[name]: {who: ns / found["rowscore"] for who, ns in found.items()} for name, found in result.items()
    }
    figures["scoring"] = bars("Scoring alone: time a row, rowscore = 1", shares)
    return "\n".join([*text, "![Scoring](bench/scoring.svg)"])
