//! Predicted classes against the true ones.

use serde::Serialize;

use super::metrics::{BINS, argmax, bin, f1, indicator, mean};
use super::ranking::Ranking;
use crate::model::{ClassIndex, HeldOut, MarginMetrics, Metrics, PredictionKind};

/// How well classes are told apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassDetails {
    /// What is reached without looking at a row.
    pub baseline: ClassBaseline,
    /// Of two classes: how well the rows are sorted by them.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<Ranking>,
    /// One entry per class.
    pub classes: Vec<ClassQuality>,
    /// Number of rows, true class × predicted class.
    pub confusion: Vec<Vec<usize>>,
    /// The rows in ten bins, by the probability of the predicted class. Empty bins are left out, and margins
    /// have none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reliability: Vec<ReliabilityBin>,
}

/// What is reached by who always predicts the most frequent class, and gives each class the share that it has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassBaseline {
    /// Share of the most frequent class.
    pub accuracy: f64,
    /// Log-loss of the shares.
    pub log_loss: f64,
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

impl ClassDetails {
    /// Of outputs of this kind, one number per class, for rows of the classes `labels`, with what an artifact
    /// records of it.
    pub(super) fn of(
        names: &[String],
        kind: PredictionKind,
        outputs: &[Vec<f64>],
        labels: &[ClassIndex],
    ) -> (HeldOut, Self) {
        let predicted: Vec<ClassIndex> = outputs.iter().map(|numbers| argmax(numbers)).collect();
        let mut confusion = vec![vec![0; names.len()]; names.len()];
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
        let classes: Vec<ClassQuality> = names.iter().enumerate().map(quality).collect();
        let (held_out, reliability) = match kind {
            PredictionKind::Probabilities => {
                (HeldOut::Probabilities(Metrics::of(outputs, labels)), reliability(outputs, &predicted, labels))
            }
            PredictionKind::Margins | PredictionKind::Value | PredictionKind::Score => {
                let accuracy = mean(predicted.iter().zip(labels).map(|(p, l)| indicator(p == l)));
                let macro_f1 = mean(classes.iter().map(|class| class.f1));
                (HeldOut::Margins(MarginMetrics { accuracy, macro_f1 }), Vec::new())
            }
        };
        let of_second = |numbers: &Vec<f64>| numbers[1];
        let ranking = || Ranking::of(outputs.iter().map(of_second).zip(labels.iter().map(|&label| label == 1)));
        let ranking = if names.len() == 2 { ranking() } else { None };
        (
            held_out,
            Self { baseline: ClassBaseline::of(&classes, labels.len()), ranking, classes, confusion, reliability },
        )
    }
}

impl ClassBaseline {
    fn of(classes: &[ClassQuality], rows: usize) -> Self {
        let shares = classes.iter().map(|class| share(class.rows, rows));
        Self {
            accuracy: shares.clone().fold(0.0, f64::max),
            log_loss: shares.filter(|share| *share > 0.0).fold(0.0, |sum, share| sum - share * libm::log(share)),
        }
    }
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
        let (_, found) = ClassDetails::of(&classes, PredictionKind::Probabilities, &predictions, &[0, 1, 1]);
        assert_eq!(found.confusion, [[1, 0, 0], [1, 1, 0], [0, 0, 0]]);
        let shares: Vec<_> = found.classes.iter().map(|c| (c.rows, c.precision, c.recall)).collect();
        assert_eq!(shares, [(1, 0.5, 1.0), (2, 1.0, 0.5), (0, 0.0, 0.0)]);
        assert_eq!(found.reliability.iter().map(|bin| bin.rows).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(found.reliability[1].confidence, 0.7);
        assert_eq!(found.baseline.accuracy, 2.0 / 3.0);
        assert!((found.baseline.log_loss - (libm::log(3.0) - 2.0 / 3.0 * libm::log(2.0))).abs() < 1e-15);
        assert_eq!(found.ranking, None);
    }

    #[test]
    fn margins_have_no_probabilities_to_judge() {
        let classes = ["a".to_owned(), "b".to_owned()];
        let margins = [vec![-1.0, 1.0], vec![2.0, -2.0], vec![-0.5, 0.5]];
        let (held_out, found) = ClassDetails::of(&classes, PredictionKind::Margins, &margins, &[1, 0, 0]);
        let HeldOut::Margins(metrics) = held_out else { panic!("{held_out:?}") };
        assert_eq!((metrics.accuracy, found.reliability.len()), (2.0 / 3.0, 0));
        assert_eq!(found.ranking.unwrap().roc_auc, 1.0);
    }
}
