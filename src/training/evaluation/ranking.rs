//! How well rows are sorted: the area under the ROC curve, and the average precision.

use serde::Serialize;

/// How well two kinds of rows are told apart by a number, whatever the border is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ranking {
    /// Area under the ROC curve: how often a row of the second class has a larger number than one of the first.
    pub roc_auc: f64,
    /// Mean precision, each border weighed with the recall that it adds.
    pub average_precision: f64,
}

impl Ranking {
    /// Of rows with their number, and whether they are of the class that larger ones mean; `None` without
    /// rows of both kinds.
    pub(super) fn of(rows: impl Iterator<Item = (f64, bool)>) -> Option<Self> {
        let mut rows: Vec<(f64, bool)> = rows.collect();
        rows.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let positives = rows.iter().filter(|(_, is_positive)| *is_positive).count() as f64;
        let negatives = rows.len() as f64 - positives;
        if positives == 0.0 || negatives == 0.0 {
            return None;
        }
        let (mut hits, mut misses, mut area, mut average_precision) = (0.0, 0.0, 0.0, 0.0);
        // Equal numbers, which are on the same side of every border.
        for equal in rows.chunk_by(|(one, _), (other, _)| one == other) {
            let more = equal.iter().filter(|(_, is_positive)| *is_positive).count() as f64;
            let less = equal.len() as f64 - more;
            area += less * (hits + more / 2.0);
            (hits, misses) = (hits + more, misses + less);
            average_precision += more / positives * hits / (hits + misses);
        }
        Some(Self { roc_auc: area / (positives * negatives), average_precision })
    }
}

/// The shares that [`Quantiles`] has.
const SHARES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];

/// Numbers that so many percent are not above.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "each is what it is called")]
pub struct Quantiles {
    pub least: f64,
    pub p05: f64,
    pub p25: f64,
    pub median: f64,
    pub p75: f64,
    pub p95: f64,
    pub most: f64,
}

impl Quantiles {
    /// Of numbers, at least one: each is a number that occurs (the nearest rank).
    pub(super) fn of(mut numbers: Vec<f64>) -> Self {
        numbers.sort_by(f64::total_cmp);
        let rank = |share: f64| numbers[((share * numbers.len() as f64).ceil() as usize).max(1) - 1];
        let [p05, p25, median, p75, p95] = SHARES.map(rank);
        Self { least: numbers[0], p05, p25, median, p75, p95, most: numbers[numbers.len() - 1] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn area_and_average_precision_are_those_of_scikit_learn() {
        // roc_auc_score and average_precision_score of y = [0, 0, 1, 1, 1, 0], s = [0.1, 0.4, 0.35, 0.8, 0.4, 0.2]
        let rows = [(0.1, false), (0.4, false), (0.35, true), (0.8, true), (0.4, true), (0.2, false)];
        let found = Ranking::of(rows.into_iter()).unwrap();
        assert!((found.roc_auc - 7.5 / 9.0).abs() < 1e-15, "{found:?}");
        assert!((found.average_precision - (1.0 + 2.0 / 3.0 + 3.0 / 4.0) / 3.0).abs() < 1e-15, "{found:?}");
        assert_eq!(Ranking::of([(0.5, true)].into_iter()), None);
    }

    #[test]
    fn quantiles_are_numbers_that_occur() {
        let found = Quantiles::of((1..=100).rev().map(f64::from).collect());
        assert_eq!((found.least, found.p05, found.median, found.p95, found.most), (1.0, 5.0, 50.0, 95.0, 100.0));
        assert_eq!(Quantiles::of(vec![7.0]).p05, 7.0);
    }
}
