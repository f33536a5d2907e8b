//! The kernel values of a class pair's rows, computed once, as a kernel for smartcore.
//!
//! smartcore is given the numbers of the rows instead of the rows, and looks their kernel value up
//! here (scikit-learn's `kernel="precomputed"`). That is done because
//! * its own kernels call the C library's `exp`, whose last bit depends on the processor, and the
//!   model is to come out the same everywhere;
//! * it evaluates the kernel anew in every step, allocating each time;
//! * it cuts support vectors to as many features as there are rows;
//! * a support vector comes back as the number of its row.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smartcore::error::{Failed, FailedError};

use super::error::TrainError;
use crate::model::Kernel;

/// Largest size that a gradient of the dual problem may reach: the solver's inner loop ends when
/// two gradients differ by less than 1000, which must stay well above their rounding error.
const MAX_GRADIENT: f64 = 1e12;

/// Most rows of a pair: 3.2 GB of kernel values. The solver would take days with as many.
pub(super) const MAX_ROWS: usize = 20_000;

/// A symmetric matrix of kernel values, shared by every solution of a pair.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Gram {
    rows: usize,
    /// rows × rows. Not serialised: smartcore's trait wants serde, nobody uses it.
    #[serde(skip)]
    values: Arc<Vec<f64>>,
}

impl Gram {
    /// The kernel values of scaled `rows`, for solutions with penalties up to `c`.
    pub(super) fn new(kernel: &Kernel, rows: &[&[f64]], c: f64) -> Result<Self, TrainError> {
        if rows.len() > MAX_ROWS {
            return Err(TrainError::TooManyRows { rows: rows.len(), most: MAX_ROWS });
        }
        let mut values = Vec::with_capacity(rows.len() * rows.len());
        for x in rows {
            values.extend(rows.iter().map(|y| kernel.evaluate(x, y)));
        }
        let largest = values.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
        // `max` passes over a NaN.
        let finite = values.iter().all(|value| value.is_finite());
        if !finite || largest * c * rows.len() as f64 > MAX_GRADIENT {
            return Err(TrainError::KernelTooLarge { largest });
        }
        Ok(Self { rows: rows.len(), values: Arc::new(values) })
    }

    /// The kernel value of two rows.
    pub(super) fn get(&self, row: usize, other: usize) -> f64 {
        self.values[row * self.rows + other]
    }
}

#[typetag::serde(name = "rowscore::Gram")]
impl smartcore::svm::Kernel for Gram {
    fn apply(&self, x_i: &Vec<f64>, x_j: &Vec<f64>) -> Result<f64, Failed> {
        let (&[row], &[other]) = (x_i.as_slice(), x_j.as_slice()) else {
            return Err(Failed::because(FailedError::ParametersError, "not a row number"));
        };
        Ok(self.get(row as usize, other as usize))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_rows_than_the_memory_is_meant_for_are_refused() {
        let rows = vec![&[1.0][..]; MAX_ROWS + 1];
        let error = Gram::new(&Kernel::Linear, &rows, 1.0).unwrap_err();
        assert!(matches!(error, TrainError::TooManyRows { rows: 20_001, most: 20_000 }));
    }

    #[test]
    fn kernel_values_that_the_solver_cannot_handle_are_refused() {
        let gram = |x: f64, c| Gram::new(&Kernel::Linear, &[&[x], &[1.0]], c);
        assert!(gram(100.0, 1.0).is_ok());
        for (x, c) in [(1e10, 1.0), (100.0, 1e9), (1e200, 1.0), (f64::NAN, 1.0)] {
            assert!(matches!(gram(x, c), Err(TrainError::KernelTooLarge { .. })));
        }
    }
}
