"""Trains models with scikit-learn and exports them: FOLDER/NAME.json is the export, and
FOLDER/NAME.expected.json what the model answers: {"rows", "decisions", "probabilities"}.

    python models.py FOLDER scripts/export_sklearn.py

Decision values are written in libsvm's sense: above 0 for the first class of a pair.
"""

import importlib.util
import json
import pathlib
import sys
import warnings

import numpy
from datasets import load
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

MODELS = {
    "iris": ("iris", {}),
    "wine": ("wine", {}),
    "breast_cancer": ("breast_cancer", {}),
    "digits": ("digits", {}),
    "wine_linear": ("wine", {"kernel": "linear", "C": 0.5}),
    "wine_polynomial": ("wine", {"kernel": "poly", "degree": 2, "coef0": 1.0}),
    "breast_cancer_sigmoid": ("breast_cancer", {"kernel": "sigmoid", "gamma": 0.01, "coef0": -0.5}),
    "wine_balanced": ("wine", {"class_weight": "balanced", "gamma": "auto"}),
}


def main() -> int:
    folder, exporter = pathlib.Path(sys.argv[1]), load_exporter(sys.argv[2])
    warnings.simplefilter("ignore", FutureWarning)
    for name, (data, options) in MODELS.items():
        rows, labels = load(data)
        svc = SVC(probability=True, random_state=0, decision_function_shape="ovo", **options)
        write(exporter, folder, name, make_pipeline(StandardScaler(), svc), rows, labels)
    # Without a scaler, and with one that takes no mean away, though it knows it.
    rows, labels = load("iris")
    svc = SVC(probability=True, decision_function_shape="ovo")
    write(exporter, folder, "iris_unscaled", svc, rows, labels)
    write(exporter, folder, "iris_without_mean", make_pipeline(StandardScaler(with_mean=False), svc), rows, labels)
    return 0


def load_exporter(path: str):
    spec = importlib.util.spec_from_file_location("export_sklearn", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(exporter, folder, name, model, rows, labels):
    model.fit(rows, labels)
    exporter.export(model, folder / f"{name}.json", [f"f{i}" for i in range(rows.shape[1])])
    # Rows of the data, and rows off it.
    rng = numpy.random.default_rng(0)
    sample = rng.permutation(rows)[:150]
    sample = numpy.vstack([sample, sample + rng.normal(scale=rows.std(axis=0), size=sample.shape)])
    decisions = model.decision_function(sample)
    if decisions.ndim == 1:
        # scikit-learn lets the second of two classes be positive.
        decisions = -decisions[:, None]
    expected = {
        "rows": sample.tolist(),
        "decisions": decisions.tolist(),
        "probabilities": model.predict_proba(sample).tolist(),
    }
    (folder / f"{name}.expected.json").write_text(json.dumps(expected), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
