//! `QUALITY_BOUND`: how good predictions have to be.

use super::setting::{Accepts, Setting};
use crate::run::named;

named! {
    /// A figure of quality.
    pub enum Measure {
        /// The share of right classes.
        Accuracy = "accuracy",
        /// The logarithmic loss.
        LogLoss = "log_loss",
        /// The area under the curve.
        Auc = "auc",
        /// The Brier score.
        Brier = "brier",
        /// The expected calibration error.
        Calibration = "calibration_error",
        /// The mean absolute error.
        Mae = "mae",
        /// The root of the mean squared error.
        Rmse = "rmse",
    }
}

impl Measure {
    /// Whether more of it is better.
    pub fn is_better_greater(self) -> bool {
        matches!(self, Self::Accuracy | Self::Auc)
    }
}

/// A figure, and how good it has to be at least.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QualityBound {
    /// The figure.
    pub measure: Measure,
    /// The least of what is better greater, the most of an error.
    pub bound: f64,
}

impl QualityBound {
    /// Whether a figure is beyond it.
    pub fn is_missed_by(&self, figure: f64) -> bool {
        if self.measure.is_better_greater() { figure < self.bound } else { figure > self.bound }
    }
}

impl std::fmt::Display for QualityBound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.measure.is_better_greater() { ">=" } else { "<=" };
        write!(f, "{}{sign}{}", self.measure, self.bound)
    }
}

impl Setting for QualityBound {
    const ACCEPTS: Accepts = Accepts::Text(
        "`accuracy>=NUMBER`, `auc>=NUMBER`, or one of `log_loss`, `brier`, `calibration_error`, `mae`, `rmse` with `<=NUMBER`",
    );

    fn read(text: &str) -> Option<Self> {
        let (name, is_least, number) = match (text.split_once(">="), text.split_once("<=")) {
            (Some((name, number)), None) => (name, true, number),
            (None, Some((name, number))) => (name, false, number),
            _ => return None,
        };
        let measure: Measure = name.trim().parse().ok()?;
        let bound: f64 = number.trim().parse().ok().filter(|bound: &f64| bound.is_finite())?;
        (measure.is_better_greater() == is_least).then_some(Self { measure, bound })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_says_on_which_side_it_is() {
        let bound = QualityBound::read("accuracy >= 0.8").unwrap();
        assert_eq!((bound.measure, bound.to_string().as_str()), (Measure::Accuracy, "accuracy>=0.8"));
        assert_eq!([0.79, 0.8, 0.9].map(|figure| bound.is_missed_by(figure)), [true, false, false]);
        let error = QualityBound::read("mae<=3").unwrap();
        assert_eq!([2.0, 3.0, 3.1].map(|figure| error.is_missed_by(figure)), [false, false, true]);
    }

    #[test]
    fn what_would_bound_the_wrong_side_is_refused() {
        for text in ["accuracy<=0.8", "mae>=3", "accuracy", "accuracy>=", "accuracy>=NaN", "f1>=1", "accuracy>=<=1", ""]
        {
            assert_eq!(QualityBound::read(text), None, "{text}");
        }
    }
}
