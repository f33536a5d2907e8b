"""onnxruntime and scikit-learn on a model's rows, in batches, one thread.

Argument: the model's name. Prints the nanoseconds per row of each one's rounds, as JSON.
"""

import json
import os
import sys
import time

# Before numpy is imported, which reads it then.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import joblib
import numpy
import onnxruntime

from tools import WORK

BATCH = 2000
ROUNDS = 3
ROUND_S = 0.3


def main() -> None:
    name = sys.argv[1]
    rows = numpy.loadtxt(WORK / f"{name}-rows.csv", delimiter=",")
    model = joblib.load(WORK / f"{name}.joblib")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(WORK / f"{name}.onnx", options)
    found = {
        "onnxruntime": measure(rows.astype(numpy.float32), lambda batch: session.run(["probabilities"], {"X": batch})),
        "scikit-learn": measure(rows, model.predict_proba),
    }
    print(json.dumps(found))


def measure(rows, score) -> list[float]:
    batches = [rows[n : n + BATCH] for n in range(0, len(rows), BATCH)]
    return [one_round(batches, score) for _ in range(ROUNDS)]


def one_round(batches, score) -> float:
    begun, scored = time.perf_counter(), 0
    while time.perf_counter() - begun < ROUND_S:
        for batch in batches:
            score(batch)
            scored += len(batch)
    return (time.perf_counter() - begun) / scored * 1e9


if __name__ == "__main__":
    main()
