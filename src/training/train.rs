//! The whole of a training: from a [`Dataset`] to an [`Artifact`], and how good it is.

use super::cache::CACHE_BYTES;
use super::check::check;
use super::cross_validation;
use super::data::{Dataset, Target};
use super::distribution::distribution;
use super::error::TrainError;
use super::evaluation::{Evaluation, figures};
use super::fitted::{Fitted, Means};
use super::folds::FOLDS;
use super::golden::golden_rows;
use super::progress::{Meter, Progress};
use crate::model::{About, Artifact, Content, Origin, PredictionKind, TrainOptions, Training};

/// What the labels of a score are called.
const SIDES: [&str; 2] = ["inlier", "outlier"];

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
///
/// # Errors
/// As [`train`].
pub fn train_and_evaluate(
    data: &Dataset,
    options: &TrainOptions,
    mut progress: impl FnMut(Progress),
) -> Result<Trained, TrainError> {
    check(data, options)?;
    let mut meter = Meter::of(data, options, 1 + FOLDS, &mut progress);
    let all: Vec<usize> = (0..data.rows.len()).collect();
    let mut means = Means { cache_bytes: CACHE_BYTES, tick: &mut || meter.tick() };
    let fitted = Fitted::train(data, &all, options, &mut means)?;
    let held_out = cross_validation::run(data, options, &mut meter)?.evaluation;
    // Predictions may be further off than the labels are large. What is no number cannot be written.
    if let Target::Values(values) = &data.target
        && figures(&held_out.quality).iter().any(|(_, figure)| !figure.is_finite())
    {
        return Err(TrainError::label_too_large(values));
    }
    let mut content = Content {
        about: About::default(),
        label: data.label.clone(),
        features: data.features.clone(),
        classes: classes(data, options),
        predictor: fitted.predictor,
        origin: Origin::Trained(Training {
            data_sha256: data.sha256,
            rows: data.rows.len(),
            rows_per_class: rows_per_class(data),
            left_out: data.left_out.clone(),
            options: *options,
            folds: FOLDS,
            convergence: fitted.convergence,
            held_out: held_out.quality,
        }),
        distribution: distribution(&data.features, &data.rows),
        golden: Vec::new(),
    };
    content.golden = golden_rows(&data.rows, &content)?;
    let artifact = Artifact::seal(content);
    artifact.verify()?;
    Ok(Trained { artifact, held_out })
}

/// What a prediction may mean.
fn classes(data: &Dataset, options: &TrainOptions) -> Vec<String> {
    match options.method.gives() {
        PredictionKind::Score => SIDES.map(str::to_owned).to_vec(),
        PredictionKind::Probabilities | PredictionKind::Margins | PredictionKind::Value => data.classes().to_vec(),
    }
}

/// All rows that one class is learnt from are of it.
fn rows_per_class(data: &Dataset) -> Vec<usize> {
    match data.target {
        Target::Nothing => vec![data.rows.len(), 0],
        Target::Classes { .. } | Target::Values(_) => data.rows_per_class(),
    }
}
