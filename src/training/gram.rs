//! The kernel values of a class pair's rows, computed once, as a kernel for smartcore.
//!
//! smartcore gets the numbers of the rows instead of the rows, and looks their kernel value up here
//! (in scikit-learn: `kernel="precomputed"`). The reasons:
//! * its own kernels call the C library's `exp`, whose last bit depends on the processor, while a
//!   training must give the same model everywhere;
//! * it would compute the kernel again in every step, and allocate memory each time;
//! * it would cut support vectors to as many features as there are rows;
//! * this way it returns a support vector as the number of its row.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smartcore::error::{Failed, FailedError};

use super::error::TrainError;
use crate::model::Kernel;

/// The largest gradient of the dual problem that is allowed. The solver's inner loop ends when two
/// gradients differ by less than 1000, and this must be much more than their rounding error.
const MAX_GRADIENT: f64 = 1e12;

/// The largest number of rows of a pair: they have 3.2 GB of kernel values, and take days to solve.
pub(super) const MAX_ROWS: usize = 20_000;

/// A symmetric matrix of kernel values, shared by every solution of a pair.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Gram {
    rows: usize,
    /// rows × rows. It is never serialised: smartcore's trait demands serde, but nobody uses it.
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
        // `max` ignores a NaN.
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
