//! What a training can be told.

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::penalty::ClassWeights;
use crate::model::kernel::Kernel;
use crate::model::scaler::mean_and_variance;

/// How gamma is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gamma {
    /// 1 / (number of features × variance of all scaled values), as scikit-learn's "scale".
    Scale,
    /// This number, above 0.
    Value(f64),
}

/// The options of a training. Together with the data they determine the model to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainOptions {
    /// The kernel of every class pair.
    pub kernel: Kernel<Gamma>,
    /// The price of a row on the wrong side of the margin, above 0.
    pub c: f64,
    /// How C is shared out among the classes.
    #[serde(default, skip_serializing_if = "ClassWeights::is_equal")]
    pub class_weights: ClassWeights,
    /// Draws the folds and the solver's order of rows. scikit-learn's
    /// `SVC(probability=True, random_state=seed)` calibrates on the very same folds.
    pub seed: u32,
    /// The largest violation of the optimality conditions (KKT) that is accepted, in units of the
    /// decision value.
    pub tolerance: f64,
    /// Passes over the rows that the solver may take at most, for each class pair.
    pub max_epochs: usize,
    /// Steps that may finish a solution at most, where more epochs change nothing.
    pub max_finishing_steps: usize,
}

impl Default for TrainOptions {
    /// scikit-learn's defaults for kernel and C; a tenth of its tolerance, which costs little here
    /// and leaves less to chance.
    fn default() -> Self {
        Self {
            kernel: Kernel::Rbf { gamma: Gamma::Scale },
            c: 1.0,
            class_weights: ClassWeights::Equal,
            seed: 0,
            tolerance: 1e-4,
            max_epochs: 64,
            // A second or so on a thousand rows. Hard problems (C = 1000) take a tenth of it.
            max_finishing_steps: 1_000_000,
        }
    }
}

impl TrainOptions {
    pub(super) fn check(&self) -> Result<(), TrainError> {
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let gamma = |gamma| match gamma {
            Gamma::Scale => 1.0,
            Gamma::Value(value) => value,
        };
        let checks = [
            ("kernel", self.kernel.map_gamma(gamma).has_valid_parameters()),
            ("C", positive(self.c)),
            ("tolerance", positive(self.tolerance)),
            ("number of epochs", self.max_epochs > 0),
        ];
        match checks.into_iter().find(|(_, valid)| !valid) {
            None => Ok(()),
            Some((what, _)) => Err(TrainError::Option { what }),
        }
    }

    /// The kernel with its gamma, for these scaled rows.
    pub(super) fn resolve_kernel(&self, scaled: &[Vec<f64>]) -> Kernel {
        self.kernel.map_gamma(|gamma| match gamma {
            Gamma::Scale => scale_gamma(scaled),
            Gamma::Value(value) => value,
        })
    }
}

fn scale_gamma(scaled: &[Vec<f64>]) -> f64 {
    let features = scaled.first().map_or(0, Vec::len);
    let values = scaled.iter().flatten().copied();
    let (_, variance) = mean_and_variance(values);
    if variance > 0.0 { 1.0 / (features as f64 * variance) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_is_one_over_features_times_variance() {
        let options = TrainOptions::default();
        let kernel = options.resolve_kernel(&[vec![1.0, 5.0], vec![3.0, 7.0]]);
        assert_eq!(kernel, Kernel::Rbf { gamma: 0.1 });
        let constant = options.resolve_kernel(&[vec![0.0], vec![0.0]]);
        assert_eq!(constant, Kernel::Rbf { gamma: 1.0 });
    }

    #[test]
    fn options_out_of_range_are_named() {
        let valid = TrainOptions::default();
        assert!(valid.check().is_ok());
        let kernel = Kernel::Rbf { gamma: Gamma::Value(0.0) };
        let cases = [
            (TrainOptions { kernel, ..valid }, "kernel"),
            (TrainOptions { c: -1.0, ..valid }, "C"),
            (TrainOptions { tolerance: f64::NAN, ..valid }, "tolerance"),
            (TrainOptions { max_epochs: 0, ..valid }, "number of epochs"),
        ];
        for (options, name) in cases {
            assert!(matches!(options.check(), Err(TrainError::Option { what }) if what == name));
        }
    }
}
