"""Compares rowscore's probabilities with scikit-learn's, an independent implementation.

scikit-learn trains the same pipeline (standard scaling, SVC with C=1, the RBF kernel with
gamma="scale", Platt scaling) on the same data. With random_state set to the seed of rowscore's
training it calibrates on the very same folds, so that only the solvers' tolerances differ.

`SVC(probability=True)` is deprecated since scikit-learn 1.9 and leaves with 1.11: hence the pinned
version in scripts/requirements/oracle.txt.
"""

import argparse
import csv
import json
import sys
import warnings

import numpy
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

# Absolute differences of a probability. Measured on iris: mean 1e-4, max 2e-3; with both solvers at
# a tolerance of 1e-9: mean 1e-8, max 1e-7. The largest come from the coupling, which libsvm stops
# early: a row whose error is close to the limit may take one step more on one side.
MAX_DIFFERENCE = 5e-3
MEAN_DIFFERENCE = 1e-3


def main() -> int:
    arguments = parse_arguments()
    model = train(arguments.data, arguments.label, arguments.seed)
    rows, found = read_predictions(arguments.predictions)
    expected = model.predict_proba(rows)
    difference = numpy.abs(found - expected)
    agreement = numpy.mean(found.argmax(axis=1) == expected.argmax(axis=1))
    print(
        f"{len(rows)} rows: |dp| max {difference.max():.2e} (limit {MAX_DIFFERENCE:.0e}), "
        f"mean {difference.mean():.2e} (limit {MEAN_DIFFERENCE:.0e}), "
        f"same most probable class in {agreement:.2%}"
    )
    if difference.max() <= MAX_DIFFERENCE and difference.mean() <= MEAN_DIFFERENCE:
        return 0
    worst = int(difference.max(axis=1).argmax())
    print(f"worst row {rows[worst]}: rowscore {found[worst]}, scikit-learn {expected[worst]}")
    return 1


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "predictions", help='JSON lines of {"values": [...], "prediction": [...]}, from rowscore'
    )
    parser.add_argument("--data", required=True, help="the training data, CSV")
    parser.add_argument("--label", required=True, help="the column of the class")
    parser.add_argument("--seed", required=True, type=int, help="the seed of rowscore's training")
    return parser.parse_args()


def train(data: str, label: str, seed: int):
    with open(data, newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    features = [name for name in records[0] if name != label]
    rows = numpy.array([[float(record[name]) for name in features] for record in records])
    classes = numpy.array([record[label] for record in records])
    svc = SVC(C=1, kernel="rbf", gamma="scale", probability=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return make_pipeline(StandardScaler(), svc).fit(rows, classes)


def read_predictions(path: str) -> tuple[numpy.ndarray, numpy.ndarray]:
    with open(path, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    rows = numpy.array([record["values"] for record in records], dtype=float)
    predictions = numpy.array([record["prediction"] for record in records], dtype=float)
    return rows, predictions


if __name__ == "__main__":
    sys.exit(main())
