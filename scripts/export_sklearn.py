"""Exports a scikit-learn classifier for `rowscore import --sklearn`.

    python export_sklearn.py model.joblib export.json [--features a,b,c]

or, in a notebook,

    from export_sklearn import export      # this file beside the notebook
    export(pipeline, "export.json")

The classifier is an SVC(probability=True), or a pipeline of a StandardScaler and one. The names of
the features are those that it was fitted with (a data frame's columns), unless --features gives them.
Loading a joblib or pickle file runs what is in it: export your own models only.

What is written is one JSON object, its numbers exactly as scikit-learn holds them:

    format           "rowscore-sklearn-1"
    version          of scikit-learn
    features         names, in the order of a row's values
    classes          names, in the order of predict_proba
    scaler           {"mean": [...], "scale": [...]}, one entry per feature; a row is scaled as
                     (value - mean) / scale
    kernel           {"type": "linear"}, {"type": "rbf", "gamma": g},
                     {"type": "polynomial", "degree": d, "gamma": g, "coef0": c} or
                     {"type": "sigmoid", "gamma": g, "coef0": c}; gamma as a number
    support_vectors  vectors x features, scaled, grouped by class
    n_support        number of support vectors of each class
    dual_coef        classes - 1 lists of one entry per vector, as libsvm's sv_coef
    intercept        libsvm's -rho, one per class pair: (0, 1), (0, 2), ..., (1, 2), ...
    probA, probB     the pairs' sigmoids, 1 / (1 + exp(A f + B)), or null without probabilities
"""

import argparse
import json
import sys

import numpy
import sklearn
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC


def export(model, path, features=None):
    """Writes `model` to the file `path`; `features` names the features."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump(describe(model, features), file, allow_nan=False)
        file.write("\n")


def describe(model, features=None) -> dict:
    scaler, svc = take_apart(model)
    count = svc.shape_fit_[1]
    # For two classes scikit-learn turns libsvm's signs: it lets the second class be positive.
    sign = -1.0 if len(svc.classes_) == 2 else 1.0
    calibrated = svc.probability is True
    return {
        "format": "rowscore-sklearn-1",
        "version": sklearn.__version__,
        "features": feature_names(model, svc, features, count),
        "classes": [str(name) for name in svc.classes_],
        "scaler": {
            "mean": numbers(getattr(scaler, "mean_", None), numpy.zeros(count)),
            "scale": numbers(getattr(scaler, "scale_", None), numpy.ones(count)),
        },
        "kernel": kernel(svc),
        "support_vectors": numbers(svc.support_vectors_),
        "n_support": [int(n) for n in svc.n_support_],
        "dual_coef": numbers(sign * svc.dual_coef_),
        "intercept": numbers(sign * svc.intercept_),
        "probA": numbers(svc.probA_) if calibrated else None,
        "probB": numbers(svc.probB_) if calibrated else None,
    }


def take_apart(model):
    steps = [step for _, step in model.steps] if isinstance(model, Pipeline) else [model]
    steps = [step for step in steps if step not in (None, "passthrough")]
    match steps:
        case [SVC() as svc]:
            return None, svc
        case [StandardScaler() as scaler, SVC() as svc]:
            return scaler, svc
    names = ", ".join(type(step).__name__ for step in steps)
    raise SystemExit(f"neither an SVC nor a pipeline of StandardScaler and SVC: {names}")


def feature_names(model, svc, given, count) -> list[str]:
    names = given
    if names is None:
        names = getattr(model, "feature_names_in_", getattr(svc, "feature_names_in_", None))
    if names is None:
        raise SystemExit("the model was fitted without names of features: give them with --features a,b,c")
    if len(names) != count:
        raise SystemExit(f"{len(names)} names are given, the model has {count} features")
    return [str(name) for name in names]


def kernel(svc) -> dict:
    # The number that `scale` or `auto` came to has no public name.
    gamma, coef0 = float(svc._gamma), float(svc.coef0)
    match svc.kernel:
        case "linear":
            return {"type": "linear"}
        case "rbf":
            return {"type": "rbf", "gamma": gamma}
        case "poly":
            return {"type": "polynomial", "degree": int(svc.degree), "gamma": gamma, "coef0": coef0}
        case "sigmoid":
            return {"type": "sigmoid", "gamma": gamma, "coef0": coef0}
    raise SystemExit(f"the kernel {svc.kernel!r} cannot be exported")


def numbers(array, default=None) -> list:
    array = default if array is None else array
    dense = array.toarray() if hasattr(array, "toarray") else numpy.asarray(array, dtype=float)
    return dense.tolist()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a joblib or pickle file")
    parser.add_argument("out", help="the JSON file to write")
    parser.add_argument("--features", help="names of the features, separated by commas")
    arguments = parser.parse_args()
    import joblib

    features = arguments.features.split(",") if arguments.features else None
    export(joblib.load(arguments.model), arguments.out, features)
    return 0


if __name__ == "__main__":
    sys.exit(main())
