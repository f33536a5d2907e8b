//! Held-out predictions: each row is predicted by what was fitted without its fold.

use super::cache::CACHE_BYTES;
use super::check::check;
use super::data::{Dataset, Target};
use super::error::TrainError;
use super::evaluation::Evaluation;
use super::fitted::{Fitted, Means};
use super::folds::{FOLDS, Fold, stratified_folds};
use super::parallel::{in_parallel, threads};
use super::progress::{Meter, Progress};
use crate::model::{Compiled, Convergence, Method, TrainOptions};

/// The outcome of a stratified cross-validation on five folds.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    /// The fold that each row was tested in, from 0.
    pub folds: Vec<usize>,
    /// For each row its prediction, from what was trained without its fold.
    pub predictions: Vec<Vec<f64>>,
    /// How good the predictions are.
    pub evaluation: Evaluation,
    /// The worst of all solutions.
    pub convergence: Convergence,
}

/// Trains and tests everything that is fitted, from the filling of gaps on, on five stratified folds of `data`. The
/// seed decides which row is in which fold.
///
/// # Errors
/// As [`train`](super::train()).
pub fn cross_validate(
    data: &Dataset,
    options: &TrainOptions,
    mut progress: impl FnMut(Progress),
) -> Result<CrossValidation, TrainError> {
    check(data, options)?;
    run(data, options, &mut Meter::of(data, options, FOLDS, &mut progress))
}

pub(super) fn run(data: &Dataset, options: &TrainOptions, meter: &mut Meter) -> Result<CrossValidation, TrainError> {
    let folds = folds(data, options.seed);
    let kind = options.method.gives();
    let mut predictions = vec![Vec::new(); data.rows.len()];
    let mut fold_of = vec![0; data.rows.len()];
    let mut convergence = Convergence::BEST;
    for (number, (fold, fitted)) in folds.iter().zip(fit(data, &folds, options, meter)).enumerate() {
        let Fitted { predictor, convergence: of_fold } = fitted?;
        convergence = convergence.worst(of_fold);
        let compiled = Compiled::of(&predictor, data.features.len(), data.classes().len());
        let rows: Vec<f64> = fold.test.iter().flat_map(|&row| &data.rows[row]).copied().collect();
        let width = kind.width(data.classes().len());
        let mut outputs = vec![0.0; fold.test.len() * width];
        if let Some(first) = compiled.scorer().score_rows(&rows, &mut outputs)?.into_iter().next() {
            return Err(first.error.into());
        }
        for (&row, outputs) in fold.test.iter().zip(outputs.chunks_exact(width)) {
            predictions[row] = outputs.to_vec();
            fold_of[row] = number;
        }
    }
    let evaluation = Evaluation::of(data.classes(), kind, &predictions, data.target.truth());
    Ok(CrossValidation { folds: fold_of, predictions, evaluation, convergence })
}

/// Where there are no classes, all rows are of one.
fn folds(data: &Dataset, seed: u32) -> Vec<Fold> {
    match &data.target {
        Target::Classes { names, labels } => stratified_folds(labels, names.len(), seed),
        Target::Values(_) | Target::Nothing => stratified_folds(&vec![0; data.rows.len()], 1, seed),
    }
}

/// What is fitted without each fold. The machines of class pairs are many, and share out the cores among
/// themselves; of the others there is one for each fold.
fn fit(data: &Dataset, folds: &[Fold], options: &TrainOptions, meter: &mut Meter) -> Vec<Result<Fitted, TrainError>> {
    if options.method == Method::Svc {
        let mut means = Means { cache_bytes: CACHE_BYTES, tick: &mut || meter.tick() };
        return folds.iter().map(|fold| Fitted::train(data, &fold.train, options, &mut means)).collect();
    }
    let threads = threads(folds.len());
    let train = |fold: &Fold| {
        let mut means = Means { cache_bytes: CACHE_BYTES / threads, tick: &mut || () };
        Fitted::train(data, &fold.train, options, &mut means)
    };
    in_parallel(folds, threads, train, || meter.tick())
}
