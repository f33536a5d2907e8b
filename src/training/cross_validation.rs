//! Held-out predictions: each row is predicted by a pipeline that was trained without its fold.

use super::check::check;
use super::data::Dataset;
use super::error::TrainError;
use super::evaluation::Evaluation;
use super::folds::{FOLDS, stratified_folds};
use super::pipeline::Pipeline;
use super::progress::{Meter, Progress};
use crate::model::{Convergence, TrainOptions};

/// The outcome of a stratified cross-validation on five folds.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    /// The fold that each row was tested in, from 0.
    pub folds: Vec<usize>,
    /// For each row the probability of each class, from the pipeline that was trained without its
    /// fold.
    pub predictions: Vec<Vec<f64>>,
    /// How good the predictions are.
    pub evaluation: Evaluation,
    /// The worst of all solutions.
    pub convergence: Convergence,
}

/// Trains and tests the whole pipeline, scaling included, on five stratified folds of `data`. The seed
/// decides which row is in which fold.
pub fn cross_validate(
    data: &Dataset,
    options: &TrainOptions,
    mut progress: impl FnMut(Progress),
) -> Result<CrossValidation, TrainError> {
    check(data, options)?;
    run(data, options, &mut Meter::new(data.classes.len(), FOLDS, &mut progress))
}

pub(super) fn run(data: &Dataset, options: &TrainOptions, meter: &mut Meter) -> Result<CrossValidation, TrainError> {
    let classes = data.classes.len();
    let mut predictions = vec![Vec::new(); data.rows.len()];
    let mut folds = vec![0; data.rows.len()];
    let mut convergence = Convergence::BEST;
    for (number, fold) in stratified_folds(&data.labels, classes, options.seed).into_iter().enumerate() {
        let pipeline = Pipeline::train(data, &fold.train, options, meter)?;
        convergence = convergence.worst(pipeline.convergence);
        let compiled = pipeline.compiled(classes);
        let rows: Vec<f64> = fold.test.iter().flat_map(|&row| &data.rows[row]).copied().collect();
        let mut probabilities = vec![0.0; fold.test.len() * classes];
        if let Some(first) = compiled.scorer().score_rows(&rows, &mut probabilities)?.into_iter().next() {
            return Err(first.error.into());
        }
        for (row, probabilities) in fold.test.into_iter().zip(probabilities.chunks_exact(classes)) {
            predictions[row] = probabilities.to_vec();
            folds[row] = number;
        }
    }
    let evaluation = Evaluation::of(&data.classes, &predictions, &data.labels);
    Ok(CrossValidation { folds, predictions, evaluation, convergence })
}
