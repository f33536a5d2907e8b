"""Tables with columns of many kinds, drawn at random."""

import numpy
import pandas


def draw(random, count):
    """A table: numbers of several kinds, texts, categories that are numbers, gaps."""
    plain = random.normal(size=count)
    many = numpy.array([f"m{min(int(value), 5)}" for value in random.exponential(2.5, size=count)], dtype=object)
    open_ = random.choice(numpy.array(["ja", "nein", "weiß nicht"], dtype=object), size=count)
    open_[random.random(count) < 0.2] = numpy.nan
    gappy = random.normal(50.0, 12.0, size=count)
    gappy[random.random(count) < 0.25] = numpy.nan
    return pandas.DataFrame(
        {
            "plain": plain,
            "large": 1e3 + 1e2 * (plain + random.normal(size=count)),
            "positive": random.lognormal(1.0, 1.0, size=count),
            "whole": random.integers(0, 40, size=count).astype(float),
            "gappy": gappy,
            "same": numpy.full(count, 3.0),
            "few": random.choice(numpy.array(["a", "b", "c d"], dtype=object), size=count),
            "many": many,
            "open": open_,
            "grade": random.integers(1, 5, size=count).astype(float),
            "flag": (random.random(count) < 0.4).astype(float),
            "unused": random.choice(numpy.array(["x", "y"], dtype=object), size=count),
        }
    )


def target(table, random):
    """A number that depends on most of the columns."""
    effect = table["few"].map({"a": 0.0, "b": 1.2, "c d": -1.0}) + table["open"].map({"ja": 1.0, "nein": -1.0}).fillna(
        0.3
    )
    score = table["plain"] + (table["large"] - 1e3) / 2e2 + 0.5 * numpy.log(table["positive"]) + 0.03 * table["whole"]
    score = score + (table["gappy"].fillna(40.0) - 50.0) / 20.0 + effect.astype(float) + 0.3 * table["grade"]
    return (score + random.normal(scale=0.5, size=len(table))).to_numpy()
