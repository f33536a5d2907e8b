//! Import: a support vector machine that was trained elsewhere, as an artifact.
//!
//! libsvm and scikit-learn, which is built on it, compute what is computed here: a machine for each
//! class pair, whose positive class is the pair's first, with `f = Σ coefficient · K - rho`, a
//! sigmoid for each, and pairwise coupling. So a model carries over number by number, and scores as
//! the original does: decision values within rounding, probabilities with them.

mod error;
mod foreign;
mod libsvm;
mod sklearn;

use super::data::Row;
use super::distribution::distribution;
use super::golden::golden_rows;
use crate::model::{Artifact, Content, Digest, Feature, Import, Origin, Predictor, Reference};

pub use error::ImportError;
pub use foreign::Foreign;
pub use libsvm::LibsvmNames;

/// Rows like those that the model is for, with the digest of their file.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceRows<'a> {
    /// The rows, at least one.
    pub rows: &'a [Row],
    /// Digest of their file.
    pub sha256: Digest,
}

/// Makes an artifact of `foreign`, which predicts `label`. The distribution of the features and the
/// golden rows are taken from `reference`; without it there is no distribution, and the golden rows
/// are support vectors.
///
/// # Errors
/// When the parts of the model do not fit each other, or it cannot score those rows.
pub fn import(foreign: Foreign, label: &str, reference: Option<ReferenceRows<'_>>) -> Result<Artifact, ImportError> {
    foreign.check()?;
    let values = match reference {
        Some(reference) => reference.rows.iter().map(|row| row.values.clone()).collect(),
        None => foreign.unscaled(),
    };
    let features: Vec<Feature> = foreign.features.iter().map(Feature::number).collect();
    let mut content = Content {
        label: label.to_owned(),
        predictor: Predictor::Svm(foreign.svm()),
        origin: Origin::Imported(Import {
            source: foreign.source,
            file_sha256: foreign.file_sha256,
            reference: reference
                .map(|ReferenceRows { rows, sha256 }| Reference { data_sha256: sha256, rows: rows.len() }),
        }),
        distribution: if reference.is_some() { distribution(&features, &values) } else { Vec::new() },
        features,
        classes: foreign.classes,
        golden: Vec::new(),
    };
    // Before anything is computed with it.
    content.verify_parts()?;
    content.golden = golden_rows(&values, &content)?;
    let artifact = Artifact::seal(content);
    artifact.verify()?;
    Ok(artifact)
}
