"""Draws pipelines of every step and estimator that the exporter takes, fits and exports them, and scores rows.

    python pipelines.py FOLDER scripts/export_sklearn.py [ROWS]

FOLDER/00.json is an export, and FOLDER/00.expected.json what the model says of rows: {"name", "exact", "rows",
"outputs"}, null where scikit-learn raises an error. "exact" is true where there is no exp in it.
"""

import json
import pathlib
import sys
import warnings

import numpy
import pandas
from models import load_exporter
from sklearn import calibration, compose, decomposition, feature_selection, impute, linear_model, model_selection
from sklearn import pipeline, preprocessing, svm
from tables import draw, target

SEED = 20
# So many of the rows to score have something odd in one column.
ODD = 12


def choose(random, options):
    return options[int(random.integers(len(options)))]


# ---- Steps ----


def scaler(random):
    return choose(
        random,
        [
            preprocessing.StandardScaler(),
            preprocessing.StandardScaler(with_mean=False),
            preprocessing.StandardScaler(with_std=False),
            preprocessing.MinMaxScaler(),
            preprocessing.MinMaxScaler((-1.0, 2.0), clip=True),
            preprocessing.RobustScaler(),
            preprocessing.RobustScaler(with_centering=False, quantile_range=(10.0, 90.0)),
            preprocessing.MaxAbsScaler(),
        ],
    )


def imputer(random):
    return choose(
        random,
        [
            impute.SimpleImputer(),
            impute.SimpleImputer(strategy="median", add_indicator=True),
            impute.SimpleImputer(strategy="most_frequent"),
            impute.SimpleImputer(strategy="constant", fill_value=-1.0, add_indicator=True, keep_empty_features=True),
            impute.SimpleImputer(missing_values=3.0, strategy="mean", add_indicator=True),
        ],
    )


def function(random):
    """A function, and columns that are in its domain."""
    return choose(
        random,
        [
            (numpy.log, ["positive"]),
            (numpy.log1p, ["positive", "whole"]),
            (numpy.log2, ["positive"]),
            (numpy.log10, ["positive", "large"]),
            (numpy.sqrt, ["positive", "whole"]),
            (numpy.cbrt, ["plain", "large"]),
            (numpy.square, ["plain"]),
            (numpy.abs, ["plain"]),
            (numpy.sign, ["plain"]),
            (numpy.sin, ["plain", "whole"]),
            (numpy.cos, ["plain", "gappy"]),
            (numpy.exp, ["plain"]),
            (numpy.expm1, ["plain"]),
            (None, ["plain", "whole"]),
        ],
    )


def encoder(random):
    one_hot, ordinal = preprocessing.OneHotEncoder, preprocessing.OrdinalEncoder
    return choose(
        random,
        [
            one_hot(),
            one_hot(handle_unknown="ignore"),
            one_hot(handle_unknown="ignore", drop="first"),
            one_hot(drop="if_binary", sparse_output=False),
            one_hot(handle_unknown="infrequent_if_exist", min_frequency=12),
            one_hot(handle_unknown="warn", max_categories=3),
            ordinal(),
            ordinal(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2),
            ordinal(handle_unknown="use_encoded_value", unknown_value=99, encoded_missing_value=5, min_frequency=15),
        ],
    )


def text_steps(random):
    """Steps for texts, and whether they take the column with gaps."""
    fill = choose(
        random,
        [
            None,
            impute.SimpleImputer(strategy="most_frequent"),
            impute.SimpleImputer(strategy="constant", fill_value="?", add_indicator=False),
        ],
    )
    made = encoder(random)
    takes_gaps = (
        fill is not None or isinstance(made, preprocessing.OneHotEncoder) or made.encoded_missing_value in (-2, 5)
    )
    steps = [step for step in (fill, made) if step is not None]
    if random.random() < 0.3:
        steps.append(preprocessing.StandardScaler(with_mean=False))
    return pipeline.make_pipeline(*steps), takes_gaps


def number_steps(random):
    steps = [scaler(random)]
    if random.random() < 0.3:
        pca = decomposition.PCA(int(random.integers(1, 3)), whiten=bool(random.random() < 0.5), svd_solver="full")
        steps.append(choose(random, [pca, pipeline.make_union(pca, "passthrough"), decomposition.TruncatedSVD(1)]))
    return pipeline.make_pipeline(*steps)


# Of a ColumnTransformer's parts, one of which passes its columns through.
WEIGHTS = {"applied": 0.5, "both": -2.0}


def preparation(random):
    """A ColumnTransformer over some of the columns."""
    applied, domain = function(random)
    text, takes_gaps = text_steps(random)
    texts = ["few", "many", *(["open"] if takes_gaps else [])]
    positions = list(range(2))
    parts = [
        (
            "numbers",
            number_steps(random),
            choose(random, [["plain", "large"], positions, slice(0, 2), [True, True] + 10 * [False]]),
        ),
        ("gaps", pipeline.make_pipeline(imputer(random), scaler(random)), ["whole"]),
        ("text", text, texts),
        ("applied", pipeline.make_pipeline(preprocessing.FunctionTransformer(applied), scaler(random)), domain[:1]),
    ]
    if random.random() < 0.6:
        fill = choose(
            random, [impute.SimpleImputer(strategy="median", add_indicator=True), impute.SimpleImputer(strategy="mean")]
        )
        parts.append(("gappy", pipeline.make_pipeline(fill, scaler(random)), ["gappy"]))
    if random.random() < 0.4:
        parts.append(("indicator", impute.MissingIndicator(error_on_new=False), ["gappy", "whole", "plain"]))
    if random.random() < 0.5:
        parts.append(("grade", encoder(random), ["grade"]))
    if random.random() < 0.4:
        parts.append(("both", "passthrough", ["grade", "flag"]))
    if random.random() < 0.3:
        parts.append(("dropped", "drop", ["unused"]))
    random.shuffle(parts)
    weights = {name: weight for name, weight in WEIGHTS.items() if any(name == part[0] for part in parts)}
    return compose.ColumnTransformer(parts, remainder="drop", transformer_weights=weights)


# ---- Estimators ----

KERNELS = [
    {"kernel": "rbf"},
    {"kernel": "linear"},
    {"kernel": "poly", "degree": 2, "coef0": 1.0},
    {"kernel": "sigmoid", "gamma": 0.02},
]


def kernel(random):
    return choose(random, KERNELS)


def cases(random):
    """(task, estimator) for each that the exporter takes; a task is the number of classes, `value` or `outliers`."""
    sgd = {"random_state": 1, "tol": 1e-2}
    calibrated = [
        (calibration.CalibratedClassifierCV(inner, method=method, ensemble=ensemble, cv=3), task)
        for inner, method, ensemble, task in (
            (svm.SVC(**kernel(random)), "sigmoid", True, 2),
            (svm.SVC(**kernel(random)), "isotonic", False, 2),
            (svm.SVC(), "sigmoid", False, 3),
            (svm.SVC(), "isotonic", True, 3),
            (svm.LinearSVC(), "sigmoid", True, 4),
            (linear_model.RidgeClassifier(), "isotonic", True, 3),
            (pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC()), "sigmoid", True, 2),
        )
    ]
    search = model_selection.GridSearchCV(svm.SVC(), {"C": [0.5, 2.0]}, cv=3)
    draws = model_selection.RandomizedSearchCV(svm.SVR(), {"C": [0.5, 2.0, 5.0]}, n_iter=2, cv=3, random_state=0)
    return [
        (2, svm.SVC(probability=True, random_state=0, **kernel(random))),
        (4, svm.SVC(probability=True, random_state=0, **kernel(random))),
        (3, svm.NuSVC(nu=0.3, probability=True, random_state=0)),
        (2, svm.SVC(**kernel(random))),
        (4, svm.SVC(**kernel(random))),
        (3, svm.SVC(decision_function_shape="ovo", class_weight="balanced")),
        (2, svm.NuSVC(nu=0.3)),
        (3, svm.NuSVC(nu=0.3, **kernel(random))),
        (3, search),
        *((task, model) for model, task in calibrated),
        (2, svm.LinearSVC()),
        (3, svm.LinearSVC()),
        (2, linear_model.LogisticRegression(max_iter=300)),
        (3, linear_model.LogisticRegression(max_iter=300)),
        (2, linear_model.LogisticRegressionCV(Cs=2, max_iter=300, cv=3)),
        (2, linear_model.RidgeClassifier()),
        (3, linear_model.RidgeClassifierCV()),
        (2, linear_model.SGDClassifier(**sgd)),
        (3, linear_model.SGDClassifier(loss="log_loss", **sgd)),
        (3, linear_model.Perceptron(**sgd)),
        ("value", svm.SVR(**kernel(random))),
        ("value", svm.NuSVR()),
        ("value", draws),
        ("value", svm.LinearSVR()),
        ("value", linear_model.LinearRegression()),
        ("value", linear_model.Ridge()),
        ("value", linear_model.RidgeCV()),
        ("value", linear_model.Lasso(0.1)),
        ("value", linear_model.LassoCV(cv=3)),
        ("value", linear_model.ElasticNet(0.1)),
        ("value", linear_model.ElasticNetCV(cv=3)),
        ("value", linear_model.SGDRegressor(alpha=0.1, eta0=1e-6, **sgd)),
        ("value", pipeline.make_pipeline(linear_model.HuberRegressor(max_iter=500))),
        ("value", linear_model.BayesianRidge()),
        ("outliers", svm.OneClassSVM(nu=0.2, **kernel(random))),
        ("outliers", svm.OneClassSVM(nu=0.1)),
    ]


def model(random, is_bare, estimator):
    """A pipeline around `estimator`, a bare one of numbers only."""
    if is_bare:
        return pipeline.make_pipeline(scaler(random), estimator)
    steps = [preparation(random)]
    if random.random() < 0.3:
        steps.append(
            choose(random, [feature_selection.VarianceThreshold(), preprocessing.MaxAbsScaler(), "passthrough"])
        )
    if isinstance(estimator, calibration.CalibratedClassifierCV) and random.random() < 0.4:
        # Each fold has its own preparation.
        estimator.set_params(estimator=pipeline.make_pipeline(*steps, estimator.estimator))
        return estimator
    return pipeline.make_pipeline(*steps, estimator)


def answers_of(task, random, table):
    value = target(table, random)
    if task in ("value", "outliers"):
        return value if task == "value" else None
    names = numpy.array([f"class {place}" for place in range(task)])
    return names[numpy.searchsorted(numpy.quantile(value, numpy.arange(1, task) / task), value)]


# ---- Rows ----


def rows_to_score(table, random):
    """Like those of the training, and the last of them with something odd in one column."""
    table = table.copy()
    for row in range(len(table) - ODD, len(table)):
        column = str(random.choice(table.columns))
        texts = not pandas.api.types.is_numeric_dtype(table[column])
        odd = [numpy.nan, "never seen"] if texts else [numpy.nan, 0.0, -7.5, 1e7, float(random.normal())]
        if column == "grade":
            odd = [numpy.nan, 9.0, 2.5]
        table.loc[row, column] = odd[int(random.integers(len(odd)))]
    return table


def answers(model, method, table):
    """What the model says of each row, None where it raises an error."""
    if not len(table):
        return []
    try:
        return list(getattr(model, method)(table))
    except ValueError:
        if len(table) == 1:
            return [None]
        half = len(table) // 2
        return answers(model, method, table[:half]) + answers(model, method, table[half:])


def written(found, output, classes):
    if found is None:
        return None
    found = numpy.ravel(found)
    if output == "margins" and classes == 2:
        found = numpy.array([-found[0], found[0]])
    return found.tolist() if numpy.isfinite(found).all() else None


EXPS = ("rbf", "exp", "expm1", "coupled", "calibrated", "logistic", "softmax", "one_vs_rest")


def is_exact(export) -> bool:
    """Whether there is no exp in it."""
    text = json.dumps(export["pipelines"])
    return not any(f'"{name}"' in text for name in EXPS) and '{"type": "sigmoid"' not in text


def write(exporter, folder, random, position, case, count):
    """Fits a pipeline around the estimator of `case`, exports it, and writes what it says of `count` rows. Every tenth
    is of numbers only, in arrays without names."""
    task, estimator = case
    # A model that has not converged is a model, too.
    estimator.set_params(
        **{name: 5000 for name, value in estimator.get_params().items() if value == -1 and "max_iter" in name}
    )
    is_bare = position % 10 == 3
    fitted = model(random, is_bare, estimator)
    train, table = draw(random, 220), draw(random, count)
    truth = answers_of(task, random, train)
    columns = list(train.columns)[:4] if is_bare else list(train.columns)
    train, table = train[columns], rows_to_score(table[columns], random)
    path = folder / f"{position:02}.json"
    fitted.fit(train.to_numpy() if is_bare else train, truth)
    exporter.export(fitted, path, columns if is_bare else None, rows=train if position % 2 else None)
    export = json.loads(path.read_text(encoding="utf-8"))
    output = export["pipelines"][0]["output"]
    method = {"margins": "decision_function", "score": "decision_function", "value": "predict"}
    method = method.get(output if isinstance(output, str) else "", "predict_proba")
    scored = exporter.unwrapped(fitted)
    last = exporter.last_step(scored)
    if getattr(last, "decision_function_shape", None) == "ovo":
        # The same machine, with one margin per class.
        last.set_params(decision_function_shape="ovr")
    asked = table.to_numpy() if is_bare else table
    odd = len(asked) - ODD
    found = answers(scored, method, asked[:odd])
    found += [answer for row in range(odd, len(asked)) for answer in answers(scored, method, asked[row : row + 1])]
    used = [feature if isinstance(feature, str) else feature["name"] for feature in export["features"]]
    rows = table[used].to_numpy(dtype=object).tolist()
    expected = {
        "name": " > ".join(type(step).__name__ for step in parts_of(fitted)),
        "exact": is_exact(export),
        "rows": [[None if value != value else value for value in row] for row in rows],
        "outputs": [written(one, output, len(export["classes"])) for one in found],
    }
    (folder / f"{position:02}.expected.json").write_text(json.dumps(expected, allow_nan=False), encoding="utf-8")
    return fitted


def parts_of(model) -> list:
    """A model and every step in it."""
    found = [model]
    for name in ("steps", "transformers_", "transformer_list"):
        found += [part for step in getattr(model, name, []) for part in parts_of(step[1])]
    for name in ("best_estimator_", "estimator"):
        found += parts_of(getattr(model, name)) if hasattr(model, name) else []
    return [part for part in found if not isinstance(part, str)]


def main() -> int:
    folder, exporter = pathlib.Path(sys.argv[1]), load_exporter(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    warnings.simplefilter("ignore")
    random = numpy.random.default_rng(SEED)
    kinds = set()
    for position, case in enumerate(cases(random)):
        fitted = write(exporter, folder, random, position, case, count)
        kinds |= {kind for part in parts_of(fitted) for kind in type(part).__mro__}
    missing = [kind.__name__ for kind in [*exporter.STEPS, *exporter.ESTIMATORS] if kind not in kinds]
    if missing:
        print(f"no pipeline was drawn with {', '.join(missing)}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
