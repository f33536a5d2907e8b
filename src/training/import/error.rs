//! Why a model cannot be imported.

use crate::model::{ArtifactError, Odd, ScoreError};

/// Why a model cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not the JSON that the exporter writes.
    #[error("this is no export, as scripts/export_sklearn.py writes them")]
    Json(#[from] serde_json::Error),
    /// Not a libsvm model file.
    #[error("line {line} of the libsvm model: {problem}")]
    Libsvm {
        /// From 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A libsvm model that lost some of its lines, or has some of another one.
    #[error(
        "the file has {found} support vectors, but its line `total_sv` says {expected}: it is not whole; copy it anew from \
         where svm-train wrote it"
    )]
    NotWhole {
        /// Support vectors that there are.
        found: usize,
        /// As many should there be.
        expected: usize,
    },
    /// Not even a text.
    #[error(
        "this is no export but a binary file, such as joblib and pickle write: make an export of it with \
         `python scripts/export_sklearn.py MODEL EXPORT.json`, and import that"
    )]
    Binary,
    /// Not a range file of libsvm's `svm-scale`.
    #[error("line {line} of the range file: {problem}")]
    Ranges {
        /// From 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Something that rowscore has no counterpart of.
    #[error("{0} cannot be imported")]
    Unsupported(String),
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
    /// An export without rows that prove the import.
    #[error("the export has no reference rows: make it anew with scripts/export_sklearn.py")]
    NoReference,
    /// A value of a reference row is none that the model takes, though the original took it.
    #[error("the original answers reference row {row}, but the feature {feature} does not take its value: {odd:?}")]
    Unread {
        /// From 1.
        row: usize,
        /// Name of the feature.
        feature: String,
        /// Why.
        odd: Odd,
    },
    /// The imported model has no answer for a row that the original answers.
    #[error("the original answers reference row {row}, but the imported model does not")]
    Unscored {
        /// From 1.
        row: usize,
        /// Why.
        #[source]
        error: ScoreError,
    },
    /// The imported model says something else than the original.
    #[error(
        "of reference row {row}, {values}, the original says {expected:?}, the imported model {found:?}: a difference of \
         {difference:.1e}, more than 1e-9. Nothing was written. Make the export anew with this version's \
         scripts/export_sklearn.py; if the difference stays, the model cannot be imported"
    )]
    Different {
        /// From 1.
        row: usize,
        /// Its values, in JSON.
        values: String,
        /// What the import computes.
        found: Vec<f64>,
        /// What the export says.
        expected: Vec<f64>,
        /// The largest; relative where a number is beyond 1.
        difference: f64,
    },
    /// The imported model cannot score the reference rows.
    #[error("the model cannot score its reference rows")]
    Score(#[from] ScoreError),
    /// The imported model is not a valid one.
    #[error("the model is not valid")]
    Artifact(#[from] ArtifactError),
}
