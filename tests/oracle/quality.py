"""What scikit-learn says of predictions whose truth is known.

Reads one JSON object: {"classes": [...], "predictions": [[...], ...], "truth": [...]}; without classes, predictions and
truth are numbers. Writes one: its figures, by the names that rowscore has for them.
"""

import json
import sys

import numpy
from sklearn import metrics


def of_classes(classes: list[str], predictions: numpy.ndarray, truth: list[str]) -> dict:
    labels = numpy.arange(len(classes))
    true = numpy.array([classes.index(name) for name in truth])
    if len(classes) == 2:
        auc, brier = metrics.roc_auc_score(true, predictions[:, 1]), metrics.brier_score_loss(true, predictions[:, 1])
    else:
        auc = metrics.roc_auc_score(true, predictions, multi_class="ovr", average="macro", labels=labels)
        brier = metrics.brier_score_loss(true, predictions, labels=labels)
    # scikit-learn has none: the mean over ten bins of how far probabilities are from shares, weighted by rows.
    confidence, right = predictions.max(axis=1), predictions.argmax(axis=1) == true
    bins = numpy.minimum((confidence * 10).astype(int), 9)
    gaps = [abs(confidence[bins == bin].sum() - right[bins == bin].sum()) for bin in range(10)]
    return {
        "accuracy": metrics.accuracy_score(true, predictions.argmax(axis=1)),
        "log_loss": metrics.log_loss(true, predictions, labels=labels),
        "auc": auc,
        "brier": brier,
        "calibration_error": sum(gaps) / len(true),
    }


def main() -> None:
    task = json.load(sys.stdin)
    predictions = numpy.array(task["predictions"])
    if "classes" in task:
        figures = of_classes(task["classes"], predictions, task["truth"])
    else:
        truth = numpy.array(task["truth"])
        figures = {
            "mae": metrics.mean_absolute_error(truth, predictions),
            "rmse": metrics.root_mean_squared_error(truth, predictions),
        }
    json.dump({name: float(figure) for name, figure in figures.items()}, sys.stdout)


if __name__ == "__main__":
    main()
