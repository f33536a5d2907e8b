//! Standard scaling: every feature to mean 0 and variance 1.

use serde::{Deserialize, Serialize};

/// Mean and standard deviation of each feature over the training rows.
///
/// smartcore's own scaler divides a constant column by 2e-308; here a constant column has scale 1,
/// as in scikit-learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scaler {
    /// One per feature, in the feature's unit.
    pub mean: Vec<f64>,
    /// One per feature, above 0, in the feature's unit.
    pub scale: Vec<f64>,
}

impl Scaler {
    /// One that leaves rows of so many features as they are.
    pub(crate) fn none(features: usize) -> Self {
        Self { mean: vec![0.0; features], scale: vec![1.0; features] }
    }

    /// Writes the scaled `row` into `scaled`, of the same length.
    pub(super) fn scale_into(&self, row: &[f64], scaled: &mut [f64]) {
        let parameters = self.mean.iter().zip(&self.scale);
        for ((scaled, value), (mean, scale)) in scaled.iter_mut().zip(row).zip(parameters) {
            *scaled = (value - mean) / scale;
        }
    }

    /// The row whose scaled values are `scaled`, within rounding.
    pub(crate) fn unscale(&self, scaled: &[f64]) -> Vec<f64> {
        let parameters = self.mean.iter().zip(&self.scale);
        scaled.iter().zip(parameters).map(|(value, (mean, scale))| value * scale + mean).collect()
    }

    pub(crate) fn scale(&self, row: &[f64]) -> Vec<f64> {
        let mut scaled = vec![0.0; row.len()];
        self.scale_into(row, &mut scaled);
        scaled
    }
}
