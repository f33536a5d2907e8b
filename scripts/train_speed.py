"""A training of rowscore beside one of scikit-learn, on the same rows: train_speed.py PROGRAM ROWS...

rowscore trains with its card, 36 machines, on all cores. scikit-learn trains six, on one core: StandardScaler
and SVC(probability=True). The probabilities are compared on rowscore's folds, with scikit-learn's own
sigmoids: its coupling of two classes is up to 0.004 from them.
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

# Times scikit-learn's time, share of the log-loss, mean difference of a probability, megabytes.
MOST_TIME, MOST_LOSS, MOST_DIFFERENCE, MOST_MEMORY = 3.0, 0.01, 1e-3, 1000.0


def fit(rows, labels):
    return make_pipeline(StandardScaler(), SVC(probability=True, random_state=0)).fit(rows, labels)


def probabilities(model, rows):
    # libsvm's positive class is the first, scikit-learn's the second.
    svc = model[-1]
    first = 1 / (1 + numpy.exp(-svc.probA_ * model.decision_function(rows) + svc.probB_))
    return numpy.stack([first, 1 - first], axis=1)


def compare(program: str, count: int) -> bool:
    rows, labels = make_classification(count, 10, n_informative=5, flip_y=0.2, class_sep=0.8, random_state=1)
    with tempfile.TemporaryDirectory() as folder:
        data, result = pathlib.Path(folder) / "data.csv", pathlib.Path(folder) / "result.json"
        with open(data, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([f"f{feature}" for feature in range(rows.shape[1])] + ["kind"])
            for row, label in zip(rows, labels, strict=True):
                writer.writerow([repr(float(value)) for value in row] + [f"k{label}"])
        subprocess.run([program, data, "kind", result], check=True)
        found = json.loads(result.read_text(encoding="utf-8"))
    begun = time.perf_counter()
    fit(rows, labels)
    seconds = time.perf_counter() - begun
    folds, predictions = numpy.array(found["folds"]), numpy.array(found["predictions"])
    expected = numpy.zeros_like(predictions)
    for fold in numpy.unique(folds):
        test = folds == fold
        expected[test] = probabilities(fit(rows[~test], labels[~test]), rows[test])
    losses = log_loss(labels, predictions), log_loss(labels, expected)
    difference = numpy.abs(predictions - expected).mean()
    ratio = found["seconds"] / seconds
    print(
        f"{count:,} rows: rowscore {found['seconds']:.2f} s (said: up to {found['estimate']:.1f} s), "
        f"scikit-learn {seconds:.2f} s, ratio {ratio:.2f}; {found['peak_mb']:.0f} MB; "
        f"gap {found['kkt_gap']:.1e} after {found['steps']:,} steps; "
        f"log-loss {losses[0]:.5f} ({losses[1]:.5f}), mean |dp| {difference:.1e}",
        flush=True,
    )
    return bool(
        ratio <= MOST_TIME
        and found["peak_mb"] <= MOST_MEMORY
        and abs(losses[0] - losses[1]) <= MOST_LOSS * losses[1]
        and difference <= MOST_DIFFERENCE
    )


def main() -> int:
    # Of what leaves with scikit-learn 1.11.
    warnings.simplefilter("ignore", FutureWarning)
    program, *counts = sys.argv[1:]
    return 0 if all([compare(program, int(count)) for count in counts]) else 1


if __name__ == "__main__":
    sys.exit(main())
