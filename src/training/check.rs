//! Refusals before a training begins.

use super::data::{Dataset, Target, Task};
use super::error::TrainError;
use super::folds::FOLDS;
use super::scaling::mean_and_variance;
use crate::model::{Gamma, Kernel, Method, PredictionKind, TrainOptions};

/// Refuses options that are out of range, and data that cannot be trained on.
pub(super) fn check(data: &Dataset, options: &TrainOptions) -> Result<(), TrainError> {
    check_options(options)?;
    check_method(data.task(), options.method)?;
    check_labels(&data.target)?;
    if data.rows.len() < FOLDS && data.classes().is_empty() {
        return Err(TrainError::TooFewRows { rows: data.rows.len(), least: FOLDS });
    }
    // With a single row of a class, the fold that tests it would train without the class.
    if let Some((class, &rows)) = data.rows_per_class().iter().enumerate().find(|(_, rows)| **rows < 2) {
        return Err(TrainError::RareClass { class: data.classes()[class].clone(), rows });
    }
    Ok(())
}

/// Refuses a method that does not learn what is asked for.
fn check_method(task: Task, method: Method) -> Result<(), TrainError> {
    let fits = match task {
        Task::Classification => matches!(method.gives(), PredictionKind::Probabilities | PredictionKind::Margins),
        Task::Regression => method.gives() == PredictionKind::Value,
        Task::OneClass => method.gives() == PredictionKind::Score,
    };
    if fits { Ok(()) } else { Err(TrainError::unfit(task, method)) }
}

/// What an option may be: in words, and whether a number is.
type Range = (&'static str, fn(f64) -> bool);

const ABOVE_ZERO: Range = ("a number above 0", |number| number.is_finite() && number > 0.0);
const FROM_ZERO: Range = ("0 or a number above it", |number| number.is_finite() && number >= 0.0);
const SHARE: Range = ("a number above 0, up to 1", |number| number > 0.0 && number <= 1.0);
const FINITE: Range = ("a finite number", f64::is_finite);
const COUNT: Range = ("a whole number from 1 on", |number| number >= 1.0);

fn check_options(options: &TrainOptions) -> Result<(), TrainError> {
    let of_method = match options.method {
        Method::Svr { epsilon } => Some(("epsilon", epsilon, FROM_ZERO)),
        Method::OneClass { nu } => Some(("nu", nu, SHARE)),
        Method::Ridge { alpha } => Some(("alpha", alpha, FROM_ZERO)),
        Method::Svc | Method::Logistic | Method::LinearSvc | Method::Linear => None,
    };
    let of_all = [
        ("C", options.c, ABOVE_ZERO),
        ("tolerance", options.tolerance, ABOVE_ZERO),
        ("number of steps", options.max_steps as f64, COUNT),
    ];
    let mut options = of_method.into_iter().chain(of_kernel(options.kernel)).chain(of_all);
    match options.find(|(_, number, (_, accepts))| !accepts(*number)) {
        None => Ok(()),
        Some((what, number, (accepted, _))) => Err(TrainError::Option { what, found: number.to_string(), accepted }),
    }
}

/// The kernel's own options.
fn of_kernel(kernel: Kernel<Gamma>) -> Vec<(&'static str, f64, Range)> {
    let gamma = |gamma| match gamma {
        // It follows from the rows.
        Gamma::Scale => ("gamma", 1.0, ABOVE_ZERO),
        Gamma::Value(value) => ("gamma", value, ABOVE_ZERO),
    };
    match kernel {
        Kernel::Linear => Vec::new(),
        Kernel::Rbf { gamma: width } => vec![gamma(width)],
        Kernel::Polynomial { degree, gamma: width, coef0 } => {
            vec![("degree", f64::from(degree), COUNT), gamma(width), ("coef0", coef0, FINITE)]
        }
        Kernel::Sigmoid { gamma: width, coef0 } => vec![gamma(width), ("coef0", coef0, FINITE)],
    }
}

/// Refuses labels whose squares overflow: no figure of such a model would be a number.
fn check_labels(target: &Target) -> Result<(), TrainError> {
    let Target::Values(values) = target else { return Ok(()) };
    let (mean, variance) = mean_and_variance(values.iter().copied());
    if mean.is_finite() && variance.is_finite() { Ok(()) } else { Err(TrainError::label_too_large(values)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_learns_something_else_is_told_which_do() {
        assert!(check_method(Task::Regression, Method::Ridge { alpha: 1.0 }).is_ok());
        let message = check_method(Task::Regression, Method::Logistic).unwrap_err().to_string();
        assert_eq!(message, "`--model logistic` learns no regression; for regression there are: svm, linear, ridge");
    }

    #[test]
    fn options_out_of_range_are_named() {
        let valid = TrainOptions::default();
        assert!(check_options(&valid).is_ok());
        let rbf = |gamma| Kernel::Rbf { gamma: Gamma::Value(gamma) };
        let polynomial = |degree, coef0| Kernel::Polynomial { degree, gamma: Gamma::Scale, coef0 };
        let cases = [
            (
                TrainOptions { kernel: rbf(0.0), ..valid },
                "gamma is 0, which is out of range; accepted: a number above 0",
            ),
            (
                TrainOptions { kernel: polynomial(0, 0.0), ..valid },
                "degree is 0, which is out of range; accepted: a whole",
            ),
            (TrainOptions { kernel: polynomial(1, f64::INFINITY), ..valid }, "coef0 is inf, which is out of range"),
            (TrainOptions { c: -1.0, ..valid }, "C is -1, which is out of range; accepted: a number above 0"),
            (TrainOptions { tolerance: f64::NAN, ..valid }, "tolerance is NaN, "),
            (TrainOptions { max_steps: 0, ..valid }, "number of steps is 0, "),
            (TrainOptions { method: Method::Svr { epsilon: -1.0 }, ..valid }, "epsilon is -1, "),
            (
                TrainOptions { method: Method::OneClass { nu: 1.5 }, ..valid },
                "nu is 1.5, which is out of range; accepted: a",
            ),
            (TrainOptions { method: Method::Ridge { alpha: f64::NAN }, ..valid }, "alpha is NaN, "),
        ];
        for (options, expected) in cases {
            let message = check_options(&options).unwrap_err().to_string();
            assert!(message.starts_with(expected), "{expected}: {message}");
        }
        for kernel in [Kernel::Linear, polynomial(2, -1.0), Kernel::Sigmoid { gamma: Gamma::Value(0.5), coef0: 1.0 }] {
            assert!(check_options(&TrainOptions { kernel, ..valid }).is_ok());
        }
    }

    #[test]
    fn labels_whose_squares_overflow_are_refused_before_the_work() {
        assert!(check_labels(&Target::Values(vec![1e153, -1e153])).is_ok());
        for (values, largest) in [([1e308, -1e308], "1e308"), ([1e308, 1e308], "1e308"), ([-1e155, 0.0], "1e155")] {
            let message = check_labels(&Target::Values(values.to_vec())).unwrap_err().to_string();
            assert!(message.contains(&format!("(the largest label is {largest})")), "{message}");
        }
    }
}
