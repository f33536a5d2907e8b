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
//! The version is the SHA-256 digest of the content in a canonical form. It depends only on the
//! values, not on white space or on how a number is printed. Unknown fields are refused. A change of
//! the format needs the next format number. Every number is read back as the same f64.

mod content;
mod convergence;
mod file;
mod json;
mod options;
mod origin;
mod verify;

pub(crate) use content::class_pairs;
pub use content::{ClassIndex, Content, FeatureDistribution, GoldenRow, Pair, Svm, TwoClasses};
pub use convergence::{Convergence, Outcome};
pub use file::Artifact;
pub use options::{ClassWeights, Gamma, TrainOptions};
pub use origin::{Import, ImportSource, Metrics, Origin, Reference, Training};
pub use verify::{ArtifactError, FORMAT};
