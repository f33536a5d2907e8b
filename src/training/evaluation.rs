//! Predictions against the true classes, in full: what `rowscore evaluate` and a model card show.

use serde::Serialize;

use super::data::Labelled;
use super::lines::{LineError, score_lines};
use super::metrics::{BINS, argmax, bin, f1, indicator};
use crate::model::{ClassIndex, Metrics, Model};

/// The quality of predictions. The predicted class is the one with the largest probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// Number of rows.
    pub rows: usize,
    /// The scores.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// One entry per class.
    pub classes: Vec<ClassQuality>,
    /// Number of rows, true class × predicted class.
    pub confusion: Vec<Vec<usize>>,
    /// The rows in ten bins, by the probability of the predicted class. Empty bins are left out.
    pub reliability: Vec<ReliabilityBin>,
}

/// How well one class is predicted. A share of no rows is 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassQuality {
    /// Name of the class.
    pub class: String,
    /// Rows that are of the class.
    pub rows: usize,
    /// Of the rows that are predicted as the class, the share that is right.
    pub precision: f64,
    /// Of the rows of the class, the share that is predicted as it.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

/// The rows whose predicted class has a probability in one tenth of the range from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityBin {
    /// Number of rows.
    pub rows: usize,
    /// Mean probability of the predicted class.
    pub confidence: f64,
    /// Share of rows whose predicted class is the true one.
    pub accuracy: f64,
}

impl Evaluation {
    /// Of `predictions`, one probability per class, for rows of the classes `labels`.
    pub(super) fn of(classes: &[String], predictions: &[Vec<f64>], labels: &[ClassIndex]) -> Self {
        let predicted: Vec<ClassIndex> = predictions.iter().map(|p| argmax(p)).collect();
        let mut confusion = vec![vec![0; classes.len()]; classes.len()];
        for (&label, &predicted) in labels.iter().zip(&predicted) {
            confusion[label][predicted] += 1;
        }
        let quality = |(class, name): (ClassIndex, &String)| {
            let rows: usize = confusion[class].iter().sum();
            let hits = confusion[class][class];
            ClassQuality {
                class: name.clone(),
                rows,
                precision: share(hits, confusion.iter().map(|row| row[class]).sum()),
                recall: share(hits, rows),
                f1: f1(class, &predicted, labels),
            }
        };
        Self {
            rows: labels.len(),
            metrics: Metrics::of(predictions, labels),
            classes: classes.iter().enumerate().map(quality).collect(),
            reliability: reliability(predictions, &predicted, labels),
            confusion,
        }
    }
}

/// Scores rows whose classes are known.
pub fn evaluate(model: &Model, data: &Labelled) -> Result<Evaluation, LineError> {
    let probabilities = score_lines(model, &mut model.scorer(), &data.rows)?;
    let predictions: Vec<Vec<f64>> = probabilities.chunks_exact(model.classes().len()).map(<[f64]>::to_vec).collect();
    Ok(Evaluation::of(model.classes(), &predictions, &data.labels))
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn reliability(predictions: &[Vec<f64>], predicted: &[ClassIndex], labels: &[ClassIndex]) -> Vec<ReliabilityBin> {
    // Sums until the division below.
    let mut bins = [ReliabilityBin { rows: 0, confidence: 0.0, accuracy: 0.0 }; BINS];
    for ((p, &class), &label) in predictions.iter().zip(predicted).zip(labels) {
        let bin = &mut bins[bin(p[class])];
        bin.rows += 1;
        bin.confidence += p[class];
        bin.accuracy += indicator(class == label);
    }
    let filled = bins.into_iter().filter(|bin| bin.rows > 0);
    filled
        .map(|ReliabilityBin { rows, confidence, accuracy }| ReliabilityBin {
            rows,
            confidence: confidence / rows as f64,
            accuracy: accuracy / rows as f64,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_recall_and_confusion_are_those_computed_by_hand() {
        let classes = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let predictions = [vec![0.7, 0.2, 0.1], vec![0.6, 0.3, 0.1], vec![0.2, 0.7, 0.1]];
        let evaluation = Evaluation::of(&classes, &predictions, &[0, 1, 1]);
        assert_eq!(evaluation.confusion, [[1, 0, 0], [1, 1, 0], [0, 0, 0]]);
        let shares: Vec<_> = evaluation.classes.iter().map(|c| (c.rows, c.precision, c.recall)).collect();
        assert_eq!(shares, [(1, 0.5, 1.0), (2, 1.0, 0.5), (0, 0.0, 0.0)]);
        assert_eq!(evaluation.reliability.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(evaluation.reliability[1].confidence, 0.7);
    }
}
