//! The model as a file: everything that scoring, drift detection, the canary and the model card
//! need, in JSON.
//!
//! ```json
//! {
//!   "format": 2,
//!   "version": "<64 hexadecimal digits>",
//!   "content": { "label": "…", "features": […], "classes": […], "pipelines": […],
//!                "training": {…}, "distribution": […], "golden": […] }
//! }
//! ```
//!
//! A model of numbers only with one machine per class pair is written in format 1, which has `"svm": {…}`
//! instead of the pipelines; such files of earlier versions score to the bit as they did. Format 3 says what the model
//! is called and what it is for, in `about`.
//!
//! The version is the SHA-256 digest of the content in a canonical form. It depends only on the
//! values, not on white space or on how a number is printed. Unknown fields are refused. A change of
//! the format needs the next format number. Every number is read back as the same f64.

mod about;
mod checks;
mod content;
mod convergence;
mod feature;
mod file;
mod json;
mod layer;
mod options;
mod origin;
mod pipeline;
mod refusal;
mod svm;
mod verify;
mod verify_machine;
mod verify_pipeline;

pub use about::{About, LONGEST_NAME, Purpose, is_name};
pub use content::{Content, FORMAT, FeatureDistribution, GoldenAnswer, GoldenRow};
pub use convergence::{Convergence, Outcome};
pub use feature::{Category, Cell, Feature, FeatureKind, Rule};
pub use file::Artifact;
pub use layer::{Chain, Column, Function, Layer, Op, Part, Sum};
pub use options::{ClassWeights, Gamma, Method, TrainOptions};
pub use origin::{
    HeldOut, Import, ImportSource, LeftOut, MarginMetrics, Metrics, Origin, Reference, ScoreMetrics, Training,
    ValueMetrics,
};
pub use pipeline::{Calibrator, Decider, KernelMachine, LinearMachine, Output, Pipeline, PredictionKind, Predictor};
pub use refusal::ArtifactError;
pub(crate) use svm::class_pairs;
pub use svm::{ClassIndex, Pair, Svm, TwoClasses};
pub(crate) use verify::MOST_FEATURES;
