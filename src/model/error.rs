//! Why there is no answer.

use super::encoder::Odd;

/// Why a row has no prediction.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// The caller's mistake: a row of another length.
    #[error("a row has {found} values, the model has {expected} features")]
    FeatureCount {
        /// Length of the row.
        found: usize,
        /// Number of features.
        expected: usize,
    },
    /// The caller's mistake: an output of another length.
    #[error("there is room for {found} numbers, the model gives {expected}")]
    OutputLength {
        /// Length of the output.
        found: usize,
        /// What is written per row, times the rows.
        expected: usize,
    },
    /// The value is infinite, or becomes infinite or NaN on the way to the machine.
    #[error("the value of feature {feature} is {value}, which is not a usable number")]
    Value {
        /// Index of the feature.
        feature: usize,
        /// The value, unscaled.
        value: f64,
    },
    /// It is NaN, which is a gap, and nothing in the model fills it.
    #[error("feature {feature} has no value, and the model fills no gap there")]
    Gap {
        /// Index of the feature.
        feature: usize,
    },
    /// The values are so large that the machine overflows.
    #[error("the values are too large: decision value {position} is not finite")]
    Decision {
        /// Of a machine of class pairs: which pair.
        position: usize,
    },
    /// The decision values are finite, but not what becomes of them.
    #[error("number {position} of the prediction is not finite")]
    Output {
        /// From 0.
        position: usize,
    },
}

/// Why the golden rows were not reproduced.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GoldenError {
    /// A golden row has a value that the model does not take.
    #[error("golden row {position} cannot be read: {odd:?}")]
    Unread {
        /// From 0.
        position: usize,
        /// Why.
        odd: Odd,
    },
    /// A golden row cannot be scored.
    #[error("golden row {position} cannot be scored")]
    Unscored {
        /// From 0.
        position: usize,
        /// Why.
        source: ScoreError,
    },
    /// A golden row has another answer than recorded.
    #[error("golden row {position} scores {found:?} instead of {expected:?}")]
    Different {
        /// From 0.
        position: usize,
        /// As recorded.
        expected: Vec<f64>,
        /// As computed here.
        found: Vec<f64>,
    },
}

/// A row without an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Unscored {
    /// Position of the row among those that were scored together, from 0.
    pub row: usize,
    /// Why.
    pub error: ScoreError,
}
