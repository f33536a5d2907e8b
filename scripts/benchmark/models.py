"""The models and rows that everybody scores.

As a program it makes what is missing of them: the benchmark itself does without scikit-learn, of
which its measurements would otherwise have some memory and threads beside them.
"""

import csv
import json
import random
import sys
import warnings

from measure import run, say
from tools import ROOT, ROWSCORE, WORK

IRIS = ROOT / "model/iris.csv"
DIGITS = WORK / "digits.csv"
DIGITS_ARTIFACT = WORK / "digits.json"
# The least and the greatest of each iris measurement, as in the sample items.
RANGES = [(4.3, 7.9), (2.0, 4.4), (1.0, 6.9), (0.1, 2.5)]
IRIS_ROWS = 20_000


def prepare() -> None:
    WORK.mkdir(parents=True, exist_ok=True)
    run([sys.executable, __file__])
    if not usable(DIGITS_ARTIFACT):
        say("training rowscore's model of the digits, about 15 s ...")
        run([ROWSCORE, "train", "--data", DIGITS, "--label", "digit", "--out", DIGITS_ARTIFACT])


def usable(artifact) -> bool:
    """Whether it is there and of the embedded one's format."""
    if not artifact.is_file():
        return False
    formats = [json.loads(file.read_text())["format"] for file in (artifact, ROOT / "model/iris.json")]
    return formats[0] == formats[1]


def iris() -> tuple[list, list]:
    with IRIS.open(newline="") as file:
        _, *lines = csv.reader(file)
    return [[float(value) for value in line[:-1]] for line in lines], [line[-1] for line in lines]


def main() -> None:
    # It is, as SVC(probability=True) leaves scikit-learn with 1.11: hence the pinned version.
    warnings.simplefilter("ignore", FutureWarning)
    from sklearn.datasets import load_digits

    digits = load_digits()
    # Pixels that are the same in all: `rowscore train` would leave them out.
    pixels = digits.data[:, digits.data.max(axis=0) > digits.data.min(axis=0)]
    with DIGITS.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"pixel{n}" for n in range(pixels.shape[1])), "digit"])
        writer.writerows([*row, f"d{digit}"] for row, digit in zip(pixels, digits.target, strict=True))
    draw = random.Random(1)
    sample = [[round(draw.uniform(*between), 1) for between in RANGES] for _ in range(IRIS_ROWS)]
    write("iris", *iris(), sample)
    write("digits", pixels, digits.target, pixels)


def write(name: str, values, labels, rows) -> None:
    """The rows that are scored, and scikit-learn's model, as it is and for onnxruntime."""
    import joblib
    import numpy
    import skl2onnx
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    with (WORK / f"{name}-rows.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    model = make_pipeline(StandardScaler(), SVC(probability=True, random_state=1)).fit(values, labels)
    joblib.dump(model, WORK / f"{name}.joblib")
    features = numpy.zeros((1, len(values[0])), dtype=numpy.float32)
    onnx = skl2onnx.to_onnx(model, features, options={"zipmap": False})
    (WORK / f"{name}.onnx").write_bytes(onnx.SerializeToString())


if __name__ == "__main__":
    main()
