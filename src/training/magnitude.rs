//! Refusal of kernel values that are too large to compute with.

use super::error::TrainError;
use crate::model::Kernel;

/// The largest gradient of the dual problem that is allowed. Gradients are compared with a tolerance far
/// below 1, and this must be much more than their rounding error.
const MAX_GRADIENT: f64 = 1e12;

/// Refuses scaled `rows` whose kernel values may be too large for penalties up to `c`.
pub(super) fn check_magnitude(kernel: &Kernel, rows: &[&[f64]], c: f64) -> Result<(), TrainError> {
    let norm = |row: &&[f64]| row.iter().map(|value| value * value).sum::<f64>();
    let norms: Vec<f64> = rows.iter().map(norm).collect();
    let norm = norms.iter().copied().fold(0.0, f64::max);
    // No kernel value is larger (Cauchy and Schwarz).
    let largest = match *kernel {
        Kernel::Linear => norm,
        Kernel::Polynomial { degree, gamma, coef0 } => libm::pow(gamma * norm + coef0.abs(), f64::from(degree)),
        Kernel::Rbf { .. } | Kernel::Sigmoid { .. } => 1.0,
    };
    // `max` ignores a NaN.
    if norms.iter().all(|norm| norm.is_finite()) && largest * c * rows.len() as f64 <= MAX_GRADIENT {
        return Ok(());
    }
    Err(TrainError::KernelTooLarge { largest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_values_that_the_solver_cannot_handle_are_refused() {
        let check = |x: f64, c| check_magnitude(&Kernel::Linear, &[&[x], &[1.0]], c);
        assert!(check(100.0, 1.0).is_ok());
        for (x, c) in [(1e7, 1.0), (100.0, 1e9), (1e200, 1.0), (f64::NAN, 1.0)] {
            assert!(matches!(check(x, c), Err(TrainError::KernelTooLarge { .. })));
        }
        let steep = Kernel::Polynomial { degree: 9, gamma: 1.0, coef0: -1.0 };
        assert!(check_magnitude(&steep, &[&[10.0]], 1.0).is_err());
    }
}
