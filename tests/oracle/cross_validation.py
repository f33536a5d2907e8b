"""Compares a cross-validation of rowscore with scikit-learn's on the same folds.

Reads one JSON object: {"data": CSV, "folds": [...], "predictions": [[...], ...], "seed": n,
"class_weight": null or "balanced"}. scikit-learn trains the same pipeline without each fold and
predicts it; random_state is rowscore's seed, so that both calibrate on the same folds, too.
"""

import csv
import json
import sys
import warnings

import numpy
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

# Accuracies may differ by so much, log-losses by so large a share, probabilities by so much in the mean.
ACCURACY, LOG_LOSS, MEAN_DIFFERENCE = 0.005, 0.02, 1e-3


def probabilities(model, rows):
    """scikit-learn's, for two classes without its coupling, which is up to 0.004 from the sigmoid."""
    svc = model[-1]
    if len(svc.classes_) > 2:
        return model.predict_proba(rows)
    # libsvm's positive class is the first, scikit-learn's the second.
    first = 1 / (1 + numpy.exp(-svc.probA_ * model.decision_function(rows) + svc.probB_))
    return numpy.stack([first, 1 - first], axis=1)


def main() -> int:
    # Of what leaves with scikit-learn 1.11.
    warnings.simplefilter("ignore", FutureWarning)
    task = json.load(sys.stdin)
    with open(task["data"], newline="", encoding="utf-8") as file:
        records = list(csv.DictReader(file))
    features = [name for name in records[0] if name != "kind"]
    rows = numpy.array([[float(record[name]) for name in features] for record in records])
    labels = numpy.array([record["kind"] for record in records])
    folds, found = numpy.array(task["folds"]), numpy.array(task["predictions"])
    classes = numpy.unique(labels)
    expected = numpy.zeros_like(found)
    votes = labels.copy()
    for fold in numpy.unique(folds):
        test = folds == fold
        svc = SVC(probability=True, random_state=task["seed"], class_weight=task["class_weight"])
        model = make_pipeline(StandardScaler(), svc).fit(rows[~test], labels[~test])
        expected[test] = probabilities(model, rows[test])
        votes[test] = model.predict(rows[test])
    accuracy = numpy.mean(classes[found.argmax(axis=1)] == labels)
    same = numpy.mean(classes[expected.argmax(axis=1)] == labels)
    vote = numpy.mean(votes == labels)
    losses = log_loss(labels, found, labels=classes), log_loss(labels, expected, labels=classes)
    difference = numpy.abs(found - expected)
    print(
        f"{task['data'].rsplit('/', 1)[-1]} {task['class_weight'] or ''} {len(rows)} rows: "
        f"accuracy {accuracy:.4f} (scikit-learn: most probable {same:.4f}, predict {vote:.4f}), "
        f"log-loss {losses[0]:.5f} ({losses[1]:.5f}), |dp| mean {difference.mean():.1e} max {difference.max():.1e}"
    )
    good = (
        abs(accuracy - same) <= ACCURACY
        and abs(losses[0] - losses[1]) <= LOG_LOSS * losses[1]
        and difference.mean() <= MEAN_DIFFERENCE
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
