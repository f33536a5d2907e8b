//! What the numbers of a prediction mean.

use super::artifact::{ClassIndex, PredictionKind};

/// What a model gives for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outputs<'m> {
    /// What a prediction is.
    pub kind: PredictionKind,
    /// The names of the classes; none for a value.
    pub classes: &'m [String],
}

impl<'m> Outputs<'m> {
    /// A probability for each of `classes`.
    #[must_use]
    pub fn probabilities(classes: &'m [String]) -> Self {
        Self { kind: PredictionKind::Probabilities, classes }
    }

    /// How many numbers a prediction has.
    #[must_use]
    pub fn width(self) -> usize {
        self.kind.width(self.classes.len())
    }

    /// The class that a prediction means: the first of the largest number, or for a score the first class where it is
    /// above 0 and else the second. A value means none.
    #[must_use]
    pub fn label(self, outputs: &[f64]) -> Option<ClassIndex> {
        let larger = |best: usize, class: usize| if outputs[class] > outputs[best] { class } else { best };
        match self.kind {
            PredictionKind::Probabilities | PredictionKind::Margins => (0..outputs.len()).reduce(larger),
            PredictionKind::Score => outputs.first().map(|score| usize::from(*score <= 0.0)),
            PredictionKind::Value => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equally_probable_classes_the_first_is_the_label() {
        let classes = ["a", "b", "c"].map(str::to_owned);
        let outputs = Outputs::probabilities(&classes);
        let labels = [&[0.2, 0.4, 0.4][..], &[0.5, 0.5], &[1.0], &[0.1, 0.2, 0.7]].map(|row| outputs.label(row));
        assert_eq!(labels, [Some(1), Some(0), Some(0), Some(2)]);
    }

    #[test]
    fn a_score_above_zero_is_within_and_a_value_has_no_label() {
        let classes = ["inlier", "outlier"].map(str::to_owned);
        let score = Outputs { kind: PredictionKind::Score, classes: &classes };
        assert_eq!([0.1, 0.0, -0.0, -3.0].map(|number| score.label(&[number])), [Some(0), Some(1), Some(1), Some(1)]);
        let value = Outputs { kind: PredictionKind::Value, classes: &[] };
        assert_eq!((value.width(), value.label(&[1.0])), (1, None));
    }
}
