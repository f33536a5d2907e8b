//! Figures of sums, by their names in scikit-learn.

use serde::Serialize;

use super::sums::{Basis, Bin, Sums};
use crate::config::Measure;

/// How good predictions were. What their basis does not tell is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// `accuracy_score`.
    pub accuracy: Option<f64>,
    /// `log_loss`.
    pub log_loss: Option<f64>,
    /// `roc_auc_score`; of three classes and more the mean over them, each against the rest.
    pub auc: Option<f64>,
    /// `brier_score_loss`.
    pub brier: Option<f64>,
    /// The expected calibration error: how far the probabilities of the bins are from the shares that were right.
    pub calibration_error: Option<f64>,
    /// `mean_absolute_error`.
    pub mae: Option<f64>,
    /// `root_mean_squared_error`.
    pub rmse: Option<f64>,
}

impl Figures {
    /// Those of sums on a basis, with the area that was counted.
    #[must_use]
    pub fn of(basis: Basis, sums: &Sums, auc: Option<f64>) -> Self {
        if sums.rows == 0 {
            return Self::default();
        }
        let rows = sums.rows as f64;
        let accuracy = Some(sums.correct as f64 / rows);
        match basis {
            Basis::Values => {
                Self { mae: Some(sums.absolute / rows), rmse: Some((sums.squared / rows).sqrt()), ..Self::default() }
            }
            Basis::Classes => Self { accuracy, ..Self::default() },
            Basis::Probabilities => Self {
                accuracy,
                log_loss: Some(sums.log_loss / rows),
                auc,
                brier: Some(sums.brier / rows),
                calibration_error: Some(sums.bins.iter().map(Bin::gap).sum::<f64>() / rows),
                ..Self::default()
            },
        }
    }
}

impl Bin {
    /// How far its probabilities are from what was right, in rows.
    fn gap(&self) -> f64 {
        (self.confidence - self.correct as f64).abs()
    }
}

/// The figure that a bound is about.
#[must_use]
pub fn of_measure(figures: &Figures, measure: Measure) -> Option<f64> {
    match measure {
        Measure::Accuracy => figures.accuracy,
        Measure::LogLoss => figures.log_loss,
        Measure::Auc => figures.auc,
        Measure::Brier => figures.brier,
        Measure::Calibration => figures.calibration_error,
        Measure::Mae => figures.mae,
        Measure::Rmse => figures.rmse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_basis_does_not_tell_is_not_told() {
        let sums = Sums { rows: 4, correct: 3, absolute: 6.0, squared: 36.0, ..Sums::default() };
        let classes = Figures::of(Basis::Classes, &sums, None);
        assert_eq!(classes, Figures { accuracy: Some(0.75), ..Figures::default() });
        let values = Figures::of(Basis::Values, &sums, None);
        assert_eq!(values, Figures { mae: Some(1.5), rmse: Some(3.0), ..Figures::default() });
        assert_eq!(Figures::of(Basis::Values, &Sums::default(), None), Figures::default());
    }
}
