//! Training: from a [`Dataset`] to an [`Artifact`].
//!
//! The pipeline is libsvm's with probabilities, on smartcore's solver: scale, train a machine for
//! each class pair, calibrate it on five folds. It is fitted once on all rows, which is the model,
//! and once without each of five stratified folds, which tells how good such a model is.

mod convergence;
mod distribution;
mod dual;
mod folds;
mod golden;
mod gram;
mod metrics;
mod options;
mod pair;
mod pipeline;
mod solver;

use super::artifact::{Artifact, ArtifactError, Content, Training};
use super::data::Dataset;
use super::scorer::ScoreError;

pub use convergence::{Convergence, Outcome};
pub use distribution::FeatureDistribution;
pub use metrics::Metrics;
pub use options::{Gamma, TrainOptions};
pub(super) use solver::Side;

use folds::FOLDS;
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
pub fn train(
    data: &Dataset,
    options: &TrainOptions,
    mut progress: impl FnMut(Progress),
) -> Result<Artifact, TrainError> {
    options.check()?;
    let rows_per_class = rows_per_class(data)?;
    let mut meter = Meter::new(data.classes.len(), &mut progress);
    let all: Vec<usize> = (0..data.rows.len()).collect();
    let pipeline = Pipeline::train(data, &all, options, &mut meter)?;
    let held_out = held_out_metrics(data, options, &mut meter)?;
    let mut content = Content {
        label: data.label.clone(),
        features: data.features.clone(),
        classes: data.classes.clone(),
        svm: pipeline.svm,
        training: Training {
            data_sha256: data.sha256,
            rows: data.rows.len(),
            rows_per_class,
            options: *options,
            folds: FOLDS,
            convergence: pipeline.convergence,
            held_out,
        },
        distribution: distribution(data),
        golden: Vec::new(),
    };
    content.golden = golden::rows(data, &content)?;
    let artifact = Artifact::seal(content);
    artifact.verify()?;
    Ok(artifact)
}

/// With a single row of a class, the fold that tests it would train without the class.
fn rows_per_class(data: &Dataset) -> Result<Vec<usize>, TrainError> {
    let count = |class| data.labels.iter().filter(|&&label| label == class).count();
    let rows_per_class: Vec<usize> = (0..data.classes.len()).map(count).collect();
    match rows_per_class.iter().position(|&rows| rows < 2) {
        None => Ok(rows_per_class),
        Some(class) => Err(TrainError::RareClass { class: data.classes[class].clone(), rows: rows_per_class[class] }),
    }
}

fn held_out_metrics(data: &Dataset, options: &TrainOptions, meter: &mut Meter) -> Result<Metrics, TrainError> {
    let classes = data.classes.len();
    let mut predictions = vec![Vec::new(); data.rows.len()];
    for fold in folds::stratified_folds(&data.labels, classes, options.seed) {
        let pipeline = Pipeline::train(data, &fold.train, options, meter)?;
        let machine = pipeline.machine(classes);
        let rows: Vec<f64> = fold.test.iter().flat_map(|&row| &data.rows[row]).copied().collect();
        let mut probabilities = vec![0.0; fold.test.len() * classes];
        if let Some(first) = machine.scorer().score_rows(&rows, &mut probabilities)?.into_iter().next() {
            return Err(first.error.into());
        }
        for (row, probabilities) in fold.test.into_iter().zip(probabilities.chunks_exact(classes)) {
            predictions[row] = probabilities.to_vec();
        }
    }
    Ok(Metrics::of(&predictions, &data.labels))
}

fn distribution(data: &Dataset) -> Vec<FeatureDistribution> {
    (0..data.features.len())
        .map(|feature| data.rows.iter().map(|row| row[feature]).collect::<Vec<_>>())
        .map(|values| FeatureDistribution::of(&values))
        .collect()
}

/// Counts the machines trained.
struct Meter<'a> {
    progress: Progress,
    report: &'a mut dyn FnMut(Progress),
}

impl<'a> Meter<'a> {
    fn new(classes: usize, report: &'a mut dyn FnMut(Progress)) -> Self {
        let pairs = classes * (classes - 1) / 2;
        // A pair is trained once and once for each fold of its calibration; so is the pipeline.
        let total = (1 + FOLDS) * pairs * (1 + FOLDS);
        Self { progress: Progress { done: 0, total }, report }
    }

    fn tick(&mut self) {
        self.progress.done += 1;
        (self.report)(self.progress);
    }
}
