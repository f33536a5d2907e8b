//! What a linear machine has to solve: `½ Σ weight² + Σ cost · loss` is to be as small as possible.

use super::loss::Loss;

/// Whether the intercept is held small, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::training) enum Intercept {
    /// As logistic regression has it.
    Free,
    /// As another weight, of a column of ones: scikit-learn's LinearSVC.
    Penalised,
}

/// A point is a list of weights for each decision value, its intercept last.
pub(in crate::training) struct Problem<'a, L> {
    /// Scaled.
    pub(in crate::training) rows: &'a [Vec<f64>],
    /// What the loss of each row is multiplied with.
    pub(in crate::training) costs: &'a [f64],
    pub(in crate::training) loss: L,
    pub(in crate::training) intercept: Intercept,
}

/// What is known of a point.
pub(super) struct Look {
    pub(super) gradient: Vec<f64>,
    /// What the loss needs for its second derivatives, outputs per row.
    bends: Vec<f64>,
}

impl<L: Loss> Problem<'_, L> {
    /// The length of a list of weights.
    fn width(&self) -> usize {
        self.rows.first().map_or(0, Vec::len) + 1
    }

    pub(super) fn dimensions(&self) -> usize {
        self.loss.outputs() * self.width()
    }

    /// The decision values of a row, at a point.
    fn decide(&self, point: &[f64], row: &[f64], decisions: &mut [f64]) {
        for (weights, decision) in point.chunks_exact(self.width()).zip(decisions) {
            *decision = row.iter().zip(weights).fold(weights[row.len()], |sum, (value, weight)| sum + value * weight);
        }
    }

    /// How much of each number of a point is in the gradient, before the losses.
    fn penalised(&self, point: &[f64]) -> Vec<f64> {
        let mut penalised = point.to_vec();
        if self.intercept == Intercept::Free {
            penalised.chunks_exact_mut(self.width()).for_each(|weights| weights[self.width() - 1] = 0.0);
        }
        penalised
    }

    pub(super) fn value(&self, point: &[f64]) -> f64 {
        let mut decisions = vec![0.0; self.loss.outputs()];
        let half = self.penalised(point).iter().fold(0.0, |sum, weight| sum + weight * weight) / 2.0;
        self.rows.iter().zip(self.costs).enumerate().fold(half, |sum, (number, (row, cost))| {
            self.decide(point, row, &mut decisions);
            sum + cost * self.loss.value(number, &decisions)
        })
    }

    pub(super) fn look(&self, point: &[f64]) -> Look {
        let outputs = self.loss.outputs();
        let (mut decisions, mut slope) = (vec![0.0; outputs], vec![0.0; outputs]);
        let mut look = Look { gradient: self.penalised(point), bends: vec![0.0; outputs * self.rows.len()] };
        let rows = self.rows.iter().zip(self.costs).zip(look.bends.chunks_exact_mut(outputs));
        for (number, ((row, cost), bend)) in rows.enumerate() {
            self.decide(point, row, &mut decisions);
            self.loss.slope(number, &decisions, &mut slope, bend);
            add(&mut look.gradient, row, *cost, &slope);
        }
        look
    }

    /// The second derivatives times a direction.
    pub(super) fn bend(&self, look: &Look, direction: &[f64]) -> Vec<f64> {
        let outputs = self.loss.outputs();
        let (mut change, mut product) = (vec![0.0; outputs], vec![0.0; outputs]);
        let mut result = self.penalised(direction);
        for ((row, cost), bend) in self.rows.iter().zip(self.costs).zip(look.bends.chunks_exact(outputs)) {
            self.decide(direction, row, &mut change);
            self.loss.bend(bend, &change, &mut product);
            add(&mut result, row, *cost, &product);
        }
        result
    }
}

/// Adds `cost · number · (row, 1)` to the list of each number.
fn add(lists: &mut [f64], row: &[f64], cost: f64, numbers: &[f64]) {
    for (list, number) in lists.chunks_exact_mut(row.len() + 1).zip(numbers) {
        let factor = cost * number;
        list.iter_mut().zip(row).for_each(|(entry, value)| *entry += factor * value);
        list[row.len()] += factor;
    }
}
