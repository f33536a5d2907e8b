//! Import: a model that was trained elsewhere, as an artifact.
//!
//! What is computed here is what libsvm and scikit-learn compute, so a model carries over number by number, and
//! scores as the original does, within rounding. An export from scikit-learn has rows with the original's own answers,
//! and an import that does not give them fails.

mod error;
mod foreign;
mod libsvm;
mod lists;
mod order;
mod proof;
mod ranges;
mod sklearn;

use super::data::Row;
use super::distribution::distribution;
use super::golden::golden_rows;
use crate::model::{About, Artifact, Content, Digest, Import, Origin, Reference};
use proof::prove;

pub use error::ImportError;
pub use foreign::Foreign;
pub use libsvm::LibsvmNames;
pub use order::Order;
pub use ranges::LibsvmScaling;

/// Rows like those that the model is for, with the digest of their file.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceRows<'a> {
    /// The rows, at least one.
    pub rows: &'a [Row],
    /// Digest of their file.
    pub sha256: Digest,
}

/// Makes an artifact of `foreign`, which predicts `label`. The distribution of the features is taken from `reference`;
/// without it there is none. The golden rows are some of `foreign`'s rows with the original's answers, or else of
/// `reference`, or else support vectors.
///
/// # Errors
/// When the parts of the model do not fit each other, it cannot score those rows, or it scores one of them differently
/// from the original.
pub fn import(foreign: Foreign, label: &str, reference: Option<ReferenceRows<'_>>) -> Result<Artifact, ImportError> {
    let unscaled = foreign.unscaled();
    let rows = reference.map(|reference| reference.rows.iter().map(|row| row.values.clone()).collect::<Vec<_>>());
    let mut content = Content {
        about: About::default(),
        label: label.to_owned(),
        predictor: foreign.predictor,
        origin: Origin::Imported(Import {
            source: foreign.source,
            file_sha256: foreign.file_sha256,
            reference: reference
                .map(|ReferenceRows { rows, sha256 }| Reference { data_sha256: sha256, rows: rows.len() }),
        }),
        distribution: rows.as_deref().map(|rows| distribution(&foreign.features, rows)).unwrap_or_default(),
        features: foreign.features,
        classes: foreign.classes,
        golden: Vec::new(),
    };
    // Before anything is computed with it.
    content.verify_parts()?;
    let proven = prove(&foreign.proof, &content)?;
    let samples = if proven.is_empty() { rows.unwrap_or(unscaled) } else { proven };
    content.golden = golden_rows(&samples, &content)?;
    let artifact = Artifact::seal(content);
    artifact.verify()?;
    Ok(artifact)
}
