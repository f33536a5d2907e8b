//! Refusals before a training begins.

use super::data::Dataset;
use super::error::TrainError;
use crate::model::{Gamma, TrainOptions};

/// Refuses options that are out of range, and data that cannot be trained on.
pub(super) fn check(data: &Dataset, options: &TrainOptions) -> Result<(), TrainError> {
    check_options(options)?;
    // With a single row of a class, the fold that tests it would train without the class.
    if let Some((class, &rows)) = data.rows_per_class().iter().enumerate().find(|(_, rows)| **rows < 2) {
        return Err(TrainError::RareClass { class: data.classes[class].clone(), rows });
    }
    Ok(())
}

fn check_options(options: &TrainOptions) -> Result<(), TrainError> {
    let positive = |number: f64| number.is_finite() && number > 0.0;
    let gamma = |gamma| match gamma {
        Gamma::Scale => 1.0,
        Gamma::Value(value) => value,
    };
    let checks = [
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
    fn options_out_of_range_are_named() {
        let valid = TrainOptions::default();
        assert!(check_options(&valid).is_ok());
        let kernel = Kernel::Rbf { gamma: Gamma::Value(0.0) };
        let cases = [
            (TrainOptions { kernel, ..valid }, "kernel"),
            (TrainOptions { c: -1.0, ..valid }, "C"),
            (TrainOptions { tolerance: f64::NAN, ..valid }, "tolerance"),
            (TrainOptions { max_steps: 0, ..valid }, "number of steps"),
        ];
        for (options, name) in cases {
            assert!(matches!(check_options(&options), Err(TrainError::Option { what }) if what == name));
        }
    }
}
