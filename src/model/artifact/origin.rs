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
    /// Number of training rows of each class; none where there are no classes to tell apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows_per_class: Vec<usize>,
    /// Columns of the file that are no features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The options that were given. The number that gamma became is in the kernel.
    pub options: TrainOptions,
    /// Number of folds, for the calibration and for the held-out metrics.
    pub folds: usize,
    /// The worst of all solutions that the model rests on.
    pub convergence: Convergence,
    /// Quality on held-out folds: for each fold the whole pipeline was fitted without it.
    pub held_out: HeldOut,
}

/// A column of the training data that is no feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its name.
    pub column: String,
    /// Why, in words.
    pub reason: String,
}

/// How good predictions are, by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HeldOut {
    /// Of probabilities.
    Probabilities(Metrics),
    /// Of margins.
    Margins(MarginMetrics),
    /// Of values.
    Values(ValueMetrics),
    /// Of scores.
    Scores(ScoreMetrics),
}

impl HeldOut {
    /// Of probabilities, if that is what there are.
    #[must_use]
    pub fn probabilities(&self) -> Option<&Metrics> {
        match self {
            Self::Probabilities(metrics) => Some(metrics),
            Self::Margins(_) | Self::Values(_) | Self::Scores(_) => None,
        }
    }
}

/// How good margins are. The predicted class is the one with the largest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarginMetrics {
    /// Share of rows whose predicted class is the true one.
    pub accuracy: f64,
    /// Mean over the classes of the harmonic mean of precision and recall.
    pub macro_f1: f64,
}

/// How good predicted numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueMetrics {
    /// Share of the variance that is explained.
    pub r2: f64,
    /// Mean of the absolute errors.
    pub mean_absolute_error: f64,
    /// Root of the mean of the squared errors.
    pub root_mean_squared_error: f64,
}

/// What is known of scores whose rows nobody has judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreMetrics {
    /// Share of the rows that are outside.
    pub outliers: f64,
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
