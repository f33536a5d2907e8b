//! Refusals before a training begins.

use super::data::{Dataset, Task};
use super::error::TrainError;
use super::folds::FOLDS;
use crate::model::{Gamma, Method, PredictionKind, TrainOptions};

/// Refuses options that are out of range, and data that cannot be trained on.
pub(super) fn check(data: &Dataset, options: &TrainOptions) -> Result<(), TrainError> {
    check_options(options)?;
    check_method(data.task(), options.method)?;
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

fn check_options(options: &TrainOptions) -> Result<(), TrainError> {
    let positive = |number: f64| number.is_finite() && number > 0.0;
    let gamma = |gamma| match gamma {
        Gamma::Scale => 1.0,
        Gamma::Value(value) => value,
    };
    let of_method = match options.method {
        Method::Svr { epsilon } => ("epsilon", epsilon.is_finite() && epsilon >= 0.0),
        Method::OneClass { nu } => ("nu", nu > 0.0 && nu <= 1.0),
        Method::Ridge { alpha } => ("alpha", alpha.is_finite() && alpha >= 0.0),
        Method::Svc | Method::Logistic | Method::LinearSvc | Method::Linear => ("model", true),
    };
    let checks = [
        of_method,
        ("kernel", options.kernel.map_gamma(gamma).has_valid_parameters()),
        ("C", positive(options.c)),
        ("tolerance", positive(options.tolerance)),
        ("number of steps", options.max_steps > 0),
    ];
    match checks.into_iter().find(|(_, valid)| !valid) {
        None => Ok(()),
        Some((what, _)) => Err(TrainError::Option { what }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kernel;

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
        let kernel = Kernel::Rbf { gamma: Gamma::Value(0.0) };
        let cases = [
            (TrainOptions { kernel, ..valid }, "kernel"),
            (TrainOptions { c: -1.0, ..valid }, "C"),
            (TrainOptions { tolerance: f64::NAN, ..valid }, "tolerance"),
            (TrainOptions { max_steps: 0, ..valid }, "number of steps"),
            (TrainOptions { method: Method::Svr { epsilon: -1.0 }, ..valid }, "epsilon"),
            (TrainOptions { method: Method::OneClass { nu: 1.5 }, ..valid }, "nu"),
            (TrainOptions { method: Method::Ridge { alpha: f64::NAN }, ..valid }, "alpha"),
        ];
        for (options, name) in cases {
            assert!(matches!(check_options(&options), Err(TrainError::Option { what }) if what == name));
        }
    }
}
