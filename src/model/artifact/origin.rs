//! The records of how a model came about.

use serde::{Deserialize, Serialize};

use super::convergence::Convergence;
use super::options::TrainOptions;
use crate::model::digest::Digest;

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Origin {
    /// How it was trained, and how good it is on rows it has not seen.
    Trained(Training),
    /// It was trained elsewhere.
    Imported(Import),
}

/// The record of an import.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// What trained it.
    pub source: ImportSource,
    /// Digest of the file that was imported.
    pub file_sha256: Digest,
    /// The rows that the distribution and the golden rows were taken from.
    pub reference: Option<Reference>,
}

/// What a model was imported from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImportSource {
    /// A model file of libsvm.
    Libsvm,
    /// An export from scikit-learn.
    ScikitLearn,
}

/// Rows that an imported model is for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Digest of the file.
    pub data_sha256: Digest,
    /// Number of rows.
    pub rows: usize,
}

/// The record of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training {
    /// Digest of the training data's file.
    pub data_sha256: Digest,
    /// Number of training rows.
    pub rows: usize,
    /// Number of training rows of each class.
    pub rows_per_class: Vec<usize>,
    /// The options that were given. The number that gamma became is in the kernel.
    pub options: TrainOptions,
    /// Number of folds, for the calibration and for the held-out metrics.
    pub folds: usize,
    /// The worst of all solutions that the model rests on.
    pub convergence: Convergence,
    /// Quality on held-out folds: for each fold the whole pipeline was fitted without it.
    pub held_out: Metrics,
}

/// How good predictions are. The predicted class is the one with the largest probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Share of rows whose predicted class is the true one.
    pub accuracy: f64,
    /// Mean over the classes of the harmonic mean of precision and recall.
    pub macro_f1: f64,
    /// Mean of -ln of the true class's probability.
    pub log_loss: f64,
    /// Mean over the rows of the squared distance to the certain, true prediction (0..=2).
    pub brier: f64,
    /// Expected calibration error. Rows are put into ten bins by the probability of their predicted
    /// class; this is the mean distance between that probability and how often it is right. C. Guo,
    /// G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML 2017.
    pub calibration_error: f64,
}
