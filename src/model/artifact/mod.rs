//! The model as a file: everything that scoring, drift detection, the canary and the model card
//! need, in JSON.
//!
//! ```json
//! {
//!   "format": 1,
//!   "version": "<64 hexadecimal digits>",
//!   "content": { "label": "…", "features": […], "classes": […], "svm": {…}, "training": {…},
//!                "distribution": […], "golden": […] }
//! }
//! ```
//!
//! The version is the SHA-256 digest of the content in a canonical form that depends on the values
//! only, not on white space or on how a number is printed. Unknown fields are refused; a change of
//! the format takes the next format number. Every number reads back as the f64 it was.

mod json;
mod verify;

use serde::{Deserialize, Serialize};

use super::data::ClassIndex;
use super::digest::{Digest, ModelVersion};
use super::kernel::Kernel;
use super::platt::Sigmoid;
use super::scaler::Scaler;
use super::train::{Convergence, FeatureDistribution, Metrics, TrainOptions};

pub use verify::ArtifactError;
pub(super) use verify::class_pairs;

/// The format that this build writes and reads.
pub const FORMAT: u32 = 1;

/// A model file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Always [`FORMAT`].
    pub format: u32,
    /// SHA-256 of the content in a canonical form, which depends on the values only, not on white
    /// space or on how a number is printed.
    pub version: ModelVersion,
    /// The model.
    pub content: Content,
}

/// What a model file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Name of the column that is predicted.
    pub label: String,
    /// Names of the features, in the order of a row's values.
    pub features: Vec<String>,
    /// Names of the classes, in the order of a prediction's probabilities.
    pub classes: Vec<String>,
    /// What scoring computes with.
    pub svm: Svm,
    /// Where the model comes from; `training` in the file.
    #[serde(rename = "training")]
    pub origin: Origin,
    /// The training rows' distribution, one entry per feature: the reference for drift. Empty for a
    /// model that was imported without rows.
    pub distribution: Vec<FeatureDistribution>,
    /// Rows with their exact answers, for the canary.
    pub golden: Vec<GoldenRow>,
}

/// A multi-class support vector machine with probabilities: one binary machine per class pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Svm {
    /// Applied to a row before anything else.
    pub scaler: Scaler,
    /// The same for all pairs.
    pub kernel: Kernel,
    /// Scaled rows, each different from the others: pairs share them.
    pub support_vectors: Vec<Vec<f64>>,
    /// Every class pair once, in libsvm's order: (0, 1), (0, 2), …, (1, 2), ….
    pub pairs: Vec<Pair>,
}

/// The machine of one class pair: `f(x) = intercept + Σ coefficient · K(x, support vector)`, above 0
/// for the positive class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The class that a positive decision value means: the pair's first, as in libsvm.
    pub positive: ClassIndex,
    /// The other class.
    pub negative: ClassIndex,
    /// libsvm's `-rho`.
    pub intercept: f64,
    /// From the decision value to the probability of the positive class.
    pub sigmoid: Sigmoid,
    /// (Index of the support vector, coefficient), the indices ascending.
    pub coefficients: Vec<(usize, f64)>,
}

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
    /// The same for each class.
    pub rows_per_class: Vec<usize>,
    /// The options that were given; the resolved gamma is in the kernel.
    pub options: TrainOptions,
    /// Number of folds, both of the calibration and of the held-out metrics.
    pub folds: usize,
    /// The worst of all solutions that the model rests on.
    pub convergence: Convergence,
    /// Quality on held-out folds, with the whole pipeline fitted anew for each.
    pub held_out: Metrics,
}

/// A row and the prediction that any build must reproduce to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenRow {
    /// One per feature, unscaled.
    pub values: Vec<f64>,
    /// One per class.
    pub probabilities: Vec<f64>,
}

impl Artifact {
    /// Makes a model file of `content`, with its version.
    #[must_use]
    pub fn seal(content: Content) -> Self {
        Self { format: FORMAT, version: content.version(), content }
    }

    /// Reads a model file and verifies all of it.
    ///
    /// # Errors
    /// When the bytes are not JSON, the format is another one, the content does not match the
    /// version, or the parts of the content do not fit each other.
    pub fn from_json(json: &[u8]) -> Result<Self, ArtifactError> {
        // The number first: another format need not have these fields at all.
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        let header: Header = serde_json::from_slice(json)?;
        verify::format(header.format)?;
        let artifact: Self = serde_json::from_slice(json)?;
        artifact.verify()?;
        Ok(artifact)
    }

    /// The model file's bytes: the same for the same model, laid out so that a diff can be read.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = json::to_vec(self, json::Readable::default());
        bytes.push(b'\n');
        bytes
    }
}

impl Content {
    /// The record of the training, unless the model was imported.
    #[must_use]
    pub fn training(&self) -> Option<&Training> {
        match &self.origin {
            Origin::Trained(training) => Some(training),
            Origin::Imported(_) => None,
        }
    }

    fn version(&self) -> ModelVersion {
        ModelVersion::new(Digest::of(&json::to_vec(self, json::Canonical)))
    }
}
