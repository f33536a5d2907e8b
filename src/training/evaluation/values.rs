//! Predicted numbers against the true ones, and scores.

use serde::Serialize;

use super::metrics::mean;
use super::ranking::{Quantiles, Ranking};
use crate::model::{ClassIndex, HeldOut, ScoreMetrics, ValueMetrics};

/// How far predicted numbers are from the true ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ValueDetails {
    /// What is reached without looking at a row.
    pub baseline: ValueBaseline,
    /// The true number minus the predicted one.
    pub residuals: Quantiles,
}

/// What is reached by who always predicts the mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ValueBaseline {
    /// The mean.
    pub value: f64,
    /// Mean of the absolute errors.
    pub mean_absolute_error: f64,
    /// Root of the mean of the squared errors.
    pub root_mean_squared_error: f64,
}

impl ValueDetails {
    /// Of predictions for rows of these values, at least one, with what an artifact records of it.
    pub(super) fn of(predictions: &[f64], values: &[f64]) -> (HeldOut, Self) {
        let residuals: Vec<f64> = values.iter().zip(predictions).map(|(value, found)| value - found).collect();
        let value = mean(values.iter().copied());
        let of_mean: Vec<f64> = values.iter().map(|other| other - value).collect();
        let [squares, squares_of_mean] = [&residuals, &of_mean].map(|numbers| mean(numbers.iter().map(|n| n * n)));
        let [absolute, absolute_of_mean] = [&residuals, &of_mean].map(|numbers| mean(numbers.iter().map(|n| n.abs())));
        let metrics = ValueMetrics {
            // As scikit-learn has it where all values are equal.
            r2: match squares_of_mean {
                0.0 if squares == 0.0 => 1.0,
                0.0 => 0.0,
                variance => 1.0 - squares / variance,
            },
            mean_absolute_error: absolute,
            root_mean_squared_error: squares.sqrt(),
        };
        let baseline = ValueBaseline {
            value,
            mean_absolute_error: absolute_of_mean,
            root_mean_squared_error: squares_of_mean.sqrt(),
        };
        (HeldOut::Values(metrics), Self { baseline, residuals: Quantiles::of(residuals) })
    }
}

/// How scores are spread, and how well they tell outliers where these are known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ScoreDetails {
    /// Of the scores: above 0 a row is within.
    pub scores: Quantiles,
    /// How well the score tells who is within.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<Ranking>,
    /// Share of the rows whose side is the true one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
}

impl ScoreDetails {
    /// Of scores, at least one, and what the rows are (0 within, 1 outside) if somebody knows.
    pub(super) fn of(scores: &[f64], labels: Option<&[ClassIndex]>) -> (HeldOut, Self) {
        let outside = |score: &f64| usize::from(*score <= 0.0);
        let outliers = mean(scores.iter().map(|score| outside(score) as f64));
        let known = |labels: &[ClassIndex]| {
            let right = scores.iter().zip(labels).map(|(score, label)| f64::from(u8::from(outside(score) == *label)));
            let is_within = scores.iter().copied().zip(labels.iter().map(|&label| label == 0));
            (mean(right), Ranking::of(is_within))
        };
        let known = labels.map(known);
        let details = Self {
            scores: Quantiles::of(scores.to_vec()),
            ranking: known.and_then(|(_, ranking)| ranking),
            accuracy: known.map(|(accuracy, _)| accuracy),
        };
        (HeldOut::Scores(ScoreMetrics { outliers }), details)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_those_computed_by_hand() {
        let (held_out, found) = ValueDetails::of(&[1.0, 2.0, 5.0], &[1.0, 3.0, 5.0]);
        let HeldOut::Values(metrics) = held_out else { panic!("{held_out:?}") };
        assert!((metrics.r2 - 0.875).abs() < 1e-15);
        assert!((metrics.mean_absolute_error - 1.0 / 3.0).abs() < 1e-15);
        assert!((metrics.root_mean_squared_error - (1.0_f64 / 3.0).sqrt()).abs() < 1e-15);
        assert_eq!((found.baseline.value, found.residuals.median, found.residuals.most), (3.0, 0.0, 1.0));
    }

    #[test]
    fn scores_are_judged_where_somebody_knows_the_outliers() {
        let (held_out, found) = ScoreDetails::of(&[0.5, 0.1, -0.2, 0.0], Some(&[0, 0, 1, 0]));
        assert_eq!(held_out, HeldOut::Scores(ScoreMetrics { outliers: 0.5 }));
        assert_eq!((found.accuracy, found.ranking.unwrap().roc_auc), (Some(0.75), 1.0));
        assert_eq!(ScoreDetails::of(&[0.5], None).1.ranking, None);
    }
}
