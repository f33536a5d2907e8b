//! The model: training, the artifact, and scoring.
//!
//! ```text
//! training                                          scoring
//!
//! CSV ── Dataset                                    row
//!           │                                        │ scale
//!           │ scale                                  │ K(row, each support vector)
//!           │ one SVC per class pair (smartcore)     │ decision value of each class pair
//!           │ a sigmoid per pair, on 5 folds         │ probability of each class pair
//!           ▼                                        │ pairwise coupling
//!        Artifact ── JSON ── build ── embedded() ──► Scorer ──► probability of each class
//! ```
//!
//! The method is libsvm's, as scikit-learn's `SVC(probability=True)` has it: one binary support
//! vector machine per class pair, Platt's sigmoid fitted on cross-validated decision values (Lin,
//! Lin and Weng 2007), and pairwise coupling (Wu, Lin and Weng 2004, second method). The solver is
//! smartcore's; what smartcore does not have is here: a model that can be stored, the calibration,
//! the coupling, and the check that a solution is one.
//!
//! The same row and the same model give the same bits in any process, on any processor; so do the
//! same data and the same options in training.

mod artifact;
mod batch;
mod card;
mod coupling;
mod data;
mod digest;
mod exp;
mod explain;
mod import;
mod kernel;
mod lanes;
mod lines;
mod machine;
mod platt;
mod scaler;
mod scorer;
mod train;

use std::sync::LazyLock;

pub use artifact::{
    Artifact, ArtifactError, Content, FORMAT, GoldenRow, Import, ImportSource, Origin, Pair, Reference, Svm, Training,
};
pub use card::Card;
pub use data::{ClassIndex, DataError, Dataset, Labelled, Row, Rows};
pub use digest::{Digest, ModelVersion, ShownVersion};
pub use explain::{Explanation, Neighbour, PairMargin, explain};
pub use import::{Foreign, ImportError, LibsvmNames, ReferenceRows, import};
pub use kernel::Kernel;
pub use lanes::InstructionSet;
pub use lines::{LineError, score_lines};
pub use platt::Sigmoid;
pub use scaler::Scaler;
pub use scorer::{GoldenError, Model, ScoreError, Scorer, Unscored};
pub use train::{
    Candidate, ClassQuality, ClassWeights, Convergence, CrossValidation, Evaluation, FeatureDistribution, Gamma, Grid,
    Metrics, Outcome, Progress, RankBy, ReliabilityBin, Size, TrainError, TrainOptions, Trained, Workload, best,
    cross_validate, evaluate, search, train, train_and_evaluate,
};

/// The model that was embedded when the program was built: `model/iris.json`, or the file that the
/// environment variable `MODEL_FILE` named then.
///
/// # Errors
/// When that file is not an intact artifact of this build's format. The build looks only whether
/// it is there.
pub fn embedded() -> Result<&'static Model, &'static ArtifactError> {
    static MODEL: LazyLock<Result<Model, ArtifactError>> =
        LazyLock::new(|| Model::from_json(include_bytes!(env!("ROWSCORE_MODEL"))));
    MODEL.as_ref()
}
