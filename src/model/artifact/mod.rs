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

mod content;
mod convergence;
mod file;
mod json;
mod options;
mod origin;
mod verify;

pub(crate) use content::class_pairs;
pub use content::{ClassIndex, Content, FeatureDistribution, GoldenRow, Pair, Svm};
pub use convergence::{Convergence, Outcome};
pub use file::Artifact;
pub use options::{ClassWeights, Gamma, TrainOptions};
pub use origin::{Import, ImportSource, Metrics, Origin, Reference, Training};
pub use verify::{ArtifactError, FORMAT};
