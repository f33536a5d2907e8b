//! One support vector machine: sequential minimal optimisation, as libsvm does it.
//!
//! Each step solves the problem exactly for the two rows that gain most (Fan, Chen and Lin 2005). Rows
//! whose alphas stay at a bound are set aside now and then, and all are looked at again in the end: C.-C.
//! Chang and C.-J. Lin, "LIBSVM: a library for support vector machines", ACM TIST 2 (2011).

use super::dual::{Dual, Problem};
use crate::model::{Convergence, Outcome, TrainOptions};

/// One machine: `f(x) = intercept + Σ alpha · K(x, row)`.
pub(super) struct Solution {
    pub(super) intercept: f64,
    /// (Row, signed alpha), the alphas not 0, the rows ascending.
    pub(super) alphas: Vec<(usize, f64)>,
    pub(super) convergence: Convergence,
}

impl Solution {
    /// The decision value of every `x`. `problem` is the one that was solved.
    pub(super) fn decisions(&self, problem: &Problem<'_>, xs: &[&[f64]]) -> Vec<f64> {
        problem.sums(&self.alphas, self.intercept, xs)
    }
}

/// libsvm sets rows aside after so many steps, or as many as there are rows.
const SHRINK_EVERY: usize = 1000;

/// Solves a problem in which some alphas may grow and some shrink, with at most `cache_bytes` of kernel values in memory.
pub(super) fn solve(problem: &Problem<'_>, options: &TrainOptions, cache_bytes: usize) -> Solution {
    let mut dual = Dual::new(problem, cache_bytes);
    let mut violation = dual.violation();
    let shrink_every = SHRINK_EVERY.min(problem.vectors.len());
    let mut steps = 0;
    let mut shrink_at = shrink_every;
    loop {
        if violation.gap() <= options.tolerance || steps == options.max_steps {
            if dual.is_whole() {
                break;
            }
            dual.restore();
            violation = dual.violation();
            // Nearly all of them will be set aside again.
            shrink_at = steps + 1;
            continue;
        }
        if steps >= shrink_at {
            shrink_at = steps + shrink_every;
            if dual.shrink(&violation) {
                violation = dual.violation();
            }
        }
        dual.step(&violation);
        violation = dual.violation();
        steps += 1;
    }
    let outcome = if violation.gap() <= options.tolerance { Outcome::Converged } else { Outcome::StepsExhausted };
    Solution {
        // The middle between the two rows that are furthest from the optimum.
        intercept: (violation.highest + violation.lowest) / 2.0,
        alphas: dual.nonzero_alphas(),
        convergence: Convergence { outcome, epochs: None, steps, kkt_gap: violation.gap().max(0.0) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kernel;
    use crate::training::penalty::Penalty;
    use crate::training::side::Side;
    use crate::training::variable::Variable;
    use rand_mt::Mt;
    use smartcore::linalg::basic::matrix::DenseMatrix;
    use smartcore::svm::Kernels;
    use smartcore::svm::svc::{SVC, SVCParameters};
    use smartcore::svm::svr::{SVR, SVRParameters};

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

    fn problem<'a>(rows: &'a [Vec<f64>], sides: &[Side], penalty: Penalty) -> Problem<'a> {
        let vectors = rows.iter().map(Vec::as_slice).collect();
        Problem { kernel: Kernel::Rbf { gamma: GAMMA }, vectors, variables: penalty.variables(sides) }
    }

    fn equal(c: f64) -> Penalty {
        Penalty { positive: c, negative: c }
    }

    #[test]
    fn decision_values_are_those_of_smartcores_solver() {
        let (rows, sides) = clouds(60);
        let options = TrainOptions { tolerance: 1e-10, ..TrainOptions::default() };
        let problem = problem(&rows, &sides, equal(1.0));
        let solution = solve(&problem, &options, 1 << 20);
        let x = DenseMatrix::from_2d_vec(&rows).unwrap();
        let y: Vec<i32> = sides.iter().map(|side| side.label()).collect();
        let parameters = SVCParameters::default()
            .with_epoch(64)
            .with_tol(options.tolerance)
            .with_kernel(Kernels::rbf().with_gamma(GAMMA))
            .with_seed(Some(0));
        let machine = SVC::fit(&x, &y, &parameters).unwrap();
        let found = solution.decisions(&problem, &problem.vectors);
        for (found, expected) in found.iter().zip(machine.decision_function(&x).unwrap()) {
            assert!((found - expected).abs() < 1e-8, "{found} but smartcore has {expected}");
        }
    }

    #[test]
    fn a_solution_satisfies_the_optimality_conditions_of_every_row() {
        // So many rows are set aside and come back.
        let (rows, sides) = clouds(400);
        let penalties = [0.01, 1.0, 100.0].map(equal).into_iter().chain([Penalty { positive: 3.0, negative: 0.5 }]);
        for penalty in penalties {
            let options = TrainOptions::default();
            let problem = problem(&rows, &sides, penalty);
            let solution = solve(&problem, &options, 1 << 20);
            assert_eq!(solution.convergence.outcome, Outcome::Converged);
            // The margins, in the words of a textbook.
            let slack = 2.0 * options.tolerance;
            let mut alphas = vec![0.0; rows.len()];
            solution.alphas.iter().for_each(|&(row, alpha)| alphas[row] = alpha);
            for (row, decision) in solution.decisions(&problem, &problem.vectors).into_iter().enumerate() {
                let margin = sides[row].sign() * decision;
                let c = if sides[row] == Side::Positive { penalty.positive } else { penalty.negative };
                match sides[row].sign() * alphas[row] {
                    0.0 => assert!(margin > 1.0 - slack),
                    alpha if alpha < c => assert!(alpha > 0.0 && (margin - 1.0).abs() < slack),
                    alpha => assert!(alpha == c && margin < 1.0 + slack),
                }
            }
            let sum: f64 = alphas.iter().sum();
            assert!(sum.abs() < 1e-9 * penalty.larger());
        }
    }

    #[test]
    fn a_regression_has_the_values_of_smartcores_solver() {
        let (rows, _) = clouds(80);
        let values: Vec<f64> = rows.iter().map(|row| 3.0 * row[0] + row[1] * row[1]).collect();
        let (c, epsilon) = (2.0, 0.1);
        let vectors: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let problem = Problem {
            kernel: Kernel::Rbf { gamma: GAMMA },
            vectors: vectors.clone(),
            variables: Variable::of_regression(&values, c, epsilon),
        };
        let options = TrainOptions { tolerance: 1e-10, ..TrainOptions::default() };
        let solution = solve(&problem, &options, 1 << 20);
        assert_eq!(solution.convergence.outcome, Outcome::Converged);
        let x = DenseMatrix::from_2d_vec(&rows).unwrap();
        let parameters = SVRParameters::default().with_c(c).with_eps(epsilon).with_tol(1e-10);
        let parameters = parameters.with_kernel(Kernels::rbf().with_gamma(GAMMA));
        let expected = SVR::fit(&x, &values, &parameters).unwrap().predict(&x).unwrap();
        for (found, expected) in solution.decisions(&problem, &vectors).iter().zip(expected) {
            assert!((found - expected).abs() < 1e-8, "{found} but smartcore has {expected}");
        }
    }

    #[test]
    fn one_class_leaves_out_as_many_rows_as_it_is_told() {
        let (rows, _) = clouds(401);
        let vectors: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        for nu in [0.05, 0.31, 1.0] {
            let variables = Variable::of_one_class(vectors.len(), nu);
            let problem = Problem { kernel: Kernel::Rbf { gamma: GAMMA }, vectors: vectors.clone(), variables };
            let solution = solve(&problem, &TrainOptions::default(), 1 << 20);
            assert_eq!(solution.convergence.outcome, Outcome::Converged);
            let sum: f64 = solution.alphas.iter().map(|(_, alpha)| alpha).sum();
            assert!((sum - nu * 401.0).abs() < 1e-9);
            let outside = solution.decisions(&problem, &vectors).iter().filter(|&&value| value < -1e-3).count();
            // Schölkopf et al. 2001: nu is an upper bound of the share outside, and a lower bound of the share
            // of support vectors.
            assert!(outside as f64 <= nu * 401.0 && solution.alphas.len() as f64 >= nu * 401.0);
            assert!(outside as f64 >= 0.8 * nu * 401.0 || nu == 1.0, "{outside} of 401 outside");
        }
    }

    #[test]
    fn the_size_of_the_cache_changes_no_bit() {
        let (rows, sides) = clouds(300);
        let problem = problem(&rows, &sides, equal(10.0));
        let solve = |bytes| {
            let Solution { intercept, alphas, convergence } = solve(&problem, &TrainOptions::default(), bytes);
            (intercept, alphas, convergence)
        };
        assert_eq!(solve(0), solve(1 << 30));
    }
}
