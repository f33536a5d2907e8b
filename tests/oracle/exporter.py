"""What the exporter refuses, and what it does with files.

python exporter.py scripts/export_sklearn.py
"""

import csv
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import joblib
import numpy
import pandas
from models import load_exporter
from sklearn import compose, datasets, ensemble, impute, linear_model, pipeline, preprocessing, svm

SCRIPT = sys.argv[1]
exporter = load_exporter(SCRIPT)
ROWS, LABELS = datasets.load_iris(return_X_y=True)
NAMES = ["a", "b", "c", "d"]


def run(model, *arguments):
    """Exports with the program: its exit status, what it says, and the export."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = pathlib.Path(folder) / "model.joblib", pathlib.Path(folder) / "export.json"
        joblib.dump(model, file)
        out.write_text("as before", encoding="utf-8")
        command = [sys.executable, SCRIPT, file, out, *arguments]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        assert sorted(path.name for path in pathlib.Path(folder).iterdir()) == ["export.json", "model.joblib"]
        return found.returncode, found.stderr, out.read_text(encoding="utf-8")


def refused(model, *expected, features=NAMES):
    """The model is refused with a message that has all of `expected`, and nothing is written."""
    try:
        exporter.describe(model, features)
    except exporter.ExportError as error:
        assert all(one in str(error) for one in expected), f"{expected} in {error}"
    else:
        raise AssertionError(f"{expected}: taken")


def steps(*made):
    return pipeline.make_pipeline(*made).fit(ROWS, LABELS)


def check_refusals():
    knn = pipeline.make_union(preprocessing.StandardScaler(), impute.KNNImputer())
    deep = steps(preprocessing.MinMaxScaler(), knn, svm.SVC())
    refused(
        deep, "the step 'featureunion/knnimputer' (KNNImputer) of the model cannot be exported: accepted are", "PCA"
    )
    refused(steps(ensemble.RandomForestClassifier(3)), "'randomforestclassifier' (RandomForestClassifier)", "LinearSVC")
    refused(steps(svm.SVC(kernel=lambda a, b: a @ b.T)), "its kernel is", "rbf")
    refused(steps(preprocessing.FunctionTransformer(numpy.tan), svm.SVC()), "its function is none of", "numpy.log1p")
    refused(steps(linear_model.SGDClassifier(loss="modified_huber")), "its loss is 'modified_huber'")
    binned = steps(preprocessing.MinMaxScaler(), preprocessing.OneHotEncoder(handle_unknown="ignore"), svm.SVC())
    refused(binned, "'onehotencoder'", "its categories are computed numbers")
    refused(linear_model.Ridge().fit(ROWS, ROWS[:, :2]), "it has 2 outputs instead of 1")
    refused(pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC()), "the Pipeline is not fitted")
    refused(svm.SVC().fit(ROWS, LABELS), "without names of features: give them with --features a,b,c", features=None)
    refused(svm.SVC().fit(ROWS, LABELS), "3 names are given, the model has 4 features", features=NAMES[:3])
    refused(svm.SVC().fit(ROWS, LABELS), "two features have one name", features=["a", "b", "b", "d"])


def check_files():
    forest = steps(ensemble.RandomForestClassifier(3))
    status, said, out = run(forest, "--features", "a,b,c,d")
    assert (status, out) == (1, "as before") and said.startswith("export_sklearn.py: the step 'randomforest"), said
    status, said, out = run(steps(svm.SVC()), "--features", "a,b,c,d")
    assert (status, said) == (0, "") and json.loads(out)["format"] == "rowscore-sklearn-2", said


def check_rows():
    """Rows of a file are among the reference rows, with categories and gaps as the model knows them."""
    table = pandas.DataFrame(
        {"size": ROWS[:, 0], "left out": 1.0, "kind": ["no", "yes", "1"] * 50, "level": [1.0, 2.0, 3.0] * 50}
    )
    encoders = compose.make_column_transformer(
        (impute.SimpleImputer(), ["size"]),
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["kind"]),
        (preprocessing.OneHotEncoder(), ["level"]),
    )
    model = pipeline.make_pipeline(encoders, svm.SVC()).fit(table, LABELS)
    # What the imputer takes for a gap is a category here.
    texts = pipeline.make_pipeline(
        impute.SimpleImputer(missing_values="1", strategy="constant", fill_value="no"),
        preprocessing.OneHotEncoder(handle_unknown="ignore"),
    )
    other = pipeline.make_pipeline(compose.make_column_transformer((texts, ["kind"])), svm.SVC()).fit(table, LABELS)
    assert exporter.describe(other)["features"] == [
        {"name": "kind", "kind": "category", "categories": ["no", "yes", "1"], "unseen": "taken"}
    ], exporter.describe(other)["features"]
    rows = [["5.5", "yes", "2"], ["", "never", "1.0"], ["NA", "1", "3"], ["4.5", "", "1"]]
    expected = [[5.5, "yes", 2.0], [None, "never", 1.0], [None, "1", 3.0], [4.5, None, 1.0]]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["size", "kind", "level"], *rows])
        export = exporter.describe(model, rows=path)
    found = [one["values"] for one in export["reference"]]
    assert all(row in found for row in expected), found[:5]
    assert export["features"] == [
        {"name": "size", "kind": "number", "missing": "taken"},
        {"name": "kind", "kind": "category", "categories": ["1", "no", "yes"], "unseen": "taken", "missing": "taken"},
        {"name": "level", "kind": "category", "categories": [1.0, 2.0, 3.0]},
    ], export["features"]


def check_cells():
    """Truths as pandas writes them, words for gaps in any case, and numbers that are categories, as rowscore reads them."""
    table = pandas.DataFrame(
        {
            "size": ROWS[:, 0],
            "flag": [True, False] * 75,
            "code": ["1", "2", "x"] * 50,
            "kind": ["True", "False", "?"] * 50,
        }
    )
    encoders = compose.make_column_transformer(
        (impute.SimpleImputer(), ["size", "flag"]),
        (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["code", "kind"]),
    )
    model = pipeline.make_pipeline(encoders, svm.SVC()).fit(table.astype({"flag": float}), LABELS)
    rows = [["5.5", "True", "1.0", "True"], ["NULL", "FALSE", "2", "?"], [" na ", "none", "02", "False"]]
    expected = [[5.5, 1.0, "1", "True"], [None, 0.0, "2", "?"], [None, None, "2", "False"]]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "rows.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([table.columns, *rows])
        found = [one["values"] for one in exporter.describe(model, rows=path)["reference"]]
    assert all(row in found for row in expected), found[:3]


def main() -> int:
    warnings.simplefilter("ignore")
    check_refusals()
    check_files()
    check_rows()
    check_cells()
    return 0


if __name__ == "__main__":
    sys.exit(main())
