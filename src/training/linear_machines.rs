//! Linear machines of what was fitted.

use super::linear::{Intercept, Logistic, Loss, Minimum, Problem, Softmax, SquaredHinge, least_squares, minimise};
use super::scaling::{Scaled, mean_and_variance};
use crate::model::{ClassIndex, Convergence, LinearMachine, Outcome, Output, TrainOptions};

/// Derivatives are followed down to this part of the tolerance: that takes another step or two.
const CLOSER: f64 = 1e-3;

/// Logistic regression, of more than two classes with one list of weights for each. As scikit-learn's, its
/// intercepts are free.
pub(super) fn logistic(
    rows: &Scaled,
    labels: &[ClassIndex],
    classes: usize,
    options: &TrainOptions,
) -> (LinearMachine, Output, Convergence) {
    let (costs, intercept) = (costs(labels, classes, options), Intercept::Free);
    let (rows_, costs) = (&rows.rows[..], &costs[..]);
    let (minimum, output) = if classes == 2 {
        let loss = Logistic { signs: signs(labels, 1) };
        (fit(&Problem { rows: rows_, costs, loss, intercept }, options), Output::Logistic)
    } else {
        let loss = Softmax { classes, labels };
        (fit(&Problem { rows: rows_, costs, loss, intercept }, options), Output::Softmax)
    };
    let convergence = convergence(&minimum, options);
    (machine(rows, &minimum.point), output, convergence)
}

/// A linear support vector machine of each class against the others, of two classes one. As scikit-learn's
/// LinearSVC, it holds the intercept small, too.
pub(super) fn linear_svc(
    rows: &Scaled,
    labels: &[ClassIndex],
    classes: usize,
    options: &TrainOptions,
) -> (LinearMachine, Output, Convergence) {
    let costs = costs(labels, classes, options);
    let mut point = Vec::new();
    let mut worst = Convergence::BEST;
    for class in if classes == 2 { 1..2 } else { 0..classes } {
        let loss = SquaredHinge { signs: signs(labels, class) };
        let problem = Problem { rows: &rows.rows, costs: &costs, loss, intercept: Intercept::Penalised };
        let minimum = fit(&problem, options);
        worst = worst.worst(convergence(&minimum, options));
        point.extend(minimum.point);
    }
    (machine(rows, &point), Output::Margins, worst)
}

/// Least squares; above 0, `alpha` holds the weights small.
pub(super) fn least(rows: &Scaled, values: &[f64], alpha: f64) -> LinearMachine {
    let columns = rows.scaler.mean.len();
    let (mean, _) = mean_and_variance(values.iter().copied());
    // The columns have mean 0 already: the intercept is the mean of the values.
    let mut all = rows.rows.clone();
    let mut targets: Vec<f64> = values.iter().map(|value| value - mean).collect();
    if alpha > 0.0 {
        let root = alpha.sqrt();
        all.extend((0..columns).map(|column| (0..columns).map(|at| if at == column { root } else { 0.0 }).collect()));
        targets.resize(all.len(), 0.0);
    }
    let mut point = least_squares(all, targets);
    point.push(mean);
    machine(rows, &point)
}

fn fit<L: Loss>(problem: &Problem<'_, L>, options: &TrainOptions) -> Minimum {
    minimise(problem, CLOSER * options.tolerance, options.max_steps)
}

fn convergence(minimum: &Minimum, options: &TrainOptions) -> Convergence {
    let outcome = if minimum.gap <= options.tolerance { Outcome::Converged } else { Outcome::StepsExhausted };
    Convergence { outcome, epochs: None, steps: minimum.steps, kkt_gap: minimum.gap }
}

/// C of each row, times the weight of its class.
fn costs(labels: &[ClassIndex], classes: usize, options: &TrainOptions) -> Vec<f64> {
    let weights = options.class_weights.of(labels, classes);
    labels.iter().map(|&label| options.c * weights[label]).collect()
}

fn signs(labels: &[ClassIndex], positive: ClassIndex) -> Vec<f64> {
    labels.iter().map(|&label| if label == positive { 1.0 } else { -1.0 }).collect()
}

/// Of a list of weights for each decision value, its intercept last.
fn machine(rows: &Scaled, point: &[f64]) -> LinearMachine {
    let columns = rows.scaler.mean.len();
    let lists = || point.chunks_exact(columns + 1);
    LinearMachine {
        scaler: rows.scaler.clone(),
        weights: lists().map(|list| list[..columns].to_vec()).collect(),
        intercepts: lists().map(|list| list[columns]).collect(),
    }
}
