//! The price of rows on the wrong side of the margin, by class.

use super::side::Side;
use super::variable::Variable;
use crate::model::{ClassIndex, ClassWeights};

impl ClassWeights {
    /// The weight of each class, for rows of the classes `labels`.
    pub(super) fn of(self, labels: &[ClassIndex], classes: usize) -> Vec<f64> {
        let count = |class| labels.iter().filter(|&&label| label == class).count() as f64;
        let weight = |class| match self {
            Self::Equal => 1.0,
            Self::Balanced => labels.len() as f64 / (classes as f64 * count(class)),
        };
        (0..classes).map(weight).collect()
    }
}

/// The largest alpha that a row of a class pair may have, by its side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Penalty {
    pub(super) positive: f64,
    pub(super) negative: f64,
}

impl Penalty {
    /// What is asked of the alphas of a class pair whose rows are on these sides.
    pub(super) fn variables(&self, sides: &[Side]) -> Vec<Variable> {
        let variable = |side: &Side| match side {
            Side::Positive => {
                Variable { target: side.sign(), epsilon: 0.0, least: 0.0, most: self.positive, start: 0.0 }
            }
            Side::Negative => {
                Variable { target: side.sign(), epsilon: 0.0, least: -self.negative, most: 0.0, start: 0.0 }
            }
        };
        sides.iter().map(variable).collect()
    }

    pub(super) fn larger(&self) -> f64 {
        self.positive.max(self.negative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn balanced_weights_are_those_of_scikit_learn() {
        // compute_class_weight("balanced", classes=[0, 1], y=[0, 0, 0, 1])
        assert_eq!(ClassWeights::Balanced.of(&[0, 0, 0, 1], 2), [4.0 / 6.0, 2.0]);
        assert_eq!(ClassWeights::Equal.of(&[0, 0, 0, 1], 2), [1.0, 1.0]);
    }
}
