//! The whole of a training: from a [`Dataset`] to an [`Artifact`], and how good it is.

use super::check::check;
use super::cross_validation;
use super::data::Dataset;
use super::distribution::distribution;
use super::error::TrainError;
use super::evaluation::Evaluation;
use super::folds::FOLDS;
use super::golden::golden_rows;
use super::pipeline::Pipeline;
use super::progress::{Meter, Progress};
use crate::model::{Artifact, Content, Feature, Origin, Predictor, TrainOptions, Training};

/// Trains a model on all of `data`. `progress` is called after each machine.
///
/// The same bytes of data and the same options give the same model, to the bit. If the solver does
/// not reach the tolerance, the model is returned nevertheless, and its
/// [`Convergence`](Training::convergence) says so.
///
/// # Errors
/// When an option is out of range, a class has one row only, or the numbers overflow.
pub fn train(data: &Dataset, options: &TrainOptions, progress: impl FnMut(Progress)) -> Result<Artifact, TrainError> {
    Ok(train_and_evaluate(data, options, progress)?.artifact)
}

/// A trained model, and how good such a model is on rows that it has not seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The model.
    pub artifact: Artifact,
    /// Its quality on held-out folds.
    pub held_out: Evaluation,
}

/// As [`train`], with the whole evaluation on held-out folds.
pub fn train_and_evaluate(
    data: &Dataset,
    options: &TrainOptions,
    mut progress: impl FnMut(Progress),
) -> Result<Trained, TrainError> {
    check(data, options)?;
    let mut meter = Meter::new(data.classes.len(), 1 + FOLDS, &mut progress);
    let all: Vec<usize> = (0..data.rows.len()).collect();
    let pipeline = Pipeline::train(data, &all, options, &mut meter)?;
    let held_out = cross_validation::run(data, options, &mut meter)?.evaluation;
    let mut content = Content {
        label: data.label.clone(),
        features: data.features.iter().map(Feature::number).collect(),
        classes: data.classes.clone(),
        predictor: Predictor::Svm(pipeline.svm),
        origin: Origin::Trained(Training {
            data_sha256: data.sha256,
            rows: data.rows.len(),
            rows_per_class: data.rows_per_class(),
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
