"""Exports a scikit-learn model for `rowscore import --sklearn`.

    python export_sklearn.py model.joblib export.json [--rows rows.csv] [--features a,b,c]

or, in a notebook,

    from export_sklearn import export      # this file beside the notebook
    export(pipeline, "export.json")        # or export(pipeline, "export.json", rows=frame)

The model is a classifier, a regressor or a one-class SVM of those that ESTIMATORS lists below, alone or after steps
of those that STEPS lists, in any nesting of Pipeline, ColumnTransformer, FeatureUnion, GridSearchCV,
RandomizedSearchCV and CalibratedClassifierCV. A step that cannot be exported is named, and no file is written.
Loading a joblib or pickle file runs what is in it: export your own models only.
It is one file, however long, so that it can be copied to where the model is.

The names of the features are those that the model was fitted with (a data frame's columns), unless --features gives
them. Features that the model makes no use of are left out. What is written is one JSON object:

    format      "rowscore-sklearn-2"
    version     of scikit-learn
    features    as in the artifact: a name, or an object with "name", "kind", "categories", "unseen" and "missing"
    classes     names, in the order of predict_proba; [] for a regression
    pipelines   as in the artifact: layers of columns, a machine, and what its decision values become
    reference   rows with what the model itself says of them, {"values": [...], "outputs": [...]}: rows of --rows,
                and hard ones, with bounds, gaps, each category, unseen categories and large values. `rowscore import`
                refuses the export if it scores one of them differently.
"""

import argparse
import csv
import dataclasses
import importlib.util
import json
import math
import os
import sys
import warnings

import numpy
import sklearn
from sklearn import (
    calibration,
    compose,
    decomposition,
    feature_selection,
    impute,
    linear_model,
    model_selection,
    pipeline,
    preprocessing,
    svm,
)
from sklearn.exceptions import NotFittedError
from sklearn.utils.multiclass import _ovr_decision_function
from sklearn.utils.validation import check_is_fitted

GAP, UNSEEN = float("nan"), "any category that the model does not know"
# As rowscore has them, in whatever case.
GAPS_IN_CSV = {"", "na", "n/a", "nan", "null", "none", "?"}
# As pandas and rowscore write them, in whatever case.
TRUTHS = {"false": 0.0, "true": 1.0}


class ExportError(ValueError):
    """Why a model cannot be exported."""


class Refused(Exception):
    """The model raises an error for this value."""


def export(model, path, features=None, rows=None):
    """Writes `model` to the file `path`. `features` names the features; `rows` are rows like those that the model will
    score: a data frame, an array, or the path of a CSV file. If the model cannot be exported, `path` stays as it was."""
    text = json.dumps(describe(model, features, rows), allow_nan=False)
    part = f"{os.fspath(path)}.part"
    try:
        with open(part, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.replace(part, path)
    finally:
        if os.path.exists(part):
            os.remove(part)


def describe(model, features=None, rows=None) -> dict:
    model = unwrapped(model)
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise ExportError(f"the {type(model).__name__} is not fitted: call its method fit first") from error
    names = feature_names(model, features)
    compiler = Compiler()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = compiler.estimator(model, [Column(position) for position in range(len(names))], ())
        inputs = compiler.inputs(names, fitted)
        used = [place for place, one in enumerate(inputs) if one.used]
        parts = [Lowering(inputs, used).part(part) for part in fitted.parts]
        reference = Reference(model, inputs, fitted).rows(rows)
    if not reference:
        raise ExportError(
            "the model has no answer for any row that it should have one for"
            + (
                ""
                if fitted_names(model) is None or has_pandas()
                else "; it was fitted with a data frame: install pandas"
            )
        )
    return {
        "format": "rowscore-sklearn-2",
        "version": sklearn.__version__,
        "features": [inputs[place].described() for place in used],
        "classes": fitted.classes,
        "pipelines": parts,
        "reference": [{"values": [row[place] for place in used], "outputs": outputs} for row, outputs in reference],
    }


def unwrapped(model):
    """What a search found, or what was frozen."""
    while True:
        if isinstance(model, model_selection._search.BaseSearchCV):
            if not hasattr(model, "best_estimator_"):
                raise ExportError(f"the {type(model).__name__} is not fitted, or was made with refit=False")
            model = model.best_estimator_
        elif type(model).__name__ == "FrozenEstimator":
            model = model.estimator
        else:
            return model


def feature_names(model, given) -> list[str]:
    own, count = fitted_names(model), fitted_width(model)
    if given is None and own is None:
        raise ExportError("the model was fitted without names of features: give them with --features a,b,c")
    names = [str(name) for name in (own if given is None else given)]
    if count is not None and len(names) != count:
        raise ExportError(f"{len(names)} names are given, the model has {count} features")
    if len(set(names)) < len(names):
        raise ExportError(f"two features have one name: {', '.join(names)}")
    return names


def first_step(model):
    """What sees the rows first."""
    while isinstance(model, pipeline.Pipeline):
        steps = [step for _, step in model.steps if step not in (None, "passthrough")]
        model = unwrapped(steps[0])
    return model


def fitted_names(model):
    return getattr(first_step(model), "feature_names_in_", None)


def fitted_width(model):
    return getattr(first_step(model), "n_features_in_", None)


def is_gap(value) -> bool:
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, float) and math.isnan(value))


def plain(value):
    """A category as rowscore knows it: a text or a number; or GAP."""
    if is_gap(value):
        return GAP
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bool, int, float, numpy.number, numpy.bool_)) and float(value) == value:
        return float(value)
    raise ExportError(f"the category {value!r} is neither a text nor a number")


# ---- What the model does with a row, as columns ----


@dataclasses.dataclass(frozen=True)
class Column:
    """Operations, one after the other, on a feature (its position) or on a Sum. Each is a tuple that begins with a name:
    fill (value, what stands for a gap), replace (value, by), is_missing (what stands for a gap), is (value),
    look_up (Table), scale (center, scale), affine (weight, constant), clip (min, max), apply (name)."""

    base: object
    ops: tuple = ()

    def then(self, *op):
        return Column(self.base, (*self.ops, op))


@dataclasses.dataclass(frozen=True, eq=False)
class Sum:
    """`constant` and a weighted sum of columns."""

    terms: tuple
    constant: float


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """What an encoder makes of each value: a number, GAP, or None where it raises an error."""

    known: dict
    unseen: object
    gap: object
    # Each value as it stood in the training data.
    originals: dict
    # What a gap was in the training data: None or NaN, if there was one.
    gap_was: tuple

    def of(self, value):
        found = self.gap if is_gap(value) else self.known.get(value, self.unseen)
        if found is None:
            raise Refused
        return found


FUNCTIONS = ("log", "log1p", "log2", "log10", "exp", "expm1", "sqrt", "cbrt", "square", "abs", "sign", "sin", "cos")
APPLIED = {getattr(numpy, name): name for name in FUNCTIONS}
UNDONE = {
    "log": math.exp,
    "log1p": math.expm1,
    "log2": lambda y: 2.0**y,
    "log10": lambda y: 10.0**y,
    "exp": math.log,
    "expm1": math.log1p,
    "sqrt": lambda y: y * y,
    "cbrt": lambda y: y**3,
    "square": math.sqrt,
    "abs": float,
}


def run(ops, value):
    """What the operations make of one value of a feature: a text, a number, GAP or UNSEEN."""
    for name, *args in ops:
        if name == "fill":
            value = args[0] if is_gap(value) else value
        elif name == "replace":
            value = args[1] if value == args[0] else value
        elif name == "is_missing":
            value = float(is_gap(value))
        elif name == "is":
            value = float(value == args[0])
        elif name == "look_up":
            value = args[0].of(value)
        elif isinstance(value, str):
            raise Refused
        elif name == "scale":
            value = (value - args[0]) / args[1]
        elif name == "affine":
            value = value * args[0] + args[1]
        elif name == "clip":
            value = min(max(value, args[0]), args[1]) if not is_gap(value) else value
        else:
            value = float(getattr(numpy, args[0])(value))
    return value


def undo(ops, value):
    """A value of the feature from which `ops` make `value`, about; None where there is none."""
    for name, *args in reversed(ops):
        try:
            if name == "scale":
                value = value * args[1] + args[0]
            elif name == "affine":
                value = (value - args[1]) / args[0]
            elif name == "apply":
                value = UNDONE[args[0]](value)
            elif name not in ("fill", "clip"):
                return None
        except (KeyError, ValueError, OverflowError, ZeroDivisionError):
            return None
    return value if math.isfinite(value) else None


@dataclasses.dataclass
class Part:
    """Columns, a machine without its scaler, and what its decision values become."""

    columns: list
    machine: dict
    output: object


@dataclasses.dataclass
class Fitted:
    classes: list
    parts: list
    # Of the names of the model's methods, the one whose answers are the outputs.
    method: str


@dataclasses.dataclass
class Input:
    """A feature."""

    name: str
    used: bool
    # The categories as rowscore knows them, each with what stood in the training data; None for a number.
    categories: object
    unseen: bool
    missing: bool
    gap: object
    # Values that are likely to occur.
    likely: list

    def described(self):
        if self.categories is None and not self.missing:
            return self.name
        described = {"name": self.name, "kind": "number"}
        if self.categories is not None:
            described |= {"kind": "category", "categories": list(self.categories)}
            if self.unseen:
                described["unseen"] = "taken"
        if self.missing:
            described["missing"] = "taken"
        return described


class Compiler:
    """Follows the columns through the model's steps."""

    def __init__(self):
        # Columns in which a gap is an error, and columns that the model computes at all.
        self.whole, self.seen = [], []
        # (Column, values that are likely to occur in it)
        self.hints = []

    # ---- Steps: from columns to columns ----

    def steps(self, step, columns, place) -> list:
        for kind, method in STEPS.items():
            if isinstance(step, kind):
                return method(self, step, columns, place)
        raise refusal(place, step, STEPS)

    def pipeline(self, step, columns, place):
        for name, inner in step.steps:
            if inner not in (None, "passthrough"):
                columns = self.steps(inner, columns, (*place, name))
        return columns

    def column_transformer(self, step, columns, place):
        made = []
        for name, inner, _ in step.transformers_:
            # It has no public name for the positions that the names, masks and slices came to.
            picked = [columns[position] for position in step._transformer_to_input_indices.get(name, [])]
            if inner != "drop" and picked:
                ones = picked if inner == "passthrough" else self.steps(inner, picked, (*place, name))
                made += weighted(ones, step.transformer_weights, name)
        return made

    def union(self, step, columns, place):
        made = []
        for name, inner in step.transformer_list:
            if inner == "drop":
                continue
            ones = columns if inner == "passthrough" else self.steps(inner, columns, (*place, name))
            made += weighted(ones, step.transformer_weights, name)
        return made

    def imputer(self, step, columns, place):
        made, gap = [], is_gap(step.missing_values)
        for column, value in zip(columns, step.statistics_, strict=True):
            if is_gap(value) and not step.keep_empty_features:
                continue
            if gap:
                made.append(column.then("fill", plain(value), was(step.missing_values)))
            else:
                made.append(column.then("replace", plain(step.missing_values), plain(value)))
        if not gap:
            self.whole += columns
        if step.indicator_ is not None:
            made += self.indicator(step.indicator_, columns, place)
        return made

    def indicator(self, step, columns, place):
        if not is_gap(step.missing_values):
            self.whole += columns
            return [columns[position].then("is", plain(step.missing_values)) for position in step.features_]
        if step.features == "missing-only" and step.error_on_new:
            self.whole += [column for position, column in enumerate(columns) if position not in step.features_]
        return [columns[position].then("is_missing", was(step.missing_values)) for position in step.features_]

    def encoder(self, step, columns, place):
        widths = getattr(step, "_n_features_outs", [1] * len(columns))
        made = []
        for position, (column, width) in enumerate(zip(columns, widths, strict=True)):
            if isinstance(column.base, Sum) or any(op[0] in ("scale", "affine", "clip", "apply") for op in column.ops):
                raise refusal(place, step, {}, "its categories are computed numbers")
            start = sum(widths[:position])
            for table in tables(step, position, range(start, start + width)):
                made.append(column.then("look_up", table))
        self.seen += made
        return made

    def standard(self, step, columns, place):
        return scaled(columns, step.mean_ if step.with_mean else None, step.scale_)

    def robust(self, step, columns, place):
        return scaled(
            columns, step.center_ if step.with_centering else None, step.scale_ if step.with_scaling else None
        )

    def max_abs(self, step, columns, place):
        self.hints += [
            (column, [-float(most), float(most)]) for column, most in zip(columns, step.max_abs_, strict=True)
        ]
        return scaled(columns, None, step.scale_)

    def min_max(self, step, columns, place):
        self.hints += [
            (column, [float(low), float(high)])
            for column, low, high in zip(columns, step.data_min_, step.data_max_, strict=True)
        ]
        low, high = (float(bound) for bound in step.feature_range)
        made = []
        for column, weight, constant in zip(columns, step.scale_, step.min_, strict=True):
            column = column.then("affine", float(weight), float(constant))
            clipped = column.then("clip", low, high)
            if step.clip and any(op[0] == "apply" for op in column.ops):
                # scikit-learn raises an error for an infinite number, which would be clipped here: 0 times it is none.
                clipped = Column(Sum(((clipped, 1.0), (column, 0.0)), 0.0))
            made.append(clipped if step.clip else column)
        return made

    def function(self, step, columns, place):
        if step.validate:
            self.whole += columns
        if step.func is None:
            return columns
        if step.func not in APPLIED or step.kw_args:
            names = ", ".join(f"numpy.{name}" for name in FUNCTIONS)
            raise refusal(place, step, {}, f"its function is none of {names}")
        return [column.then("apply", APPLIED[step.func]) for column in columns]

    def projection(self, step, columns, place):
        self.whole += columns
        mean = getattr(step, "mean_", None)
        constants = numpy.zeros(len(step.components_)) if mean is None else -(mean @ step.components_.T)
        # What the components say of the deviation of each column before them.
        spread = numpy.sqrt(step.explained_variance_ @ step.components_**2)
        for position, column in enumerate(columns):
            center = 0.0 if mean is None else float(mean[position])
            self.hints.append(
                (column, [center, center - 2 * float(spread[position]), center + 2 * float(spread[position])])
            )
        made = []
        for weights, constant in zip(step.components_, constants, strict=True):
            made.append(Column(Sum(tuple(zip(columns, weights.tolist(), strict=True)), float(constant))))
        if getattr(step, "whiten", False):
            scale = numpy.sqrt(step.explained_variance_)
            made = scaled(made, None, numpy.maximum(scale, numpy.finfo(scale.dtype).eps))
        return made

    def selection(self, step, columns, place):
        tags = getattr(step, "__sklearn_tags__", None)
        if tags is None or not tags().input_tags.allow_nan:
            self.whole += columns
        return [columns[position] for position in numpy.flatnonzero(step.get_support())]

    # ---- Estimators: from columns to what is predicted ----

    def estimator(self, model, columns, place) -> Fitted:
        model = unwrapped(model)
        if isinstance(model, pipeline.Pipeline):
            *before, (name, last) = model.steps
            for step, inner in before:
                if inner not in (None, "passthrough"):
                    columns = self.steps(inner, columns, (*place, step))
            return self.estimator(last, columns, (*place, name))
        for kind, method in ESTIMATORS.items():
            if isinstance(model, kind):
                fitted = method(self, model, columns, place)
                self.whole += [column for part in fitted.parts for column in part.columns]
                return fitted
        raise refusal(place, model, ESTIMATORS)

    def calibrated(self, model, columns, place):
        classes, parts = class_names(model, place), []
        for fold in model.calibrated_classifiers_:
            inner = self.estimator(fold.estimator, columns, (*place, "estimator"))
            ovo = getattr(last_step(fold.estimator), "decision_function_shape", "ovr") == "ovo" and len(classes) > 2
            if len(inner.parts) != 1 or inner.classes != classes or fold.method not in CALIBRATORS or ovo:
                raise refusal(
                    place,
                    model,
                    {},
                    f"it has the method {fold.method!r} around a {type(fold.estimator).__name__}; accepted are sigmoid and "
                    "isotonic, around a classifier that has a decision function of one value per class and knows all classes",
                )
            calibrators = [CALIBRATORS[fold.method](one) for one in fold.calibrators]
            parts.append(Part(inner.parts[0].columns, inner.parts[0].machine, {"calibrated": calibrators}))
        return Fitted(classes, parts, "predict_proba")

    def classifying_svm(self, model, columns, place):
        classes = class_names(model, place)
        calibrated = model.probability is True
        machine = {"kernel": kernel(model, place)} | pairs(model, calibrated)
        output, method = ("coupled", "predict_proba") if calibrated else ("margins", "decision_function")
        return Fitted(classes, [Part(self.supported(model, columns), {"pairs": machine}, output)], method)

    def svm(self, model, columns, place):
        machine = {
            "kernel": kernel(model, place),
            "support_vectors": numbers(model.support_vectors_),
            "coefficients": numbers(model.dual_coef_)[0],
            "intercept": float(model.intercept_[0]),
        }
        one_class = isinstance(model, svm.OneClassSVM)
        classes, output = (["inlier", "outlier"], "score") if one_class else ([], "value")
        part = Part(self.supported(model, columns), {"kernel": machine}, output)
        return Fitted(classes, [part], "decision_function" if one_class else "predict")

    def supported(self, model, columns):
        """`columns`, in which the support vectors of `model` are likely rows."""
        for column, values in zip(columns, numpy.array(numbers(model.support_vectors_)).T, strict=True):
            self.hints.append((column, [float(values.min()), float(values.mean()), float(values.max())]))
        return columns

    def linear_classifier(self, model, columns, place):
        classes = class_names(model, place)
        if not hasattr(model, "predict_proba"):
            output = "margins"
        elif getattr(model, "loss", "log_loss") != "log_loss":
            raise refusal(
                place, model, {}, f"its loss is {model.loss!r}; of those with probabilities log_loss is accepted"
            )
        elif len(classes) == 2:
            output = "logistic"
        else:
            one_by_one = isinstance(model, linear_model.SGDClassifier) or "liblinear" in (model.solver,)
            one_by_one |= getattr(model, "multi_class", None) == "ovr"
            output = "one_vs_rest" if one_by_one else "softmax"
        method = "decision_function" if output == "margins" else "predict_proba"
        count = 1 if len(classes) == 2 else len(classes)
        return Fitted(classes, [Part(columns, linear(model, count, place), output)], method)

    def linear_regressor(self, model, columns, place):
        return Fitted([], [Part(columns, linear(model, 1, place), "value")], "predict")

    # ---- Features ----

    def inputs(self, names, fitted) -> list[Input]:
        finals = [column for part in fitted.parts for column in part.columns]
        used = roots(finals)
        every = used | roots(self.seen) | roots(self.whole)
        whole = roots(self.whole)
        return [
            self.input(name, position, {column for column in used if column.base == position}, every, whole)
            for position, name in enumerate(names)
        ]

    def input(self, name, position, used, every, whole):
        of = [column for column in every if column.base == position]
        looked_up = [op[1] for column in of for op in column.ops if op[0] == "look_up"]
        categories = {}
        for column in of:
            for op in column.ops:
                if op[0] == "look_up":
                    categories = op[1].originals | categories
                    break
                if op[0] in ("replace", "is"):
                    categories.setdefault(op[1], op[1])
        texts = any(isinstance(value, str) for value in categories)
        bare = any(not any(op[0] in ("look_up", "is_missing", "is") for op in column.ops) for column in used)
        if not (looked_up or texts) or (bare and not texts and all(one.unseen is not None for one in looked_up)):
            categories = None
        gaps = {gap for column in of for op in column.ops for gap in gaps_of(op)}
        if len(gaps) > 1:
            raise ExportError(f"the feature {name} has both None and NaN for a gap; rowscore knows one kind of gap")

        def taken(value):
            try:
                found = [(column, run(column.ops, value)) for column in of]
            except Refused:
                return False
            return not any(
                (is_gap(result) and column in whole) or (isinstance(result, str) and column in used)
                for column, result in found
            )

        likely = [
            undo(column.ops, value) for column, values in self.hints if column.base == position for value in values
        ]
        likely += [undo(column.ops[:place], at) for column in of for place, at in bends(column.ops)]
        return Input(
            name,
            bool(used),
            categories,
            categories is not None and taken(UNSEEN),
            taken(GAP),
            None if gaps == {"None"} else GAP,
            sorted({value for value in likely if value is not None}) or [-1.0, 0.0, 1.0],
        )


def refusal(place, step, accepted, reason=None) -> ExportError:
    what = (
        f"the step '{'/'.join(place)}' ({type(step).__name__}) of the model" if place else f"the {type(step).__name__}"
    )
    names = sorted(kind.__name__ for kind in accepted if kind is not feature_selection.SelectorMixin)
    selectors = (
        ", and whatever selects columns, as SelectKBest does" if feature_selection.SelectorMixin in accepted else ""
    )
    why = reason or f"accepted are {', '.join(names)}{selectors}"
    return ExportError(f"{what} cannot be exported: {why}")


def was(missing_values) -> str:
    return "None" if missing_values is None else "NaN"


def gaps_of(op):
    """What stood for a gap in the training data, as an operation knows it."""
    if op[0] == "look_up":
        return op[1].gap_was
    return op[-1:] if op[0] in ("fill", "is_missing") else ()


def bends(ops):
    """(place, number): numbers near which the operation at that place is likely to be used."""
    for place, (name, *args) in enumerate(ops):
        if name == "scale":
            yield from ((place, args[0] + args[1] * times) for times in (-2.0, 0.0, 2.0))
        elif name == "fill" and not isinstance(args[0], str):
            yield place, args[0]


def roots(columns) -> set:
    """Those columns that begin with a feature, of these and of the sums behind them."""
    found, open_ = set(), list(columns)
    while open_:
        column = open_.pop()
        if isinstance(column.base, Sum):
            open_ += [term for term, _ in column.base.terms]
        else:
            found.add(column)
    return found


def last_step(model):
    model = unwrapped(model)
    return last_step(model.steps[-1][1]) if isinstance(model, pipeline.Pipeline) else model


def weighted(columns, weights, name):
    """What a step of this name makes, multiplied as `transformer_weights` says."""
    weight = (weights or {}).get(name)
    return columns if weight is None else [column.then("affine", float(weight), 0.0) for column in columns]


def scaled(columns, centers, scales):
    centers = [0.0] * len(columns) if centers is None else centers
    scales = [1.0] * len(columns) if scales is None else scales
    return [
        column.then("scale", float(center), float(scale))
        for column, center, scale in zip(columns, centers, scales, strict=True)
    ]


def tables(step, position, outputs) -> list[Table]:
    """Asks an encoder what it makes of each value of the feature at `position`: one table per output."""
    categories = list(step.categories_[position])
    originals = {plain(value): value for value in categories if not is_gap(value)}
    was_gap = tuple({was(value) for value in categories if is_gap(value)})
    if len(was_gap) > 1:
        raise refusal((), step, {}, "None and NaN are two categories; rowscore knows one kind of gap")
    values = list(originals.values())
    known = ask(step, position, values)
    unseen = ask(step, position, [unknown(originals)])
    gap = ask(step, position, [None if was_gap == ("None",) else GAP])

    def answer(answers, output):
        return None if answers is None else float(answers[0, output])

    return [
        Table(
            {} if known is None else dict(zip(originals, known[:, output].tolist(), strict=True)),
            answer(unseen, output),
            answer(gap, output),
            originals,
            was_gap,
        )
        for output in outputs
    ]


def unknown(categories):
    """A value that is none of the categories."""
    if any(isinstance(value, str) for value in categories):
        return UNSEEN
    return max(categories, default=0.0) + 1.0


def ask(encoder, position, values):
    """The encoder's outputs for rows with these values at `position`, or None if it raises an error."""
    if not values:
        return None
    rows = [[categories[0] for categories in encoder.categories_] for _ in values]
    for row, value in zip(rows, values, strict=True):
        row[position] = value
    try:
        found = encoder.transform(table_of(rows, encoder.categories_, getattr(encoder, "feature_names_in_", None)))
    except (ValueError, TypeError):
        return None
    return numpy.asarray(found.toarray() if hasattr(found, "toarray") else found, dtype=float)


def table_of(rows, likes, names):
    """Rows as the model knows them: a data frame if it was fitted with one, else an array. Of each column, `likes` has
    values that it may hold."""
    arrays = []
    for column, like in zip(zip(*rows, strict=True), likes, strict=True):
        texts = any(isinstance(value, str) or value is None for value in (*like, *column))
        arrays.append(numpy.array(column, dtype=object if texts else float))
    if names is not None and has_pandas():
        import pandas

        # It would turn None into NaN in what it takes for texts.
        series = (pandas.Series(array, dtype=array.dtype) for array in arrays)
        return pandas.DataFrame(dict(zip(names, series, strict=True)))
    texts = any(array.dtype == object for array in arrays)
    return numpy.array(list(zip(*arrays, strict=True)), dtype=object if texts else float)


def has_pandas() -> bool:
    return importlib.util.find_spec("pandas") is not None


def class_names(model, place) -> list[str]:
    if not isinstance(model.classes_, numpy.ndarray):
        raise refusal(place, model, {}, "it has more than one label")
    names = [str(name) for name in model.classes_]
    if len(set(names)) < len(names):
        raise refusal(place, model, {}, f"two of its classes have one name: {', '.join(names)}")
    return names


def numbers(array) -> list:
    return (array.toarray() if hasattr(array, "toarray") else numpy.asarray(array, dtype=float)).tolist()


def kernel(model, place) -> dict:
    # The number that `scale` or `auto` came to has no public name.
    gamma, coef0 = float(model._gamma), float(model.coef0)
    kernels = {
        "linear": {"type": "linear"},
        "rbf": {"type": "rbf", "gamma": gamma},
        "poly": {"type": "polynomial", "degree": int(model.degree), "gamma": gamma, "coef0": coef0},
        "sigmoid": {"type": "sigmoid", "gamma": gamma, "coef0": coef0},
    }
    if not isinstance(model.kernel, str) or model.kernel not in kernels:
        raise refusal(place, model, {}, f"its kernel is {model.kernel!r}; accepted are {', '.join(kernels)}")
    return kernels[model.kernel]


def pairs(model, calibrated) -> dict:
    """A machine for each pair of classes, positive for the first. Equal support vectors are one, with the sum of their
    coefficients."""
    count = len(model.classes_)
    # For two classes scikit-learn turns libsvm's signs: it lets the second class be positive.
    sign = -1.0 if count == 2 else 1.0
    dual, intercepts = sign * numpy.array(numbers(model.dual_coef_)), sign * model.intercept_
    shared = {}
    at = [shared.setdefault(tuple(vector), len(shared)) for vector in numbers(model.support_vectors_)]
    ends = numpy.cumsum([0, *model.n_support_]).tolist()
    made = []
    for first in range(count):
        for second in range(first + 1, count):
            summed = {}
            for of, row in ((first, second - 1), (second, first)):
                for vector in range(ends[of], ends[of + 1]):
                    if dual[row, vector] != 0.0:
                        summed[at[vector]] = summed.get(at[vector], 0.0) + float(dual[row, vector])
            place = len(made)
            sigmoid = (float(model.probA_[place]), float(model.probB_[place])) if calibrated else (-1.0, 0.0)
            made.append(
                {
                    "positive": first,
                    "negative": second,
                    "intercept": float(intercepts[place]),
                    "sigmoid": dict(zip("ab", sigmoid, strict=True)),
                    "coefficients": sorted([index, value] for index, value in summed.items()),
                }
            )
    return {"support_vectors": [list(vector) for vector in shared], "pairs": made}


def linear(model, count, place) -> dict:
    weights = numpy.atleast_2d(numbers(model.coef_))
    intercepts = numpy.broadcast_to(numpy.ravel(model.intercept_), len(weights))
    if len(weights) != count:
        raise refusal(place, model, {}, f"it has {len(weights)} outputs instead of {count}")
    return {"linear": {"weights": weights.tolist(), "intercepts": [float(value) for value in intercepts]}}


CALIBRATORS = {
    "sigmoid": lambda one: {"sigmoid": {"a": float(one.a_), "b": float(one.b_)}},
    "isotonic": lambda one: {"isotonic": {"x": numbers(one.X_thresholds_), "y": numbers(one.y_thresholds_)}},
}

STEPS = {
    pipeline.Pipeline: Compiler.pipeline,
    pipeline.FeatureUnion: Compiler.union,
    compose.ColumnTransformer: Compiler.column_transformer,
    impute.SimpleImputer: Compiler.imputer,
    impute.MissingIndicator: Compiler.indicator,
    preprocessing.OneHotEncoder: Compiler.encoder,
    preprocessing.OrdinalEncoder: Compiler.encoder,
    preprocessing.StandardScaler: Compiler.standard,
    preprocessing.MinMaxScaler: Compiler.min_max,
    preprocessing.RobustScaler: Compiler.robust,
    preprocessing.MaxAbsScaler: Compiler.max_abs,
    preprocessing.FunctionTransformer: Compiler.function,
    decomposition.PCA: Compiler.projection,
    decomposition.TruncatedSVD: Compiler.projection,
    feature_selection.SelectorMixin: Compiler.selection,
}

ESTIMATORS = {
    svm.SVC: Compiler.classifying_svm,
    svm.NuSVC: Compiler.classifying_svm,
    svm.SVR: Compiler.svm,
    svm.NuSVR: Compiler.svm,
    svm.OneClassSVM: Compiler.svm,
    calibration.CalibratedClassifierCV: Compiler.calibrated,
    svm.LinearSVC: Compiler.linear_classifier,
    linear_model.LogisticRegressionCV: Compiler.linear_classifier,
    linear_model.LogisticRegression: Compiler.linear_classifier,
    linear_model.RidgeClassifier: Compiler.linear_classifier,
    linear_model.RidgeClassifierCV: Compiler.linear_classifier,
    linear_model.SGDClassifier: Compiler.linear_classifier,
    linear_model.Perceptron: Compiler.linear_classifier,
    svm.LinearSVR: Compiler.linear_regressor,
    linear_model.LinearRegression: Compiler.linear_regressor,
    linear_model.Ridge: Compiler.linear_regressor,
    linear_model.RidgeCV: Compiler.linear_regressor,
    linear_model.Lasso: Compiler.linear_regressor,
    linear_model.ElasticNet: Compiler.linear_regressor,
    linear_model.LassoCV: Compiler.linear_regressor,
    linear_model.ElasticNetCV: Compiler.linear_regressor,
    linear_model.SGDRegressor: Compiler.linear_regressor,
    linear_model.HuberRegressor: Compiler.linear_regressor,
    linear_model.BayesianRidge: Compiler.linear_regressor,
}


class Lowering:
    """Turns columns into the artifact's layers. A node is ("feature", place), ("ops", node, operations) or
    ("sum", ((node, weight), ...), constant), numbers standing for nodes; equal nodes are one."""

    def __init__(self, inputs, used):
        self.inputs = inputs
        self.nodes, self.numbers, self.depths = [], {}, []
        self.features = {position: self.node("feature", place) for place, position in enumerate(used)}
        self.raw = list(self.features.values())

    def part(self, part: Part) -> dict:
        final, means, scales = [], [], []
        for column in part.columns:
            number = self.column(column)
            kind, *rest = self.nodes[number]
            center, scale = 0.0, 1.0
            # The last scaling is the machine's.
            if kind == "ops" and rest[1][-1][0] == "scale":
                *before, (_, center, scale) = rest[1]
                number = self.node("ops", rest[0], tuple(before)) if before else rest[0]
            final.append(number)
            means.append(center)
            scales.append(scale)
        ((kind, machine),) = part.machine.items()
        return {
            "layers": self.layers(final),
            "machine": {kind: {"scaler": {"mean": means, "scale": scales}} | machine},
            "output": part.output,
        }

    def layers(self, final) -> list:
        depth = max(self.depths[number] for number in final)
        if depth == 0 and final == self.raw:
            return []
        needed, layers = final, []
        for level in range(max(depth, 1), 0, -1):
            before = []
            for number in needed:
                before += [one for one in self.before(number, level) if one not in before]
            before = self.raw if level == 1 else before
            layers.insert(0, [self.described(number, level, before) for number in needed])
            needed = before
        return layers

    def before(self, number, level):
        if self.depths[number] < level or self.nodes[number][0] == "feature":
            return [number]
        kind, what, _ = self.nodes[number]
        return [what] if kind == "ops" else [term for term, _ in what]

    def described(self, number, level, before):
        if self.depths[number] < level:
            return {"from": before.index(number), "ops": []}
        kind, what, rest = self.nodes[number]
        if kind == "ops":
            return {"from": before.index(what), "ops": [written(op) for op in rest]}
        return {"terms": [[before.index(term), weight] for term, weight in what], "constant": rest}

    def node(self, *node) -> int:
        if node not in self.numbers:
            kind, *rest = node
            below = {"feature": lambda: [-1], "ops": lambda: [self.depths[rest[0]]]}
            depths = below.get(kind, lambda: [self.depths[term] for term, _ in rest[0]])()
            self.numbers[node] = len(self.nodes)
            self.nodes.append(node)
            self.depths.append(1 + max(depths, default=0))
        return self.numbers[node]

    def then(self, number, *ops):
        kind, *rest = self.nodes[number]
        base, before = rest if kind == "ops" else (number, ())
        return self.node("ops", base, (*before, *ops)) if before or ops else number

    def sum(self, terms, constant):
        return self.node("sum", tuple(terms), float(constant))

    def column(self, column) -> int:
        if isinstance(column.base, Sum):
            terms = [(self.column(term), weight) for term, weight in column.base.terms]
            return self.operations(self.sum(terms, column.base.constant), column.ops)
        one = self.inputs[column.base]
        number = self.features[column.base]
        if one.categories is None:
            return self.operations(number, column.ops)
        text = [
            place for place, op in enumerate(column.ops) if op[0] in ("fill", "replace", "is", "is_missing", "look_up")
        ]
        end = text[-1] + 1 if text else 0
        return self.operations(self.then(number, *codes(one, column.ops[:end])), column.ops[end:])

    def operations(self, number, ops) -> int:
        for op in ops:
            number = self.operation(number, *op)
        return number

    def operation(self, number, name, *args) -> int:
        if name == "fill":
            return self.then(number, ("fill", args[0]))
        if name == "replace":
            is_it = self.then(number, ("is_among", (args[0],)))
            return self.sum([(number, 1.0), (is_it, args[1] - args[0])], 0.0)
        if name == "is":
            return self.then(number, ("is_among", (args[0],)))
        if name == "look_up":
            return self.look_up(number, args[0])
        if name == "scale":
            return number if args == [0.0, 1.0] or args == (0.0, 1.0) else self.then(number, ("scale", *args))
        if name == "affine":
            weight, constant = args
            # As one scaling it may become the machine's, of which none is negative. It is exact enough where nothing large
            # is taken away.
            if weight > 0.0 and abs(constant) <= 4.0:
                return self.then(number, ("scale", -constant / weight, 1.0 / weight))
            return self.sum([(number, weight)], constant)
        return self.then(number, (name, *args) if name != "is_missing" else (name,))

    def look_up(self, number, table) -> int:
        """A table of numbers that are no categories, because they are used as numbers, too."""
        others = {value: known for value, known in table.known.items() if known != table.unseen}
        gap = table.unseen if table.gap is None or is_gap(table.gap) else table.gap
        if table.unseen == 0.0 and gap == 0.0 and set(others.values()) <= {1.0}:
            return self.then(number, ("is_among", tuple(others)))
        terms = [(self.then(number, ("is_among", (value,))), known - table.unseen) for value, known in others.items()]
        terms.append((self.then(number, ("is_missing",)), gap - table.unseen))
        return self.sum(terms, table.unseen)


def codes(one: Input, ops) -> tuple:
    """What `ops` make of each category's code, as operations on the code."""
    known = [number(run(ops, value)) for value in one.categories]
    values = [*known, number(run(ops, UNSEEN))] if one.unseen else known
    gap = number(run(ops, GAP)) if one.missing else None
    if gap is not None and set(values) <= {0.0, 1.0}:
        ones = tuple(float(code) for code, value in enumerate(values) if value == 1.0)
        if gap == 0.0:
            return (("is_among", ones),)
        return (("fill", ones[0]), ("is_among", ones)) if ones else (("is_missing",),)
    if set(values) <= {0.0, 1.0}:
        return (("is_among", tuple(float(code) for code, value in enumerate(values) if value == 1.0)),)
    return (("look_up", tuple(values)), *((("fill", gap),) if gap is not None else ()))


def number(value) -> float:
    if isinstance(value, str):
        raise ExportError(f"the category {value!r} is used as a number")
    return value


def written(op):
    """An operation as the artifact has it."""
    name, *args = op
    if name == "is_missing":
        return name
    if name == "scale":
        return {"scale": {"center": args[0], "scale": args[1]}}
    if name == "clip":
        return {"clip": {"min": args[0], "max": args[1]}}
    return {name: list(args[0]) if isinstance(args[0], tuple) else args[0]}


class Reference:
    """Rows, and what the model itself says of them."""

    GIVEN, DRAWN, SINGLE = 60, 60, 100

    def __init__(self, model, inputs, fitted):
        self.model, self.inputs, self.fitted = model, inputs, fitted
        self.random = numpy.random.default_rng(0)

    def rows(self, given) -> list:
        """(values, outputs) of rows of `given` and of hard ones; those that the model refuses are left out."""
        rows = spread(self.read(given), self.GIVEN) if given is not None else self.supported()
        rows += [[self.drawn(one) for one in self.inputs] for _ in range(self.DRAWN)]
        singles = [(place, value) for place, one in enumerate(self.inputs) if one.used for value in self.special(one)]
        for place, value in spread(singles, self.SINGLE):
            row = [self.usual(one) for one in self.inputs]
            row[place] = value
            rows.append(row)
        rows += [
            [one.likely[edge] if one.categories is None else self.usual(one) for one in self.inputs] for edge in (0, -1)
        ]
        return [(row, outputs) for row, outputs in zip(rows, self.outputs(rows), strict=True) if outputs is not None]

    def usual(self, one):
        if one.categories is not None:
            return next(iter(one.categories))
        return one.likely[len(one.likely) // 2]

    def drawn(self, one):
        if one.missing and self.random.random() < 0.15:
            return None
        if one.categories is None:
            low, high = one.likely[0], one.likely[-1]
            return float(self.random.uniform(low, high)) if self.random.random() < 0.9 else self.one_of(one.likely)
        if one.unseen and self.random.random() < 0.1:
            return unknown(one.categories)
        return self.one_of(list(one.categories))

    def one_of(self, values):
        return values[int(self.random.integers(len(values)))]

    def special(self, one) -> list:
        values = [None] if one.missing else []
        if one.categories is not None:
            return values + ([unknown(one.categories)] if one.unseen else []) + list(one.categories)
        reach = one.likely[-1] - one.likely[0] or 1.0
        return [*values, 0.0, one.likely[0], one.likely[-1], one.likely[-1] + 10 * reach, one.likely[0] - 10 * reach]

    def supported(self) -> list:
        """Rows that become support vectors of the first machine, about."""
        part = self.fitted.parts[0]
        ((_, machine),) = part.machine.items()
        rows = []
        for vector in spread(machine.get("support_vectors", []), self.GIVEN):
            row = [self.drawn(one) for one in self.inputs]
            for position, one in enumerate(self.inputs):
                columns = [
                    (column.ops, at) for column, at in zip(part.columns, vector, strict=True) if column.base == position
                ]
                if one.categories is None:
                    found = [undo(ops, at) for ops, at in columns]
                    row[position] = next((value for value in found if value is not None), row[position])
                elif columns:
                    row[position] = min(one.categories, key=lambda value: distance(value, columns))
            rows.append(row)
        return rows

    def read(self, given) -> list:
        names = [one.name for one in self.inputs]
        if isinstance(given, (str, os.PathLike)):
            with open(given, newline="", encoding="utf-8-sig") as file:
                records = list(csv.DictReader(file))
            columns = {name: [record[name] for record in records] for name in (records[0] if records else ())}
        elif hasattr(given, "columns"):
            columns = {str(name): list(given[name]) for name in given.columns}
        else:
            columns = dict(zip(names, zip(*given, strict=True), strict=True))
        missing = [one.name for one in self.inputs if one.used and one.name not in columns]
        if missing:
            raise ExportError(f"the rows have no column {', '.join(missing)}; they have {', '.join(columns)}")
        count = len(next(iter(columns.values()), ()))
        return [
            [self.value(one, columns[one.name][row]) if one.name in columns else self.usual(one) for one in self.inputs]
            for row in range(count)
        ]

    def value(self, one, cell):
        """A cell as a value of the feature."""
        if not is_gap(cell) and one.categories is not None:
            if plain(cell) in one.categories:
                return plain(cell)
            if not any(isinstance(value, str) for value in one.categories) and as_number(cell) is not None:
                return as_number(cell)
        if is_gap(cell) or (isinstance(cell, str) and cell.strip().lower() in GAPS_IN_CSV):
            return None
        if one.categories is not None:
            # rowscore takes a number for the category that writes the same one.
            value = as_number(cell)
            same = (known for known in one.categories if value is not None and as_number(known) == value)
            return next(same, plain(cell))
        if as_number(cell) is None and one.used:
            raise ExportError(f"the column {one.name} of the rows holds {cell!r}, which is not a number")
        return as_number(cell) or 0.0

    def outputs(self, rows) -> list:
        """What the model says of each row, None where it refuses it."""
        likes = [one.categories or () for one in self.inputs]
        table = table_of([self.cells(row) for row in rows], likes, fitted_names(self.model))
        try:
            found = getattr(self.model, self.fitted.method)(table)
        except (ValueError, TypeError):
            half = len(rows) // 2
            return self.outputs(rows[:half]) + self.outputs(rows[half:]) if half else [None]
        return [self.written(numpy.ravel(one)) for one in found]

    def cells(self, row) -> list:
        """The values of a row as they stood in the training data."""
        categories = [one.categories or {} for one in self.inputs]
        gaps = [GAP if one.categories is None else one.gap for one in self.inputs]
        return [
            gap if value is None else of.get(value, value) for value, of, gap in zip(row, categories, gaps, strict=True)
        ]

    def written(self, found):
        if self.fitted.parts[0].output == "margins":
            count = len(self.fitted.classes)
            if count == 2:
                found = numpy.array([-found[0], found[0]])
            elif getattr(last_step(self.model), "decision_function_shape", "ovr") == "ovo":
                found = _ovr_decision_function(found[None] < 0, -found[None], count)[0]
        return found.tolist() if numpy.isfinite(found).all() else None


def as_number(cell):
    if isinstance(cell, str) and cell.strip().lower() in TRUTHS:
        return TRUTHS[cell.strip().lower()]
    try:
        value = float(cell)
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None


def distance(value, columns) -> float:
    try:
        return sum((number(run(ops, value)) - at) ** 2 for ops, at in columns)
    except (Refused, ExportError):
        return math.inf


def spread(items, count) -> list:
    """At most `count` of the items, evenly."""
    return [items[place * len(items) // count] for place in range(count)] if len(items) > count else list(items)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", help="a joblib or pickle file")
    parser.add_argument("out", help="the JSON file to write")
    parser.add_argument("--features", help="names of the features, separated by commas")
    parser.add_argument("--rows", help="a CSV file with rows like those that the model will score")
    arguments = parser.parse_args()
    import joblib

    features = arguments.features.split(",") if arguments.features else None
    try:
        export(joblib.load(arguments.model), arguments.out, features, arguments.rows)
    except ExportError as error:
        print(f"export_sklearn.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
