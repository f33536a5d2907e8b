"""Writes scikit-learn's sample data as CSV: FOLDER/iris.csv, wine.csv, breast_cancer.csv, digits.csv.

The features are named f0, f1, ..., the class is in the column `kind`.
"""

import csv
import pathlib
import sys

from sklearn import datasets

NAMES = ("iris", "wine", "breast_cancer", "digits")
# Every so many rows of the digits: a build without optimisation takes minutes for all of them.
STRIDE = {"digits": 4}


def load(name: str):
    data = getattr(datasets, f"load_{name}")()
    stride = STRIDE.get(name, 1)
    return data.data[::stride], data.target[::stride]


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    for name in NAMES:
        rows, labels = load(name)
        with open(folder / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([f"f{i}" for i in range(rows.shape[1])] + ["kind"])
            for row, label in zip(rows, labels):
                writer.writerow([repr(float(value)) for value in row] + [f"k{label}"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
