//! Training: from rows whose classes are known to an artifact, and how good it is.
//!
//! The pipeline is the one of libsvm with probabilities, with a solver like its own: scale, train a
//! machine for each class pair, calibrate it on five folds. Fitted on all rows, it is the model. Fitted five
//! times more, each time without one of five stratified folds, it shows how good such a model is.
//!
//! Only the command line uses this room. The function only scores with an artifact.

mod blocks;
mod cache;
mod calibration;
mod card;
mod check;
mod choice;
mod cross_validation;
mod data;
mod distribution;
mod dual;
mod error;
mod evaluation;
mod folds;
mod golden;
mod import;
mod kernel;
mod lines;
mod magnitude;
mod metrics;
mod pair;
mod parallel;
mod penalty;
mod pipeline;
mod progress;
mod scaling;
mod search;
mod shared_vectors;
mod side;
mod solver;
mod train;
mod workload;

pub use card::Card;
pub use cross_validation::{CrossValidation, cross_validate};
pub use data::{DataError, Dataset, Labelled, Row, Rows};
pub use error::TrainError;
pub use evaluation::{ClassQuality, Evaluation, ReliabilityBin, evaluate};
pub use import::{Foreign, ImportError, LibsvmNames, LibsvmScaling, Order, ReferenceRows, import};
pub use lines::{LineError, score_lines};
pub use progress::Progress;
pub use search::{Candidate, Grid, RankBy, best, search};
pub use train::{Trained, train, train_and_evaluate};
pub use workload::{Size, Workload};
