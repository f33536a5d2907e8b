//! One prediction, held against its truth.

use super::sums::{BINS, Basis, Bin, Sums};
use crate::model::{Outputs, PredictionKind, class_called};

/// Classes of a model of which the area under the curve is kept: each takes a row for each prediction.
const MOST_CLASSES: usize = 20;

/// What a prediction came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// What of it could be judged.
    pub basis: Basis,
    /// Its part of the sums.
    pub sums: Sums,
    /// What the area under the curve is counted from; empty where there is none.
    pub outputs: Vec<Output>,
}

/// A probability, and whether its class is the true one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Output {
    /// The number of the class.
    pub class: u16,
    /// Its probability.
    pub score: f64,
    /// Whether it is the true class.
    pub is_true: bool,
}

/// Holds a prediction of a model that gives `of` against a truth, as its column's text. Of a prediction there are its
/// class, its numbers, or both. `None`: the truth is none of the model's classes, or no number, or one so far away that the
/// square of the error is none.
#[must_use]
pub fn judge(of: Outputs<'_>, (class, outputs): (Option<usize>, Option<&[f64]>), truth: &str) -> Option<Judged> {
    match of.kind {
        PredictionKind::Value => value(outputs, truth),
        _ => class_called(of.classes, truth).and_then(|truth| of_class(of, (class?, outputs), truth)),
    }
}

fn value(outputs: Option<&[f64]>, truth: &str) -> Option<Judged> {
    let [value] = outputs? else { return None };
    let truth: f64 = truth.trim().parse().ok()?;
    let error = (value - truth).abs();
    let squared = Some(error * error).filter(|squared| squared.is_finite())?;
    let sums = Sums { rows: 1, absolute: error, squared, ..Sums::default() };
    Some(Judged { basis: Basis::Values, sums, outputs: Vec::new() })
}

fn of_class(of: Outputs<'_>, (class, outputs): (usize, Option<&[f64]>), truth: usize) -> Option<Judged> {
    let correct = u64::from(class == truth);
    let of_label = Sums { rows: 1, correct, ..Sums::default() };
    let Some(probabilities) = outputs.filter(|_| of.kind == PredictionKind::Probabilities) else {
        return Some(Judged { basis: Basis::Classes, sums: of_label, outputs: Vec::new() });
    };
    let (confidence, of_truth) = (*probabilities.get(class)?, *probabilities.get(truth)?);
    let distance = |(at, p): (usize, &f64)| {
        let distance = f64::from(u8::from(at == truth)) - p;
        distance * distance
    };
    let half = if probabilities.len() < 3 { 0.5 } else { 1.0 };
    let mut sums = Sums {
        log_loss: -libm::log(of_truth.clamp(f64::EPSILON, 1.0 - f64::EPSILON)),
        brier: half * probabilities.iter().enumerate().map(distance).sum::<f64>(),
        ..of_label
    };
    let bin = ((confidence * BINS as f64) as usize).min(BINS - 1);
    sums.bins[bin] = Bin { rows: 1, correct, confidence };
    // Of two classes, the curve of one is that of the other.
    let curves = match probabilities.len() {
        2 => 1..2,
        classes if classes <= MOST_CLASSES => 0..classes,
        _ => 0..0,
    };
    let output = |class: usize| Output { class: class as u16, score: probabilities[class], is_true: class == truth };
    Some(Judged { basis: Basis::Probabilities, sums, outputs: curves.map(output).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_two(classes: &[String]) -> Outputs<'_> {
        Outputs::probabilities(classes)
    }

    fn judged(outputs: &[f64], truth: &str) -> Option<Judged> {
        let classes = ["0", "1"].map(str::to_owned);
        let of = of_two(&classes);
        judge(of, (of.label(outputs), Some(outputs)), truth)
    }

    #[test]
    fn a_prediction_of_two_classes_is_right_or_wrong() {
        let Some(right) = judged(&[0.25, 0.75], "1.00") else { panic!() };
        assert_eq!((right.sums.rows, right.sums.correct, right.sums.brier), (1, 1, 0.0625));
        assert_eq!(right.sums.log_loss, -libm::log(0.75));
        assert_eq!(right.sums.bins[7], Bin { rows: 1, correct: 1, confidence: 0.75 });
        assert_eq!(right.outputs, [Output { class: 1, score: 0.75, is_true: true }]);
        let Some(wrong) = judged(&[1.0, 0.0], "1") else { panic!() };
        assert_eq!((wrong.sums.correct, wrong.sums.bins[9].rows), (0, 1));
        assert!((wrong.sums.log_loss - 36.04365338911715).abs() < 1e-12, "as scikit-learn keeps it finite");
    }

    #[test]
    fn what_is_no_class_and_no_number_is_strange() {
        assert_eq!(judged(&[0.5, 0.5], "maybe"), None);
        let of = Outputs { kind: PredictionKind::Value, classes: &[] };
        let prediction = (None, Some(&[3.0][..]));
        for truth in ["", "NaN", "inf", "x", "1e200"] {
            assert_eq!(judge(of, prediction, truth), None, "{truth}");
        }
        let Some(judged) = judge(of, prediction, "1.5") else { panic!() };
        assert_eq!((judged.sums.absolute, judged.sums.squared, judged.basis), (1.5, 2.25, Basis::Values));
    }
}
