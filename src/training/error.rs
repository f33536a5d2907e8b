//! Why a training failed.

use super::data::Task;
use crate::model::{ArtifactError, Method, ScoreError};

/// Why a training failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// An option is out of range.
    #[error("{what} is {found}, which is out of range; accepted: {accepted}")]
    Option {
        /// Which option.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it may be.
        accepted: &'static str,
    },
    /// The method learns something else.
    #[error("`--model {method}` learns no {task}; for {task} there are: {fitting}")]
    Unfit {
        /// Name of the method.
        method: &'static str,
        /// What is to be learnt.
        task: &'static str,
        /// Names of the methods for it.
        fitting: &'static str,
    },
    /// There are not enough rows to leave a fold out.
    #[error("there are {rows} rows, at least {least} are needed")]
    TooFewRows {
        /// Number of rows.
        rows: usize,
        /// As many are needed.
        least: usize,
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
    /// The numbers that are to be learnt are so large that their squares overflow.
    #[error(
        "the labels are too large: the squares of their errors are beyond a 64-bit float (the largest label is {largest:e}); \
         write them in a larger unit, such as millions"
    )]
    LabelTooLarge {
        /// The largest, whatever its sign.
        largest: f64,
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

impl TrainError {
    /// Of these labels.
    pub(super) fn label_too_large(values: &[f64]) -> Self {
        Self::LabelTooLarge { largest: values.iter().fold(0.0, |largest, value| value.abs().max(largest)) }
    }

    /// `method` does not learn what is asked for.
    pub(super) fn unfit(task: Task, method: Method) -> Self {
        let fitting = match task {
            Task::Classification => "svm, logistic, linear-svc",
            Task::Regression => "svm, linear, ridge",
            Task::OneClass => "svm",
        };
        Self::Unfit { method: method.name(), task: task.name(), fitting }
    }
}
