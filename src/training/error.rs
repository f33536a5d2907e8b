//! Why a training failed.

use crate::model::{ArtifactError, ScoreError};

/// Why a training failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// An option is out of range.
    #[error("the {what} is out of range")]
    Option {
        /// Which option.
        what: &'static str,
    },
    /// A class is too rare to be both trained on and tested.
    #[error("class `{class}` has {rows} row, at least 2 are needed")]
    RareClass {
        /// Name of the class.
        class: String,
        /// Number of its rows.
        rows: usize,
    },
    /// A feature's values are so large that their mean or deviation overflows.
    #[error("the values of feature `{feature}` are too large")]
    FeatureTooLarge {
        /// Name of the feature.
        feature: String,
    },
    /// The solver's arithmetic would not hold.
    #[error(
        "kernel values up to {largest:e} are too large for this C and number of rows; a smaller gamma, degree or C helps"
    )]
    KernelTooLarge {
        /// The largest.
        largest: f64,
    },
    /// The new model cannot score its own training rows.
    #[error("the model cannot score its own training rows")]
    Score(#[from] ScoreError),
    /// The new model is not a valid one.
    #[error("the model is not valid")]
    Artifact(#[from] ArtifactError),
}
