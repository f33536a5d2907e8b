//! Training: from a [`Dataset`] to an [`Artifact`].
//!
//! The pipeline is libsvm's with probabilities, on smartcore's solver: scale, train a machine for
//! each class pair, calibrate it on five folds. It is fitted once on all rows, which is the model,
//! and once without each of five stratified folds, which tells how good such a model is.

mod convergence;
mod cross_validation;
mod distribution;
mod dual;
mod evaluation;
mod folds;
mod golden;
mod gram;
mod metrics;
mod options;
mod pair;
mod penalty;
mod pipeline;
mod search;
mod solver;
mod workload;

use super::artifact::{Artifact, ArtifactError, Content, Origin, Training};
use super::data::Dataset;
use super::scorer::ScoreError;

pub use convergence::{Convergence, Outcome};
pub use cross_validation::{CrossValidation, cross_validate};
pub use distribution::FeatureDistribution;
pub use evaluation::{ClassQuality, Evaluation, ReliabilityBin, evaluate};
pub(super) use golden::golden_rows;
pub use metrics::Metrics;
pub use options::{Gamma, TrainOptions};
pub use penalty::ClassWeights;
pub use search::{Candidate, Grid, RankBy, best, search};
pub(super) use solver::Side;
pub use workload::{Size, Workload};

use folds::FOLDS;
use gram::MAX_ROWS;
use pipeline::Pipeline;

/// How far a training is, in machines trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Machines trained so far.
    pub done: usize,
    /// Machines to train in all.
    pub total: usize,
}

/// Why a training failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// An option is out of range.
    #[error("the {what} is out of range")]
    Option {
        /// Which option.
        what: &'static str,
    },
    /// A class is too rare to be both trained on and tested.
    #[error("class `{class}` has {rows} row, at least 2 are needed")]
    RareClass {
        /// Name of the class.
        class: String,
        /// Number of its rows.
        rows: usize,
    },
    /// A class pair is larger than the solver is meant for.
    #[error("two classes have {rows} rows together; the solver takes at most {most}")]
    TooManyRows {
        /// Rows of the pair.
        rows: usize,
        /// The most.
        most: usize,
    },
    /// A feature's values are so large that their mean or deviation overflows.
    #[error("the values of feature `{feature}` are too large")]
    FeatureTooLarge {
        /// Name of the feature.
        feature: String,
    },
    /// The solver's arithmetic would not hold.
    #[error(
        "kernel values up to {largest:e} are too large for this C and number of rows; a smaller gamma, degree or C helps"
    )]
    KernelTooLarge {
        /// The largest.
        largest: f64,
    },
    /// smartcore's solver failed.
    #[error("the solver failed: {0}")]
    Solver(#[from] smartcore::error::Failed),
    /// smartcore's machine cannot be read.
    #[error("the solver's result cannot be read: {0}")]
    Result(#[from] serde_json::Error),
    /// The new model cannot score its own training rows.
    #[error("the model cannot score its own training rows: {0}")]
    Score(#[from] ScoreError),
    /// The new model is not a valid one.
    #[error("the model is not valid: {0}")]
    Artifact(#[from] ArtifactError),
}

/// Trains a model on all of `data`. `progress` is called after each machine.
///
/// The result depends on the data's bytes and the options only, to the bit. When the solver does
/// not reach the tolerance the model is returned all the same, and its
/// [`Convergence`](Training::convergence) says so.
///
/// # Errors
/// When an option is out of range, a class has one row only, or the numbers overflow.
pub fn train(data: &Dataset, options: &TrainOptions, progress: impl FnMut(Progress)) -> Result<Artifact, TrainError> {
    Ok(train_and_evaluate(data, options, progress)?.artifact)
}

/// A trained model, and how good such a model is on rows it has not seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The model.
    pub artifact: Artifact,
    /// Its quality on held-out folds.
    pub held_out: Evaluation,
}

/// As [`train`], with the whole evaluation on held-out folds.
///
/// # Errors
/// As [`train`].
pub fn train_and_evaluate(
    data: &Dataset,
    options: &TrainOptions,
    mut progress: impl FnMut(Progress),
) -> Result<Trained, TrainError> {
    prepare(data, options)?;
    let mut meter = Meter::new(data.classes.len(), 1 + FOLDS, &mut progress);
    let all: Vec<usize> = (0..data.rows.len()).collect();
    let pipeline = Pipeline::train(data, &all, options, &mut meter)?;
    let held_out = cross_validation::run(data, options, &mut meter)?.evaluation;
    let mut content = Content {
        label: data.label.clone(),
        features: data.features.clone(),
        classes: data.classes.clone(),
        svm: pipeline.svm,
        origin: Origin::Trained(Training {
            data_sha256: data.sha256,
            rows: data.rows.len(),
            rows_per_class: rows_per_class(data),
            options: *options,
            folds: FOLDS,
            convergence: pipeline.convergence,
            held_out: held_out.metrics,
        }),
        distribution: distribution(&data.rows),
        golden: Vec::new(),
    };
    content.golden = golden_rows(&data.rows, &content)?;
    let artifact = Artifact::seal(content);
    artifact.verify()?;
    Ok(Trained { artifact, held_out })
}

/// What can be said before the work begins.
fn prepare(data: &Dataset, options: &TrainOptions) -> Result<(), TrainError> {
    options.check()?;
    // With a single row of a class, the fold that tests it would train without the class.
    if let Some((class, &rows)) = rows_per_class(data).iter().enumerate().find(|(_, rows)| **rows < 2) {
        return Err(TrainError::RareClass { class: data.classes[class].clone(), rows });
    }
    let Workload { largest_pair: rows, .. } = Workload::of(data);
    if rows > MAX_ROWS {
        return Err(TrainError::TooManyRows { rows, most: MAX_ROWS });
    }
    Ok(())
}

fn rows_per_class(data: &Dataset) -> Vec<usize> {
    let count = |class| data.labels.iter().filter(|&&label| label == class).count();
    (0..data.classes.len()).map(count).collect()
}

/// The distribution of each feature over `rows`, at least one.
pub(super) fn distribution(rows: &[Vec<f64>]) -> Vec<FeatureDistribution> {
    (0..rows[0].len())
        .map(|feature| rows.iter().map(|row| row[feature]).collect::<Vec<_>>())
        .map(|values| FeatureDistribution::of(&values))
        .collect()
}

/// Counts the machines trained.
struct Meter<'a> {
    progress: Progress,
    report: &'a mut dyn FnMut(Progress),
}

impl<'a> Meter<'a> {
    fn new(classes: usize, pipelines: usize, report: &'a mut dyn FnMut(Progress)) -> Self {
        let pairs = classes * (classes - 1) / 2;
        // A pair is trained once and once for each fold of its calibration.
        let total = pipelines * pairs * (1 + FOLDS);
        Self { progress: Progress { done: 0, total }, report }
    }

    fn tick(&mut self) {
        self.progress.done += 1;
        (self.report)(self.progress);
    }
}
