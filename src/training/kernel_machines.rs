//! Machines with a kernel and one decision value: regression, and one class.

use super::dual::Problem;
use super::error::TrainError;
use super::kernel::resolve_kernel;
use super::magnitude::check_magnitude;
use super::scaling::{Scaled, mean_and_variance};
use super::shared_vectors::SharedVectors;
use super::solver::{Solution, solve};
use super::variable::Variable;
use crate::model::{Convergence, KernelMachine, TrainOptions};

/// Trains libsvm's epsilon-regression of `values`. The tolerance is in units of their deviation.
pub(super) fn regression(
    rows: &Scaled,
    values: &[f64],
    epsilon: f64,
    options: &TrainOptions,
    cache_bytes: usize,
) -> Result<(KernelMachine, Convergence), TrainError> {
    let kernel = resolve_kernel(options, &rows.rows);
    let vectors: Vec<&[f64]> = rows.rows.iter().map(Vec::as_slice).collect();
    check_magnitude(&kernel, &vectors, options.c)?;
    let variables = Variable::of_regression(values, options.c, epsilon);
    let problem = Problem { kernel, vectors, variables };
    let (_, variance) = mean_and_variance(values.iter().copied());
    let deviation = if variance > 0.0 { variance.sqrt() } else { 1.0 };
    let options = TrainOptions { tolerance: options.tolerance * deviation, ..*options };
    let solution = solve(&problem, &options, cache_bytes);
    let convergence = Convergence { kkt_gap: solution.convergence.kkt_gap / deviation, ..solution.convergence };
    Ok((machine(rows, &problem, &solution), convergence))
}

/// Trains B. Schölkopf et al., "Estimating the support of a high-dimensional distribution", Neural Computation 13
/// (2001), as libsvm does.
pub(super) fn one_class(
    rows: &Scaled,
    nu: f64,
    options: &TrainOptions,
    cache_bytes: usize,
) -> Result<(KernelMachine, Convergence), TrainError> {
    let kernel = resolve_kernel(options, &rows.rows);
    let vectors: Vec<&[f64]> = rows.rows.iter().map(Vec::as_slice).collect();
    check_magnitude(&kernel, &vectors, 1.0)?;
    let variables = Variable::of_one_class(vectors.len(), nu);
    let problem = Problem { kernel, vectors, variables };
    let solution = solve(&problem, options, cache_bytes);
    Ok((machine(rows, &problem, &solution), solution.convergence))
}

/// Equal rows become one support vector, with the sum of their coefficients.
fn machine(rows: &Scaled, problem: &Problem<'_>, solution: &Solution) -> KernelMachine {
    let mut shared = SharedVectors::default();
    let mut coefficients: Vec<f64> = Vec::new();
    for &(row, alpha) in &solution.alphas {
        let position = shared.position(&rows.rows[row]);
        coefficients.resize(coefficients.len().max(position + 1), 0.0);
        coefficients[position] += alpha;
    }
    let mut support_vectors = shared.into_vectors();
    if support_vectors.is_empty() {
        // All values within epsilon of a level: there is nothing to support, and a machine wants a vector.
        support_vectors.push(rows.rows[0].clone());
        coefficients.push(0.0);
    }
    KernelMachine {
        scaler: rows.scaler.clone(),
        kernel: problem.kernel,
        support_vectors,
        coefficients,
        intercept: solution.intercept,
    }
}
