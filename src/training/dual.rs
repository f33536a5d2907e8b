//! The dual problem of one class pair: how far a solution is from the optimum, and steps to it.
//!
//! In libsvm's notation with signed alphas: maximise `Σ yᵢαᵢ - ½ Σ αᵢαⱼ K(xᵢ, xⱼ)` subject to
//! `Σ αᵢ = 0` and `0 ≤ yᵢαᵢ ≤ C`. A solution is optimal when no row whose alpha may grow has a
//! larger gradient than a row whose alpha may shrink (KKT).

use super::gram::Gram;
use super::penalty::Penalty;
use super::side::Side;

/// Alphas within this share of C from a bound are at the bound: they were meant to be.
const BOUND_SLACK: f64 = 1e-12;

/// Least curvature along a step, for rows that the kernel does not tell apart; libsvm's.
const LEAST_CURVATURE: f64 = 1e-12;

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
    /// May grow, and has the largest gradient of all that may.
    up: usize,
    /// May shrink, and has the smallest gradient of all that may.
    low: usize,
    /// The difference of the gradients; not above 0 at the optimum.
    pub(super) gap: f64,
}

impl<'a> Dual<'a> {
    /// `rows` are rows of `gram`, on the given sides; `alphas` are parallel to `rows`.
    pub(super) fn new(
        gram: &'a Gram,
        rows: &'a [usize],
        sides: &[Side],
        penalty: &Penalty,
        mut alphas: Vec<f64>,
    ) -> Self {
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

    /// Takes steps until the gap is at most `gap`, and returns their number, at most `most`.
    pub(super) fn finish(&mut self, gap: f64, most: usize) -> usize {
        let mut steps = 0;
        let mut violation = self.violation();
        while violation.gap > gap && steps < most {
            self.step(&violation);
            violation = self.violation();
            steps += 1;
        }
        // Afresh, without the rounding errors of the steps.
        self.compute_gradients();
        steps
    }

    /// Moves weight from the one row to the other, as far as it pays and the bounds allow: the
    /// step of sequential minimal optimisation (J. Platt, 1998).
    fn step(&mut self, violation: &Violation) {
        let &Violation { up, low, gap } = violation;
        let curvature = self.kernel(up, up) + self.kernel(low, low) - 2.0 * self.kernel(up, low);
        let wanted = gap / curvature.max(LEAST_CURVATURE);
        let (most, least) = (self.bounds[up].1, self.bounds[low].0);
        let (room_up, room_low) = (most - self.alphas[up], self.alphas[low] - least);
        let step = wanted.min(room_up).min(room_low);
        // Onto the bound itself, whatever the rounding of the sum.
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

    fn gram(rows: &[f64]) -> Gram {
        let rows: Vec<&[f64]> = rows.iter().map(std::slice::from_ref).collect();
        Gram::new(&Kernel::Linear, &rows, 1.0).unwrap()
    }

    #[test]
    fn a_machine_without_support_vectors_violates_the_conditions_by_two() {
        let gram = gram(&[1.0, 2.0, -1.0, -2.0]);
        let dual = Dual::new(&gram, &[0, 1, 2, 3], &SIDES, &Penalty::equal(1.0), vec![0.0; 4]);
        assert_eq!(dual.violation().gap, 2.0);
    }

    #[test]
    fn one_step_solves_two_rows() {
        // The margin between 1 and -1: w = 1, so alpha = 1/2 on either side, and b = 0.
        let gram = gram(&[1.0, -1.0]);
        let sides = [Side::Positive, Side::Negative];
        let mut dual = Dual::new(&gram, &[0, 1], &sides, &Penalty::equal(10.0), vec![0.0; 2]);
        dual.step(&dual.violation());
        let violation = dual.violation();
        assert_eq!((violation.gap, dual.intercept(&violation)), (0.0, 0.0));
        assert_eq!(dual.into_alphas(), [0.5, -0.5]);
    }

    #[test]
    fn a_step_stops_at_the_bound() {
        let gram = gram(&[1.0, -1.0]);
        let sides = [Side::Positive, Side::Negative];
        let mut dual = Dual::new(&gram, &[0, 1], &sides, &Penalty::equal(0.1), vec![0.0; 2]);
        dual.step(&dual.violation());
        assert_eq!(dual.into_alphas(), [0.1, -0.1]);
    }

    #[test]
    fn an_alpha_a_rounding_error_short_of_its_bound_is_at_it() {
        let gram = gram(&[1.0, 2.0, -1.0, -2.0]);
        let alphas = vec![1.0 - 1e-16, 1e-17, -1.0 + 1e-16, -1e-17];
        let dual = Dual::new(&gram, &[0, 1, 2, 3], &SIDES, &Penalty::equal(1.0), alphas);
        assert_eq!(dual.into_alphas(), [1.0, 0.0, -1.0, 0.0]);
    }
}
