//! The four kernels of libsvm and smartcore, computed to the same bits on every machine.

use serde::{Deserialize, Serialize};

/// A kernel function `K(x, y)` on scaled rows.
///
/// `G` says how gamma is given: a number in a trained model, or [`Gamma`](super::Gamma) in the
/// options of a training, where it may still depend on the data.
///
/// Only additions, multiplications and `libm`'s functions are used: the C library's own `exp` and
/// `tanh` differ in the last bit between processors.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Kernel<G = f64> {
    /// `x·y`
    Linear,
    /// `exp(-gamma |x - y|²)`
    Rbf {
        /// Inverse width of the Gaussian, above 0.
        gamma: G,
    },
    /// `(gamma x·y + coef0)^degree`
    Polynomial {
        /// At least 1.
        degree: u32,
        /// Above 0.
        gamma: G,
        /// The constant term.
        coef0: f64,
    },
    /// `tanh(gamma x·y + coef0)`. Not positive definite: a training may have several solutions, and
    /// another solver may find another one.
    Sigmoid {
        /// Above 0.
        gamma: G,
        /// The constant term.
        coef0: f64,
    },
}

impl<G> Kernel<G> {
    /// The same kernel with gamma replaced by `f(gamma)`.
    pub(super) fn map_gamma<H>(self, f: impl FnOnce(G) -> H) -> Kernel<H> {
        match self {
            Self::Linear => Kernel::Linear,
            Self::Rbf { gamma } => Kernel::Rbf { gamma: f(gamma) },
            Self::Polynomial { degree, gamma, coef0 } => Kernel::Polynomial { degree, gamma: f(gamma), coef0 },
            Self::Sigmoid { gamma, coef0 } => Kernel::Sigmoid { gamma: f(gamma), coef0 },
        }
    }
}

impl Kernel {
    /// `K(x, y)` of two rows of equal length.
    #[must_use]
    pub fn evaluate(&self, x: &[f64], y: &[f64]) -> f64 {
        let sum = x.iter().zip(y).fold(0.0, |sum, (&x, &y)| sum + self.term(x, y));
        self.finish(sum)
    }

    /// `K(row, v)` of every vector `v`, into `values`; `columns` holds the vectors feature by
    /// feature, so that the inner loop runs over neighbours. The bits are [`Self::evaluate`]'s.
    pub(super) fn evaluate_columns(&self, row: &[f64], columns: &[f64], values: &mut [f64]) {
        match self {
            // The kind is chosen outside the loops, or they are not vectorised.
            Self::Rbf { .. } => accumulate(row, columns, values, squared_difference),
            _ => accumulate(row, columns, values, product),
        }
        for value in values {
            *value = self.finish(*value);
        }
    }

    /// Whether every parameter is one that the formulas are meant for.
    pub(super) fn has_valid_parameters(&self) -> bool {
        let valid = |gamma: f64| gamma.is_finite() && gamma > 0.0;
        match *self {
            Self::Linear => true,
            Self::Rbf { gamma } => valid(gamma),
            Self::Polynomial { degree, gamma, coef0 } => degree >= 1 && valid(gamma) && coef0.is_finite(),
            Self::Sigmoid { gamma, coef0 } => valid(gamma) && coef0.is_finite(),
        }
    }

    fn term(&self, x: f64, y: f64) -> f64 {
        match self {
            Self::Rbf { .. } => squared_difference(x, y),
            _ => product(x, y),
        }
    }

    /// From the sum over the features to the kernel's value.
    fn finish(&self, sum: f64) -> f64 {
        match *self {
            Self::Linear => sum,
            Self::Rbf { gamma } => libm::exp(-gamma * sum),
            Self::Polynomial { degree, gamma, coef0 } => power(gamma * sum + coef0, degree),
            Self::Sigmoid { gamma, coef0 } => libm::tanh(gamma * sum + coef0),
        }
    }
}

fn product(x: f64, y: f64) -> f64 {
    x * y
}

fn squared_difference(x: f64, y: f64) -> f64 {
    (x - y) * (x - y)
}

fn accumulate(row: &[f64], columns: &[f64], sums: &mut [f64], term: impl Fn(f64, f64) -> f64) {
    sums.fill(0.0);
    if sums.is_empty() {
        return;
    }
    for (&x, column) in row.iter().zip(columns.chunks_exact(sums.len())) {
        for (sum, &y) in sums.iter_mut().zip(column) {
            *sum += term(x, y);
        }
    }
}

/// libsvm's `powi`: `f64::powi` leaves the order of multiplications to the compiler.
fn power(mut base: f64, mut exponent: u32) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result *= base;
        }
        base *= base;
        exponent /= 2;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f64; 3] = [1.0, 2.0, 3.0];
    const Y: [f64; 3] = [4.0, 5.0, 6.0];

    fn all_kinds() -> [Kernel; 4] {
        [
            Kernel::Linear,
            Kernel::Rbf { gamma: 0.055 },
            Kernel::Polynomial { degree: 3, gamma: 0.5, coef0: 1.0 },
            Kernel::Sigmoid { gamma: 0.01, coef0: 0.1 },
        ]
    }

    #[test]
    fn kernels_have_their_textbook_values() {
        // From Python: math.exp(-0.055 * 27), math.tanh(0.42).
        let expected = [32.0, 0.22650234067646874, 4913.0, 0.39693043200507755];
        for (kernel, expected) in all_kinds().iter().zip(expected) {
            assert!((kernel.evaluate(&X, &Y) - expected).abs() < 1e-15 * expected.max(1.0), "{kernel:?}");
        }
    }

    #[test]
    fn many_vectors_at_once_give_the_bits_of_one_at_a_time() {
        let vectors = [X, Y, [0.1, -0.7, 1e3]];
        let columns: Vec<f64> = (0..3).flat_map(|f| vectors.iter().map(move |v| v[f])).collect();
        let row = [0.3, -1.1, 2.7];
        for kernel in all_kinds() {
            let mut values = [0.0; 3];
            kernel.evaluate_columns(&row, &columns, &mut values);
            for (value, vector) in values.iter().zip(&vectors) {
                assert_eq!(value.to_bits(), kernel.evaluate(&row, vector).to_bits());
            }
        }
    }

    #[test]
    fn parameters_out_of_range_are_seen() {
        assert!(all_kinds().iter().all(|kernel| kernel.has_valid_parameters()));
        for gamma in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(!Kernel::Rbf { gamma }.has_valid_parameters());
        }
        let degree_zero = Kernel::Polynomial { degree: 0, gamma: 1.0, coef0: 0.0 };
        assert!(!degree_zero.has_valid_parameters());
    }
}
