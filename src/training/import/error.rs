//! Why a model cannot be imported.

use crate::model::{ArtifactError, ScoreError};

/// Why a model cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not the JSON that the exporter writes.
    #[error("the export cannot be read")]
    Json(#[from] serde_json::Error),
    /// Not a libsvm model file.
    #[error("line {line} of the libsvm model: {problem}")]
    Libsvm {
        /// From 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Something that rowscore has no counterpart of.
    #[error("{0} cannot be imported")]
    Unsupported(String),
    /// There is no calibration, and predictions are probabilities.
    #[error(
        "the model gives no probabilities: train it with SVC(probability=True), or libsvm's `-b 1`, \
         or train it anew with `rowscore train`"
    )]
    NoProbabilities,
    /// A list does not have as many entries as another one prescribes.
    #[error("the model's {what} has {found} entries instead of {expected}")]
    Length {
        /// Which list.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What its length must be.
        expected: usize,
    },
    /// The imported model cannot score the reference rows.
    #[error("the model cannot score its reference rows")]
    Score(#[from] ScoreError),
    /// The imported model is not a valid one.
    #[error("the model is not valid")]
    Artifact(#[from] ArtifactError),
}
