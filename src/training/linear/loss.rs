//! What a wrong decision value costs.

use crate::model::{ClassIndex, exp};

/// A convex loss of a row's decision values.
pub(in crate::training) trait Loss {
    /// How many decision values a row has.
    fn outputs(&self) -> usize;

    /// The loss of `row` at these decision values.
    fn value(&self, row: usize, decisions: &[f64]) -> f64;

    /// Writes the first derivatives, and what [`Self::bend`] needs of the second ones.
    fn slope(&self, row: usize, decisions: &[f64], slope: &mut [f64], bend: &mut [f64]);

    /// Writes the second derivatives times `change`.
    fn bend(&self, bend: &[f64], change: &[f64], product: &mut [f64]);
}

/// `ln(1 + exp(-y f))` with a sign `y` for each row.
pub(in crate::training) struct Logistic {
    pub(in crate::training) signs: Vec<f64>,
}

impl Loss for Logistic {
    fn outputs(&self) -> usize {
        1
    }

    fn value(&self, row: usize, decisions: &[f64]) -> f64 {
        let margin = self.signs[row] * decisions[0];
        // `exp` of nothing above 0.
        libm::log1p(exp(-margin.abs())) + (-margin).max(0.0)
    }

    fn slope(&self, row: usize, decisions: &[f64], slope: &mut [f64], bend: &mut [f64]) {
        let sign = self.signs[row];
        let margin = sign * decisions[0];
        let e = exp(-margin.abs());
        let wrong = if margin >= 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) };
        slope[0] = -sign * wrong;
        bend[0] = e / ((1.0 + e) * (1.0 + e));
    }

    fn bend(&self, bend: &[f64], change: &[f64], product: &mut [f64]) {
        product[0] = bend[0] * change[0];
    }
}

/// Minus the logarithm of the true class's share of the exponentials.
pub(in crate::training) struct Softmax<'a> {
    pub(in crate::training) classes: usize,
    pub(in crate::training) labels: &'a [ClassIndex],
}

impl Loss for Softmax<'_> {
    fn outputs(&self) -> usize {
        self.classes
    }

    fn value(&self, row: usize, decisions: &[f64]) -> f64 {
        let most = decisions.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum = decisions.iter().fold(0.0, |sum, decision| sum + exp(decision - most));
        libm::log(sum) + most - decisions[self.labels[row]]
    }

    fn slope(&self, row: usize, decisions: &[f64], slope: &mut [f64], bend: &mut [f64]) {
        let most = decisions.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for (share, decision) in bend.iter_mut().zip(decisions) {
            *share = exp(decision - most);
            sum += *share;
        }
        for (class, (share, slope)) in bend.iter_mut().zip(slope).enumerate() {
            *share /= sum;
            *slope = *share - if class == self.labels[row] { 1.0 } else { 0.0 };
        }
    }

    fn bend(&self, bend: &[f64], change: &[f64], product: &mut [f64]) {
        let mean = bend.iter().zip(change).fold(0.0, |sum, (share, change)| sum + share * change);
        for ((product, share), change) in product.iter_mut().zip(bend).zip(change) {
            *product = share * (change - mean);
        }
    }
}

/// `max(0, 1 - y f)²` with a sign `y` for each row: the loss of scikit-learn's LinearSVC.
pub(in crate::training) struct SquaredHinge {
    pub(in crate::training) signs: Vec<f64>,
}

impl Loss for SquaredHinge {
    fn outputs(&self) -> usize {
        1
    }

    fn value(&self, row: usize, decisions: &[f64]) -> f64 {
        let short = (1.0 - self.signs[row] * decisions[0]).max(0.0);
        short * short
    }

    fn slope(&self, row: usize, decisions: &[f64], slope: &mut [f64], bend: &mut [f64]) {
        let short = (1.0 - self.signs[row] * decisions[0]).max(0.0);
        slope[0] = -2.0 * self.signs[row] * short;
        bend[0] = if short > 0.0 { 2.0 } else { 0.0 };
    }

    fn bend(&self, bend: &[f64], change: &[f64], product: &mut [f64]) {
        product[0] = bend[0] * change[0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// First and second derivatives against differences.
    fn check(loss: &impl Loss, rows: usize) {
        let (outputs, step) = (loss.outputs(), 1e-5);
        for row in 0..rows {
            let at: Vec<f64> = (0..outputs).map(|output| 0.7 * output as f64 - 0.4 + 0.3 * row as f64).collect();
            let mut numbers = vec![0.0; outputs];
            let slope = |at: &[f64]| {
                let (mut slope, mut bend) = (vec![0.0; outputs], vec![0.0; outputs]);
                loss.slope(row, at, &mut slope, &mut bend);
                (slope, bend)
            };
            let (first, bend) = slope(&at);
            for output in 0..outputs {
                let moved = |by: f64| {
                    let mut moved = at.clone();
                    moved[output] += by;
                    moved
                };
                let (above, below) = (moved(step), moved(-step));
                let difference = (loss.value(row, &above) - loss.value(row, &below)) / (2.0 * step);
                assert!((first[output] - difference).abs() < 1e-8, "{first:?} but {difference}");
                let unit: Vec<f64> = (0..outputs).map(|other| f64::from(u8::from(other == output))).collect();
                loss.bend(&bend, &unit, &mut numbers);
                for ((number, above), below) in numbers.iter().zip(slope(&above).0).zip(slope(&below).0) {
                    assert!((number - (above - below) / (2.0 * step)).abs() < 1e-8);
                }
            }
        }
    }

    #[test]
    fn the_derivatives_are_those_of_the_loss() {
        let signs = vec![1.0, -1.0, 1.0];
        check(&Logistic { signs: signs.clone() }, 3);
        check(&SquaredHinge { signs }, 3);
        check(&Softmax { classes: 3, labels: &[2, 0, 1] }, 3);
    }

    #[test]
    fn far_decision_values_cost_no_overflow() {
        let logistic = Logistic { signs: vec![1.0] };
        assert_eq!((logistic.value(0, &[1e4]), logistic.value(0, &[-1e4])), (0.0, 1e4));
        let softmax = Softmax { classes: 2, labels: &[0] };
        assert_eq!(softmax.value(0, &[-1e4, 1e4]), 2e4);
    }
}
