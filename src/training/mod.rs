//! Training: from rows whose classes are known to an artifact, and how good it is.
//!
//! The pipeline is libsvm's with probabilities, on smartcore's solver: scale, train a machine for
//! each class pair, calibrate it on five folds. It is fitted once on all rows, which is the model,
//! and once without each of five stratified folds, which tells how good such a model is.
//!
//! Only the command line comes in here: the function scores with an artifact, and imports nothing
//! of this room.

mod calibration;
mod card;
mod check;
mod cross_validation;
mod data;
mod distribution;
mod dual;
mod error;
mod evaluation;
mod folds;
mod golden;
mod gram;
mod import;
mod kernel;
mod lines;
mod metrics;
mod pair;
mod penalty;
mod pipeline;
mod progress;
mod scaling;
mod search;
mod side;
mod solver;
mod train;
mod workload;

pub use card::Card;
pub use cross_validation::{CrossValidation, cross_validate};
pub use data::{DataError, Dataset, Labelled, Row, Rows};
pub use error::TrainError;
pub use evaluation::{ClassQuality, Evaluation, ReliabilityBin, evaluate};
pub use import::{Foreign, ImportError, LibsvmNames, ReferenceRows, import};
pub use lines::{LineError, score_lines};
pub use progress::Progress;
pub use search::{Candidate, Grid, RankBy, best, search};
pub use train::{Trained, train, train_and_evaluate};
pub use workload::{Size, Workload};
