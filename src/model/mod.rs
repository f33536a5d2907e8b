//! The model: the artifact, and scoring with it. [`training`](crate::training) makes artifacts.
//!
//! ```text
//!  in `training`                                     here
//!
//! CSV ── Dataset                                    values
//!           │                                        │ encoder: a number each; a gap is NaN
//!           │ preparation                            │ layers: columns made of columns
//!           │ machines                               │ machine: scale, K(row, each vector), decision values
//!           │ sigmoids, on 5 folds                   │ ending: probabilities, margins, a value or a score
//!           ▼                                        │ mean over the pipelines, where there are several
//!        Artifact ── JSON ── build ── embedded() ──► Scorer ──► outputs
//! ```
//!
//! The method for classes is that of libsvm and of scikit-learn's `SVC(probability=True)`: one binary support
//! vector machine per class pair, Platt's sigmoid fitted on cross-validated decision values (Lin,
//! Lin and Weng 2007), and pairwise coupling (Wu, Lin and Weng 2004, second method). A model of numbers only has
//! no layers, and is scored straight from the rows.
//!
//! The same row and the same model give the same bits in any process, on any processor. The same
//! data and the same options give the same model.

mod artifact;
mod batch;
mod columns;
mod compiled;
mod coupling;
mod digest;
mod encoder;
mod ending;
mod error;
mod exp;
mod explain;
mod kernel;
mod lanes;
mod layers;
mod loaded;
mod machine;
mod mean;
mod member;
pub(crate) mod memory;
mod moment;
mod outputs;
mod platt;
mod scaler;
mod scorer;
mod shared;
mod written;

use std::sync::LazyLock;

pub use artifact::{
    About, Artifact, ArtifactError, Calibrator, Category, Cell, Chain, ClassIndex, ClassWeights, Column, Content,
    Convergence, Decider, FORMAT, Feature, FeatureDistribution, FeatureKind, Function, Gamma, GoldenAnswer, GoldenRow,
    HeldOut, Import, ImportSource, KernelMachine, LONGEST_NAME, Layer, LeftOut, LinearMachine, MarginMetrics, Method,
    Metrics, Op, Origin, Outcome, Output, Pair, Part, Pipeline, PredictionKind, Predictor, Purpose, Reference, Rule,
    ScoreMetrics, Sum, Svm, TrainOptions, Training, TwoClasses, ValueMetrics, is_name,
};
pub(crate) use artifact::{MOST_FEATURES, class_pairs};
pub(crate) use compiled::Compiled;
pub use digest::{Digest, ModelVersion, ShownVersion};
pub use encoder::{Encoder, Odd, Texts};
pub use error::{GoldenError, ScoreError, Unscored};
pub(crate) use exp::exp;
pub use explain::{Contribution, Contributions, Explanation, Neighbour, PairMargin, explain};
pub use kernel::Kernel;
pub use lanes::InstructionSet;
pub(crate) use lanes::{LANES, Lanes, Vectorised};
pub(crate) use layers::columns;
pub use loaded::Model;
pub(crate) use moment::part;
pub use outputs::Outputs;
pub use platt::Sigmoid;
pub use scaler::Scaler;
pub use scorer::Scorer;
pub use shared::SharedModel;
pub use written::{class_called, is_gap, truth};

/// The model that the build embedded in the program: `model/iris.json`, or the file that the
/// environment variable `MODEL_FILE` named at that time.
///
/// # Errors
/// When that file is not an intact artifact of this build's format. The build checks only that
/// the file exists.
pub fn embedded() -> Result<&'static Model, &'static ArtifactError> {
    static MODEL: LazyLock<Result<Model, ArtifactError>> =
        LazyLock::new(|| Model::from_json(include_bytes!(env!("ROWSCORE_MODEL"))));
    MODEL.as_ref()
}
