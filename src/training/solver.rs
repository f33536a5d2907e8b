//! One binary support vector machine: smartcore's solver, run until it is done.
//!
//! The solver is LaSVM (A. Bordes, S. Ertekin, J. Weston and L. Bottou, "Fast kernel classifiers
//! with online and active learning", JMLR 6, 2005). It passes over the rows a given number of
//! times, and does not check whether the result is optimal. This file checks it, for every row, and
//! doubles the number of passes until it is.
//!
//! With a small C and classes that overlap, all support vectors may be at the bound. Then smartcore
//! takes in one row at a time, and drops it before a row comes that it could be paired with, so more
//! passes change nothing. From there on, steps over all rows finish the work.
//!
//! smartcore knows only one C. If the two classes have different ones, it solves the problem for the
//! smaller one, and the steps start from there.

use std::mem;

use serde::Deserialize;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::svm::svc::{SVC, SVCParameters};

use super::dual::{Dual, Problem};
use super::error::TrainError;
use super::gram::Gram;
use crate::model::{Convergence, Outcome};

/// The machine of one pair: `f(x) = intercept + Σ alpha · K(x, row)`.
pub(super) struct Solution {
    pub(super) intercept: f64,
    /// (Row, signed alpha), the alphas not 0, the rows ascending.
    pub(super) alphas: Vec<(usize, f64)>,
    pub(super) convergence: Convergence,
}

impl Solution {
    pub(super) fn decision(&self, gram: &Gram, row: usize) -> f64 {
        self.alphas.iter().fold(self.intercept, |sum, &(other, alpha)| sum + alpha * gram.get(row, other))
    }
}

/// smartcore's default number of epochs, to start from.
const FIRST_EPOCHS: usize = 2;

/// Trains on `rows` of the pair, which are ascending and of both sides.
pub(super) fn solve(problem: Problem<'_>, rows: &[usize]) -> Result<Solution, TrainError> {
    let Problem { penalty, options, .. } = problem;
    let run = |epochs| Ok::<_, TrainError>(Dual::new(problem, rows, run_epochs(problem, rows, epochs)?));
    let mut epochs = FIRST_EPOCHS.min(options.max_epochs);
    let mut dual = run(epochs)?;
    let mut gap = dual.violation().gap;
    let most_epochs = if penalty.smaller() < penalty.larger() { epochs } else { options.max_epochs };
    while gap > options.tolerance && epochs < most_epochs {
        epochs = epochs.saturating_mul(2).min(most_epochs);
        dual = run(epochs)?;
        let before = mem::replace(&mut gap, dual.violation().gap);
        if gap >= before {
            break;
        }
    }
    let mut finishing_steps = 0;
    if gap > options.tolerance {
        // Half of the tolerance, so that a rounding error cannot lift the final gap above it.
        finishing_steps = dual.finish(options.tolerance / 2.0, options.max_finishing_steps);
    }
    let violation = dual.violation();
    let outcome = if violation.gap <= options.tolerance { Outcome::Converged } else { Outcome::EpochsExhausted };
    Ok(Solution {
        intercept: dual.intercept(&violation),
        convergence: Convergence { outcome, epochs, finishing_steps, kkt_gap: violation.gap.max(0.0) },
        alphas: rows.iter().copied().zip(dual.into_alphas()).filter(|&(_, alpha)| alpha != 0.0).collect(),
    })
}

/// What smartcore's machine holds; only serde can read it.
#[derive(Deserialize)]
struct Fitted {
    /// The support vectors: row numbers.
    instances: Vec<[f64; 1]>,
    /// The signed alphas.
    w: Vec<f64>,
}

/// smartcore's signed alphas, parallel to `rows`.
fn run_epochs(problem: Problem<'_>, rows: &[usize], epochs: usize) -> Result<Vec<f64>, TrainError> {
    let Problem { gram, sides, penalty, options } = problem;
    let numbers = rows.iter().map(|&row| row as f64).collect();
    let x = DenseMatrix::new(rows.len(), 1, numbers, false)?;
    let y: Vec<i32> = rows.iter().map(|&row| sides[row].label()).collect();
    let parameters = SVCParameters::default()
        .with_epoch(epochs)
        .with_c(penalty.smaller())
        .with_tol(options.tolerance)
        .with_kernel(gram.clone())
        .with_seed(Some(u64::from(options.seed)));
    let machine = SVC::fit(&x, &y, &parameters)?;
    let fitted: Fitted = serde_json::from_value(serde_json::to_value(&machine)?)?;
    let mut alphas = vec![0.0; rows.len()];
    for ([row], alpha) in fitted.instances.into_iter().zip(fitted.w) {
        if let Ok(position) = rows.binary_search(&(row as usize)) {
            alphas[position] = alpha;
        }
    }
    Ok(alphas)
}

#[cfg(test)]
mod tests {
    use super::super::folds::calibration_folds;
    use super::*;
    use crate::model::{Kernel, TrainOptions};
    use crate::training::side::Side;
    use rand_mt::Mt;
    use smartcore::svm::Kernels;

    const GAMMA: f64 = 0.3;

    /// Two overlapping clouds in the plane.
    fn clouds(rows: usize) -> (Vec<Vec<f64>>, Vec<Side>) {
        let mut rng = Mt::new(5);
        let mut uniform = || f64::from(rng.next_u32()) / f64::from(u32::MAX) - 0.5;
        (0..rows)
            .map(|row| {
                let side = [Side::Positive, Side::Negative][row % 2];
                let centre = 0.4 * side.sign();
                (vec![centre + 2.0 * uniform(), 2.0 * uniform()], side)
            })
            .unzip()
    }

    fn gram(rows: &[Vec<f64>], c: f64) -> Gram {
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        Gram::new(&Kernel::Rbf { gamma: GAMMA }, &rows, c).unwrap()
    }

    #[test]
    fn a_solution_is_the_one_that_smartcore_finds_on_the_rows_themselves() {
        let (rows, sides) = clouds(60);
        let options = TrainOptions { tolerance: 1e-10, ..TrainOptions::default() };
        let all: Vec<usize> = (0..rows.len()).collect();
        let gram = gram(&rows, options.c);
        let solution = solve(Problem::of_equal_weights(&gram, &sides, &options), &all).unwrap();
        assert_eq!(solution.convergence.finishing_steps, 0);

        let x = DenseMatrix::from_2d_vec(&rows).unwrap();
        let y: Vec<i32> = sides.iter().map(|side| side.label()).collect();
        let parameters = SVCParameters::default()
            .with_epoch(solution.convergence.epochs)
            .with_tol(options.tolerance)
            .with_kernel(Kernels::rbf().with_gamma(GAMMA))
            .with_seed(Some(u64::from(options.seed)));
        let machine = SVC::fit(&x, &y, &parameters).unwrap();
        for (row, expected) in machine.decision_function(&x).unwrap().iter().enumerate() {
            assert!((solution.decision(&gram, row) - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn a_converged_solution_satisfies_the_optimality_conditions_of_every_row() {
        let (rows, sides) = clouds(200);
        for c in [0.01, 1.0, 100.0] {
            let options = TrainOptions { c, ..TrainOptions::default() };
            let all: Vec<usize> = (0..rows.len()).collect();
            let gram = gram(&rows, c);
            let solution = solve(Problem::of_equal_weights(&gram, &sides, &options), &all).unwrap();
            assert_eq!(solution.convergence.outcome, Outcome::Converged);
            // The margins, in the words of a textbook.
            let slack = 2.0 * options.tolerance;
            for row in all {
                let margin = sides[row].sign() * solution.decision(&gram, row);
                let alpha = solution.alphas.iter().find(|&&(other, _)| other == row);
                match alpha.map_or(0.0, |(_, alpha)| alpha.abs()) {
                    0.0 => assert!(margin > 1.0 - slack),
                    alpha if alpha < c * (1.0 - 1e-9) => assert!((margin - 1.0).abs() < slack),
                    _ => assert!(margin < 1.0 + slack),
                }
            }
            let sum: f64 = solution.alphas.iter().map(|(_, alpha)| alpha).sum();
            assert!(sum.abs() < 1e-9 * c);
        }
    }

    #[test]
    fn where_more_epochs_change_nothing_the_finishing_steps_do() {
        let (rows, sides) = clouds(40);
        let options = TrainOptions { c: 0.01, ..TrainOptions::default() };
        let unfinished = TrainOptions { max_finishing_steps: 0, ..options };
        let gram = gram(&rows, options.c);
        let mut stuck = 0;
        for seed in 0..10 {
            for mut fold in calibration_folds(rows.len(), seed) {
                fold.train.sort_unstable();
                let converged = |options: &TrainOptions| {
                    solve(Problem::of_equal_weights(&gram, &sides, options), &fold.train).unwrap().convergence
                };
                let without = converged(&unfinished);
                if without.outcome == Outcome::EpochsExhausted && without.epochs < options.max_epochs {
                    stuck += 1;
                }
                assert_eq!(converged(&options).outcome, Outcome::Converged);
            }
        }
        assert!(stuck > 0);
    }
}
