//! Predictions against the truth, in full: what `rowscore evaluate` and a model card show.

mod classes;
mod metrics;
mod ranking;
mod values;

use serde::Serialize;

use super::data::{Labelled, Row, Target};
use super::lines::{LineError, score_lines};
use crate::model::{ClassIndex, HeldOut, Model, PredictionKind};

pub use classes::{ClassBaseline, ClassDetails, ClassQuality, ReliabilityBin};
pub use ranking::{Quantiles, Ranking};
pub use values::{ScoreDetails, ValueBaseline, ValueDetails};

/// The quality of predictions. A predicted class is the one with the largest number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Number of rows.
    pub rows: usize,
    /// The scores that an artifact records.
    #[serde(flatten)]
    pub quality: HeldOut,
    /// The rest.
    #[serde(flatten)]
    pub details: Details,
}

/// What else is known of predictions, by what they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Details {
    /// Of classes.
    Classes(ClassDetails),
    /// Of numbers.
    Values(ValueDetails),
    /// Of scores.
    Scores(ScoreDetails),
}

/// What is known of rows.
#[derive(Clone, Copy, Debug)]
pub enum Truth<'a> {
    /// Their classes.
    Classes(&'a [ClassIndex]),
    /// The numbers that are predicted.
    Values(&'a [f64]),
    /// Nothing.
    Nothing,
}

impl Evaluation {
    /// Of outputs of this kind, a list for each row.
    pub(super) fn of(names: &[String], kind: PredictionKind, outputs: &[Vec<f64>], truth: Truth<'_>) -> Self {
        let firsts = || outputs.iter().map(|numbers| numbers[0]).collect::<Vec<_>>();
        let classes = |labels| {
            let (quality, details) = ClassDetails::of(names, kind, outputs, labels);
            (quality, Details::Classes(details))
        };
        let scores = |labels| {
            let (quality, details) = ScoreDetails::of(&firsts(), labels);
            (quality, Details::Scores(details))
        };
        let (quality, details) = match (kind, truth) {
            (PredictionKind::Score, Truth::Classes(labels)) => scores(Some(labels)),
            (_, Truth::Classes(labels)) => classes(labels),
            (_, Truth::Values(values)) => {
                let (quality, details) = ValueDetails::of(&firsts(), values);
                (quality, Details::Values(details))
            }
            (_, Truth::Nothing) => scores(None),
        };
        Self { rows: outputs.len(), quality, details }
    }

    /// The classes' details, if there are classes.
    #[must_use]
    pub fn classes(&self) -> Option<&ClassDetails> {
        match &self.details {
            Details::Classes(details) => Some(details),
            Details::Values(_) | Details::Scores(_) => None,
        }
    }

    /// The figures in a line, like `accuracy 0.9600, macro F1 0.9600`.
    #[must_use]
    pub fn headline(&self) -> String {
        headline(&self.quality)
    }
}

/// The figures in a line.
#[must_use]
pub fn headline(quality: &HeldOut) -> String {
    let figures = figures(quality);
    figures.iter().map(|(name, figure)| format!("{name} {figure:.4}")).collect::<Vec<_>>().join(", ")
}

/// The figures by their names.
#[must_use]
pub fn figures(quality: &HeldOut) -> Vec<(&'static str, f64)> {
    match quality {
        HeldOut::Probabilities(metrics) => vec![
            ("accuracy", metrics.accuracy),
            ("macro F1", metrics.macro_f1),
            ("log-loss", metrics.log_loss),
            ("Brier", metrics.brier),
            ("calibration error", metrics.calibration_error),
        ],
        HeldOut::Margins(metrics) => vec![("accuracy", metrics.accuracy), ("macro F1", metrics.macro_f1)],
        HeldOut::Values(metrics) => vec![
            ("R2", metrics.r2),
            ("mean absolute error", metrics.mean_absolute_error),
            ("root mean squared error", metrics.root_mean_squared_error),
        ],
        HeldOut::Scores(metrics) => vec![("share of outliers", metrics.outliers)],
    }
}

impl Target {
    pub(super) fn truth(&self) -> Truth<'_> {
        match self {
            Self::Classes { labels, .. } => Truth::Classes(labels),
            Self::Values(values) => Truth::Values(values),
            Self::Nothing => Truth::Nothing,
        }
    }
}

/// Scores rows whose classes are known.
///
/// # Errors
/// That of the first row without a prediction.
pub fn evaluate(model: &Model, data: &Labelled) -> Result<Evaluation, LineError> {
    evaluate_rows(model, &data.rows, Truth::Classes(&data.labels))
}

/// Scores rows of which `truth` is known.
///
/// # Errors
/// That of the first row without a prediction.
pub fn evaluate_rows(model: &Model, rows: &[Row], truth: Truth<'_>) -> Result<Evaluation, LineError> {
    let outputs = score_lines(model, &mut model.scorer(), rows)?;
    let outputs: Vec<Vec<f64>> = outputs.chunks_exact(model.outputs().width()).map(<[f64]>::to_vec).collect();
    Ok(Evaluation::of(model.classes(), model.outputs().kind, &outputs, truth))
}
