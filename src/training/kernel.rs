//! The kernel of a training: its gamma may depend on the data.

use super::scaling::mean_and_variance;
use crate::model::{Gamma, Kernel, TrainOptions};

/// The kernel with its gamma, for these scaled rows.
pub(super) fn resolve_kernel(options: &TrainOptions, scaled: &[Vec<f64>]) -> Kernel {
    options.kernel.map_gamma(|gamma| match gamma {
        Gamma::Scale => scale_gamma(scaled),
        Gamma::Value(value) => value,
    })
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
        let kernel = resolve_kernel(&options, &[vec![1.0, 5.0], vec![3.0, 7.0]]);
        assert_eq!(kernel, Kernel::Rbf { gamma: 0.1 });
        let constant = resolve_kernel(&options, &[vec![0.0], vec![0.0]]);
        assert_eq!(constant, Kernel::Rbf { gamma: 1.0 });
    }
}
