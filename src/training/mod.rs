//! Training: from rows of which is known what is to be predicted to an artifact, and how good it is.
//!
//! What is fitted to rows is the whole of it: what fills gaps and takes categories apart (`preparation`), the
//! scaler, and a machine (`pairs`, `kernel_machines`, `linear_machines`). Class pairs are libsvm's with
//! probabilities, with a solver like its own: a machine for each pair, calibrated on five folds. Fitted on all
//! rows, it is the model. Fitted five times more, each time without one of five folds, it shows how good such a
//! model is.
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
mod fitted;
mod folds;
mod golden;
mod import;
mod kernel;
mod kernel_machines;
mod linear;
mod linear_machines;
mod lines;
mod magnitude;
mod pair;
mod pairs;
mod parallel;
mod penalty;
mod preparation;
mod progress;
mod scaling;
mod search;
mod shared_vectors;
mod side;
mod solver;
mod train;
mod variable;
mod workload;

pub use card::Card;
pub use cross_validation::{CrossValidation, cross_validate};
pub use data::{
    BadField, Clash, CsvFormat, DataError, Dataset, Decimal, Encoding, Gaps, Labelled, Reading, Remedy, Row, Rows,
    Task, Which,
};
pub use error::TrainError;
pub use evaluation::{
    ClassBaseline, ClassDetails, ClassQuality, Details, Evaluation, Quantiles, Ranking, ReliabilityBin, ScoreDetails,
    Truth, ValueBaseline, ValueDetails, evaluate, evaluate_rows, figures, headline,
};
pub use import::{Foreign, ImportError, LibsvmNames, LibsvmScaling, Order, ReferenceRows, import};
pub use lines::{LineError, score_lines};
pub use progress::Progress;
pub use search::{Candidate, Grid, RankBy, best, search};
pub use train::{Trained, train, train_and_evaluate};
pub use workload::{Size, Workload};
