//! Quality of predictions on rows that the model has not seen.

use crate::model::{ClassIndex, Metrics};

/// Bins of the calibration error, the usual number.
pub(super) const BINS: usize = 10;

impl Metrics {
    /// Of `predictions`, one probability per class, for rows of the classes `labels`.
    pub(super) fn of(predictions: &[Vec<f64>], labels: &[ClassIndex]) -> Self {
        let classes = predictions.first().map_or(0, Vec::len);
        let predicted: Vec<ClassIndex> = predictions.iter().map(|p| argmax(p)).collect();
        Self {
            accuracy: mean(predicted.iter().zip(labels).map(|(p, l)| indicator(p == l))),
            macro_f1: mean((0..classes).map(|class| f1(class, &predicted, labels))),
            log_loss: mean(predictions.iter().zip(labels).map(|(p, &label)| {
                // scikit-learn's floor: one certain mistake must not make the mean infinite.
                -libm::log(p[label].max(f64::EPSILON))
            })),
            brier: mean(predictions.iter().zip(labels).map(|(p, &label)| {
                p.iter()
                    .enumerate()
                    .map(|(class, p)| p - indicator(class == label))
                    .map(|difference| difference * difference)
                    .sum()
            })),
            calibration_error: calibration_error(predictions, &predicted, labels),
        }
    }
}

/// The first of the largest.
pub(super) fn argmax(probabilities: &[f64]) -> ClassIndex {
    (1..probabilities.len()).fold(
        0,
        |best, class| {
            if probabilities[class] > probabilities[best] { class } else { best }
        },
    )
}

/// 2 TP / (2 TP + FP + FN), and 0 for a class that is neither true nor predicted anywhere.
pub(super) fn f1(class: ClassIndex, predicted: &[ClassIndex], labels: &[ClassIndex]) -> f64 {
    let count = |list: &[ClassIndex]| list.iter().filter(|&&c| c == class).count();
    let hits = predicted.iter().zip(labels);
    let hits = hits.filter(|&(&p, &l)| p == class && l == class).count();
    let total = count(predicted) + count(labels);
    if total == 0 { 0.0 } else { (2 * hits) as f64 / total as f64 }
}

fn calibration_error(predictions: &[Vec<f64>], predicted: &[ClassIndex], labels: &[ClassIndex]) -> f64 {
    // The sum of (confidence - rightness) per bin: the bin's share cancels its mean's divisor.
    let mut bins = [0.0; BINS];
    for ((p, &class), &label) in predictions.iter().zip(predicted).zip(labels) {
        bins[bin(p[class])] += p[class] - indicator(class == label);
    }
    bins.iter().map(|bin| bin.abs()).sum::<f64>() / predictions.len() as f64
}

/// The bin of a probability.
pub(super) fn bin(probability: f64) -> usize {
    ((probability * BINS as f64) as usize).min(BINS - 1)
}

pub(super) fn indicator(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

pub(super) fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len() as f64;
    values.sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_predictions_have_perfect_scores() {
        let metrics = Metrics::of(&[vec![1.0, 0.0], vec![0.0, 1.0]], &[0, 1]);
        let expected = Metrics { accuracy: 1.0, macro_f1: 1.0, log_loss: 0.0, brier: 0.0, calibration_error: 0.0 };
        assert_eq!(metrics, expected);
    }

    #[test]
    fn scores_are_those_computed_by_hand() {
        let predictions = [vec![0.7, 0.2, 0.1], vec![0.4, 0.5, 0.1], vec![0.3, 0.3, 0.4], vec![0.6, 0.3, 0.1]];
        let metrics = Metrics::of(&predictions, &[0, 1, 2, 2]);
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}");
        close(metrics.accuracy, 0.75);
        // Class 0: 2/(2+1), class 1: 1, class 2: 2/(2+1).
        close(metrics.macro_f1, (2.0 / 3.0 + 1.0 + 2.0 / 3.0) / 3.0);
        close(metrics.log_loss, -libm::log(0.7 * 0.5 * 0.4 * 0.1) / 4.0);
        close(metrics.brier, (0.14 + 0.42 + 0.54 + 1.26) / 4.0);
        close(metrics.calibration_error, (0.3 + 0.5 + 0.6 + 0.6) / 4.0);
    }

    #[test]
    fn a_certain_mistake_keeps_the_log_loss_finite() {
        assert!(Metrics::of(&[vec![1.0, 0.0]], &[1]).log_loss.is_finite());
    }
}
