//! The dual problem of one machine: how far a solution is from the optimum, and steps to it.
//!
//! In libsvm's notation with signed alphas: maximise `Σ tᵢαᵢ - Σ εᵢ|αᵢ| - ½ Σ αᵢαⱼ K(xᵢ, xⱼ)` where `Σ αᵢ` stays
//! what it is at the start and each alpha within its bounds. The targets `t` and the bounds make it the problem of a
//! class pair, of a regression or of one class ([`Variable`]). A solution is optimal when no row whose alpha
//! may grow has a larger gradient than a row whose alpha may shrink (KKT).
//!
//! Rows whose alpha stays at a bound are set aside (shrinking), until the others are solved.

use super::blocks::{Blocks, Column};
use super::cache::KernelRows;
use super::choice::{Descend, Look, Partner, Violation, curvature};
use super::variable::Variable;
use crate::model::{InstructionSet, Kernel};

/// Rows are set aside when they are at least this part of the active ones: each time costs a copy.
const WORTH_SHRINKING: usize = 8;

/// What a machine has to solve.
#[derive(Clone)]
pub(super) struct Problem<'a> {
    pub(super) kernel: Kernel,
    /// The scaled rows.
    pub(super) vectors: Vec<&'a [f64]>,
    /// What is asked of the alpha of each row.
    pub(super) variables: Vec<Variable>,
}

impl Problem<'_> {
    /// The same with some of the rows.
    pub(super) fn of_rows(&self, rows: &[usize]) -> Self {
        Self {
            vectors: rows.iter().map(|&row| self.vectors[row]).collect(),
            variables: rows.iter().map(|&row| self.variables[row]).collect(),
            ..*self
        }
    }

    /// `start + Σ alpha · K(x, row)` of every `x`, over the rows of `alphas`.
    pub(super) fn sums(&self, alphas: &[(usize, f64)], start: f64, xs: &[&[f64]]) -> Vec<f64> {
        let vectors: Vec<f64> = alphas.iter().flat_map(|&(row, _)| self.vectors[row]).copied().collect();
        let coefficients: Vec<f64> = alphas.iter().map(|&(_, alpha)| alpha).collect();
        Blocks::new(xs).sums(&self.kernel, &vectors, &coefficients, start)
    }
}

/// A feasible solution, on its way to the optimum.
pub(super) struct Dual<'a> {
    problem: &'a Problem<'a>,
    /// Signed, one per row.
    alphas: Vec<f64>,
    /// The rows that were not set aside, ascending. What follows is theirs only.
    active: Vec<usize>,
    blocks: Blocks,
    diagonal: Column,
    /// `tᵢ - Σⱼ αⱼ K(xᵢ, xⱼ)`
    gradients: Column,
    /// What is added to the gradient of an alpha that is to grow; minus infinity where it may not.
    grow: Column,
    /// What is added to the gradient of an alpha that is to shrink; infinity where it may not.
    shrink: Column,
    cache: KernelRows,
    cache_bytes: usize,
    instructions: InstructionSet,
}

impl<'a> Dual<'a> {
    /// All alphas are what they start with.
    pub(super) fn new(problem: &'a Problem<'a>, cache_bytes: usize) -> Self {
        let empty = || Column::of(&[], 0.0);
        let mut dual = Self {
            problem,
            alphas: problem.variables.iter().map(|variable| variable.start).collect(),
            active: Vec::new(),
            blocks: Blocks::new(&[]),
            diagonal: empty(),
            gradients: empty(),
            grow: empty(),
            shrink: empty(),
            cache: KernelRows::new(0, 0),
            cache_bytes,
            instructions: InstructionSet::widest(),
        };
        let gradients = dual.gradients_of(&problem.vectors, &problem.variables);
        dual.activate_all(&gradients);
        dual
    }

    /// Of these rows, from the alphas alone.
    fn gradients_of(&self, vectors: &[&[f64]], variables: &[Variable]) -> Vec<f64> {
        let sums = self.problem.sums(&self.nonzero_alphas(), 0.0, vectors);
        variables.iter().zip(sums).map(|(variable, sum)| variable.target - sum).collect()
    }

    fn activate_all(&mut self, gradients: &[f64]) {
        let Problem { kernel, vectors, variables } = self.problem;
        let diagonal: Vec<f64> = vectors.iter().map(|x| kernel.evaluate(x, x)).collect();
        let (grow, shrink): (Vec<f64>, Vec<f64>) =
            self.alphas.iter().zip(variables).map(|(&alpha, variable)| variable.room(alpha)).unzip();
        self.active = (0..vectors.len()).collect();
        self.blocks = Blocks::new(vectors);
        self.diagonal = Column::of(&diagonal, 1.0);
        self.gradients = Column::of(gradients, 0.0);
        self.grow = Column::of(&grow, f64::NEG_INFINITY);
        self.shrink = Column::of(&shrink, f64::INFINITY);
        self.cache = KernelRows::new(vectors.len(), self.cache_bytes);
    }

    /// Of the active rows.
    pub(super) fn violation(&self) -> Violation {
        self.instructions.run(Look { gradients: &self.gradients.0, grow: &self.grow.0, shrink: &self.shrink.0 })
    }

    /// Moves the two rows that gain most to second order, as far as it helps and the bounds allow: R.-E. Fan,
    /// P.-H. Chen and C.-J. Lin, "Working set selection using second order information for training
    /// support vector machines", JMLR 6 (2005).
    pub(super) fn step(&mut self, violation: &Violation) {
        let &Violation { up, highest, .. } = violation;
        let up_slot = self.kernel_row(up);
        let own = self.diagonal.get(up);
        let low = self.instructions.run(Partner {
            gradients: &self.gradients.0,
            shrink: &self.shrink.0,
            diagonal: &self.diagonal.0,
            kernel: self.cache.values(up_slot),
            highest,
            own,
        });
        let low_slot = self.kernel_row(low);
        let (up_row, low_row) = (self.active[up], self.active[low]);
        let kernel = self.problem.kernel.evaluate(self.problem.vectors[up_row], self.problem.vectors[low_row]);
        let lowest = self.gradients.get(low) + self.shrink.get(low);
        let best = (highest - lowest) / curvature(own, self.diagonal.get(low), kernel);
        let above = self.problem.variables[up_row].ceiling(self.alphas[up_row]);
        let below = self.problem.variables[low_row].floor(self.alphas[low_row]);
        let (up_room, low_room) = (above - self.alphas[up_row], self.alphas[low_row] - below);
        let step = best.min(up_room).min(low_room);
        // Exactly to the bound, where rounding would stop short of it.
        self.alphas[up_row] = if step == up_room { above } else { self.alphas[up_row] + step };
        self.alphas[low_row] = if step == low_room { below } else { self.alphas[low_row] - step };
        for (position, row) in [(up, up_row), (low, low_row)] {
            let (grow, shrink) = self.problem.variables[row].room(self.alphas[row]);
            self.grow.set(position, grow);
            self.shrink.set(position, shrink);
        }
        let (up, low) = (self.cache.values(up_slot), self.cache.values(low_slot));
        self.instructions.run(Descend { gradients: &mut self.gradients.0, step, up, low });
    }

    fn kernel_row(&mut self, position: usize) -> usize {
        let Self { problem, active, blocks, cache, .. } = self;
        cache.slot(position, || blocks.kernel_row(&problem.kernel, problem.vectors[active[position]]))
    }

    /// Sets rows aside whose alpha is at a bound and pulls against it, or where its gradient jumps and pulls to
    /// neither side. Answers whether there were enough.
    pub(super) fn shrink(&mut self, violation: &Violation) -> bool {
        let stays = |&position: &usize| {
            let gradient = self.gradients.get(position);
            let (grow, shrink) = (self.grow.get(position), self.shrink.get(position));
            !(gradient + grow < violation.lowest && gradient + shrink > violation.highest)
        };
        let kept: Vec<usize> = (0..self.active.len()).filter(stays).collect();
        if (self.active.len() - kept.len()) * WORTH_SHRINKING < self.active.len() {
            return false;
        }
        self.active = kept.iter().map(|&position| self.active[position]).collect();
        let vectors: Vec<&[f64]> = self.active.iter().map(|&row| self.problem.vectors[row]).collect();
        self.blocks = Blocks::new(&vectors);
        self.diagonal.keep(&kept, 1.0);
        self.gradients.keep(&kept, 0.0);
        self.grow.keep(&kept, f64::NEG_INFINITY);
        self.shrink.keep(&kept, f64::INFINITY);
        self.cache.keep(&kept);
        true
    }

    pub(super) fn is_whole(&self) -> bool {
        self.active.len() == self.alphas.len()
    }

    /// Makes all rows active again.
    pub(super) fn restore(&mut self) {
        let mut gradients = vec![f64::NAN; self.alphas.len()];
        for (position, &row) in self.active.iter().enumerate() {
            gradients[row] = self.gradients.get(position);
        }
        let aside: Vec<usize> = (0..gradients.len()).filter(|&row| gradients[row].is_nan()).collect();
        let Problem { vectors, variables, .. } = self.problem.of_rows(&aside);
        for (row, gradient) in aside.into_iter().zip(self.gradients_of(&vectors, &variables)) {
            gradients[row] = gradient;
        }
        self.activate_all(&gradients);
    }

    /// (Row, signed alpha), the alphas not 0, the rows ascending.
    pub(super) fn nonzero_alphas(&self) -> Vec<(usize, f64)> {
        self.alphas.iter().copied().enumerate().filter(|&(_, alpha)| alpha != 0.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::penalty::Penalty;
    use crate::training::side::Side;

    fn problem<'a>(rows: &'a [[f64; 1]], sides: &[Side], c: f64) -> Problem<'a> {
        Problem {
            kernel: Kernel::Linear,
            vectors: rows.iter().map(|row| &row[..]).collect(),
            variables: Penalty { positive: c, negative: c }.variables(sides),
        }
    }

    #[test]
    fn a_machine_without_support_vectors_violates_the_conditions_by_two() {
        let sides = [Side::Positive, Side::Positive, Side::Negative, Side::Negative];
        let problem = problem(&[[1.0], [2.0], [-1.0], [-2.0]], &sides, 1.0);
        assert_eq!(Dual::new(&problem, 0).violation().gap(), 2.0);
    }

    #[test]
    fn one_step_solves_two_rows() {
        // The margin between 1 and -1: w = 1, so alpha = 1/2 on either side, and b = 0.
        let problem = problem(&[[1.0], [-1.0]], &[Side::Positive, Side::Negative], 10.0);
        let mut dual = Dual::new(&problem, 0);
        dual.step(&dual.violation());
        let violation = dual.violation();
        assert_eq!((violation.gap(), violation.highest + violation.lowest), (0.0, 0.0));
        assert_eq!(dual.nonzero_alphas(), [(0, 0.5), (1, -0.5)]);
    }

    #[test]
    fn a_step_stops_at_the_bound() {
        let problem = problem(&[[1.0], [-1.0]], &[Side::Positive, Side::Negative], 0.1);
        let mut dual = Dual::new(&problem, 0);
        dual.step(&dual.violation());
        assert_eq!(dual.nonzero_alphas(), [(0, 0.1), (1, -0.1)]);
    }

    #[test]
    fn rows_that_were_set_aside_come_back_with_their_gradients() {
        let rows: Vec<[f64; 1]> =
            (0..40).map(|row| [f64::from(row % 20) + if row < 20 { 0.5 } else { -19.5 }]).collect();
        let sides: Vec<Side> = (0..40).map(|row| if row < 20 { Side::Positive } else { Side::Negative }).collect();
        let problem = problem(&rows, &sides, 1.0);
        let mut dual = Dual::new(&problem, 1 << 20);
        for _ in 0..5 {
            dual.step(&dual.violation());
        }
        assert!(dual.shrink(&dual.violation()) && !dual.is_whole());
        dual.restore();
        assert!(dual.is_whole());
        for (row, sum) in problem.sums(&dual.nonzero_alphas(), 0.0, &problem.vectors).into_iter().enumerate() {
            assert!((dual.gradients.get(row) - (sides[row].sign() - sum)).abs() < 1e-12);
        }
    }
}
