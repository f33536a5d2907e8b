//! The dual problem of one class pair: how far a solution is from the optimum, and steps to it.
//!
//! In libsvm's notation with signed alphas: maximise `Σ yᵢαᵢ - ½ Σ αᵢαⱼ K(xᵢ, xⱼ)` subject to
//! `Σ αᵢ = 0` and `0 ≤ yᵢαᵢ ≤ C`. A solution is optimal when no row whose alpha may grow has a
//! larger gradient than a row whose alpha may shrink (KKT).

use super::gram::Gram;
use super::penalty::Penalty;
use super::side::Side;
use crate::model::TrainOptions;

/// An alpha that is this close to a bound, as a share of C, is set to the bound: only rounding kept it
/// away.
const BOUND_SLACK: f64 = 1e-12;

/// The smallest curvature along a step, as in libsvm. It matters for rows that the kernel cannot tell
/// apart.
const LEAST_CURVATURE: f64 = 1e-12;

/// What the machine of a class pair has to solve.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a> {
    /// The kernel values of all rows of the pair.
    pub(super) gram: &'a Gram,
    /// The side of each row.
    pub(super) sides: &'a [Side],
    pub(super) penalty: Penalty,
    pub(super) options: &'a TrainOptions,
}

#[cfg(test)]
impl<'a> Problem<'a> {
    /// Both sides have the same price.
    pub(super) fn of_equal_weights(gram: &'a Gram, sides: &'a [Side], options: &'a TrainOptions) -> Self {
        Self { gram, sides, penalty: Penalty { positive: options.c, negative: options.c }, options }
    }
}

/// A feasible solution on some of a pair's rows.
pub(super) struct Dual<'a> {
    gram: &'a Gram,
    rows: &'a [usize],
    /// Signed, one per row.
    alphas: Vec<f64>,
    /// 1 or -1, one per row.
    ys: Vec<f64>,
    /// The alphas' bounds.
    bounds: Vec<(f64, f64)>,
    /// `yᵢ - Σⱼ αⱼ K(xᵢ, xⱼ)`, one per row.
    gradients: Vec<f64>,
}

/// The two rows that violate optimality most, and by how much.
pub(super) struct Violation {
    /// Of the rows whose alpha may grow, the one with the largest gradient.
    up: usize,
    /// Of the rows whose alpha may shrink, the one with the smallest gradient.
    low: usize,
    /// The difference of the gradients. At the optimum it is 0 or less.
    pub(super) gap: f64,
}

impl<'a> Dual<'a> {
    /// `rows` are rows of the problem; `alphas` has a number for each of them.
    pub(super) fn new(problem: Problem<'a>, rows: &'a [usize], mut alphas: Vec<f64>) -> Self {
        let Problem { gram, sides, penalty, .. } = problem;
        let bounds: Vec<(f64, f64)> = rows
            .iter()
            .map(|&row| match sides[row] {
                Side::Positive => (0.0, penalty.positive),
                Side::Negative => (-penalty.negative, 0.0),
            })
            .collect();
        for (alpha, &(least, most)) in alphas.iter_mut().zip(&bounds) {
            let slack = BOUND_SLACK * (most - least);
            if *alpha < least + slack {
                *alpha = least;
            } else if *alpha > most - slack {
                *alpha = most;
            }
        }
        let ys = rows.iter().map(|&row| sides[row].sign()).collect();
        let mut dual = Self { gram, rows, ys, gradients: vec![0.0; rows.len()], alphas, bounds };
        dual.compute_gradients();
        dual
    }

    fn compute_gradients(&mut self) {
        for row in 0..self.rows.len() {
            let others = self.alphas.iter().enumerate().filter(|(_, alpha)| **alpha != 0.0);
            self.gradients[row] =
                others.fold(self.ys[row], |sum, (other, alpha)| sum - alpha * self.kernel(row, other));
        }
    }

    pub(super) fn violation(&self) -> Violation {
        let (mut up, mut low) = ((0, f64::NEG_INFINITY), (0, f64::INFINITY));
        let states = self.alphas.iter().zip(&self.bounds).zip(&self.gradients);
        for (row, ((&alpha, &(least, most)), &gradient)) in states.enumerate() {
            if alpha < most && gradient > up.1 {
                up = (row, gradient);
            }
            if alpha > least && gradient < low.1 {
                low = (row, gradient);
            }
        }
        Violation { up: up.0, low: low.0, gap: up.1 - low.1 }
    }

    /// The intercept: the middle between the gradients of the violation's two rows.
    pub(super) fn intercept(&self, violation: &Violation) -> f64 {
        (self.gradients[violation.up] + self.gradients[violation.low]) / 2.0
    }

    /// Takes steps until the gap is at most `gap`, but not more than `most`. Returns their number.
    pub(super) fn finish(&mut self, gap: f64, most: usize) -> usize {
        let mut steps = 0;
        let mut violation = self.violation();
        while violation.gap > gap && steps < most {
            self.step(&violation);
            violation = self.violation();
            steps += 1;
        }
        // Computed again, so that the rounding errors of the steps are gone.
        self.compute_gradients();
        steps
    }

    /// Moves weight from one row to the other, as far as it helps and the bounds allow: a step of
    /// sequential minimal optimisation (J. Platt, 1998).
    fn step(&mut self, violation: &Violation) {
        let &Violation { up, low, gap } = violation;
        let curvature = self.kernel(up, up) + self.kernel(low, low) - 2.0 * self.kernel(up, low);
        let wanted = gap / curvature.max(LEAST_CURVATURE);
        let (most, least) = (self.bounds[up].1, self.bounds[low].0);
        let (room_up, room_low) = (most - self.alphas[up], self.alphas[low] - least);
        let step = wanted.min(room_up).min(room_low);
        // Exactly onto the bound, even if the sum were rounded.
        self.alphas[up] = if step == room_up { most } else { self.alphas[up] + step };
        self.alphas[low] = if step == room_low { least } else { self.alphas[low] - step };
        for row in 0..self.rows.len() {
            self.gradients[row] -= step * (self.kernel(row, up) - self.kernel(row, low));
        }
    }

    pub(super) fn into_alphas(self) -> Vec<f64> {
        self.alphas
    }

    fn kernel(&self, row: usize, other: usize) -> f64 {
        self.gram.get(self.rows[row], self.rows[other])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kernel;

    const SIDES: [Side; 4] = [Side::Positive, Side::Positive, Side::Negative, Side::Negative];

    /// The price of a row on the wrong side is `c`.
    fn price(c: f64) -> TrainOptions {
        TrainOptions { c, ..TrainOptions::default() }
    }

    fn gram(rows: &[f64]) -> Gram {
        let rows: Vec<&[f64]> = rows.iter().map(std::slice::from_ref).collect();
        Gram::new(&Kernel::Linear, &rows, 1.0).unwrap()
    }

    #[test]
    fn a_machine_without_support_vectors_violates_the_conditions_by_two() {
        let gram = gram(&[1.0, 2.0, -1.0, -2.0]);
        let options = price(1.0);
        let problem = Problem::of_equal_weights(&gram, &SIDES, &options);
        let dual = Dual::new(problem, &[0, 1, 2, 3], vec![0.0; 4]);
        assert_eq!(dual.violation().gap, 2.0);
    }

    #[test]
    fn one_step_solves_two_rows() {
        // The margin between 1 and -1: w = 1, so alpha = 1/2 on either side, and b = 0.
        let gram = gram(&[1.0, -1.0]);
        let sides = [Side::Positive, Side::Negative];
        let options = price(10.0);
        let problem = Problem::of_equal_weights(&gram, &sides, &options);
        let mut dual = Dual::new(problem, &[0, 1], vec![0.0; 2]);
        dual.step(&dual.violation());
        let violation = dual.violation();
        assert_eq!((violation.gap, dual.intercept(&violation)), (0.0, 0.0));
        assert_eq!(dual.into_alphas(), [0.5, -0.5]);
    }

    #[test]
    fn a_step_stops_at_the_bound() {
        let gram = gram(&[1.0, -1.0]);
        let sides = [Side::Positive, Side::Negative];
        let options = price(0.1);
        let problem = Problem::of_equal_weights(&gram, &sides, &options);
        let mut dual = Dual::new(problem, &[0, 1], vec![0.0; 2]);
        dual.step(&dual.violation());
        assert_eq!(dual.into_alphas(), [0.1, -0.1]);
    }

    #[test]
    fn an_alpha_a_rounding_error_short_of_its_bound_is_at_it() {
        let gram = gram(&[1.0, 2.0, -1.0, -2.0]);
        let alphas = vec![1.0 - 1e-16, 1e-17, -1.0 + 1e-16, -1e-17];
        let options = price(1.0);
        let problem = Problem::of_equal_weights(&gram, &SIDES, &options);
        let dual = Dual::new(problem, &[0, 1, 2, 3], alphas);
        assert_eq!(dual.into_alphas(), [1.0, 0.0, -1.0, 0.0]);
    }
}
