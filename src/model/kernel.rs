//! The four kernels of libsvm, with the same bits on every machine.

use serde::{Deserialize, Serialize};

use super::exp::{exp, tanh};
use super::lanes::Lanes;

/// A kernel function `K(x, y)` on scaled rows.
///
/// `G` is the type of gamma: a number in a trained model, and [`Gamma`](super::Gamma) in the options
/// of a training, where gamma may still depend on the data.
///
/// Training and scoring use the same functions, and so get the same bits. They use no function of the
/// C library: the last bit of its `exp` and `tanh` depends on the processor.
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
    /// `tanh(gamma x·y + coef0)`. It is not positive definite: a training may have several solutions,
    /// and two solvers may find different ones.
    Sigmoid {
        /// Above 0.
        gamma: G,
        /// The constant term.
        coef0: f64,
    },
}

impl<G> Kernel<G> {
    /// The same kernel with gamma replaced by `f(gamma)`.
    pub(crate) fn map_gamma<H>(self, f: impl FnOnce(G) -> H) -> Kernel<H> {
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
        let mut sum = Lanes([0.0]);
        for (&x, &y) in x.iter().zip(y) {
            let x = &Lanes([x]);
            match self {
                Self::Rbf { .. } => add_terms(&mut sum, x, y, squared_difference),
                _ => add_terms(&mut sum, x, y, product),
            }
        }
        self.finish(std::slice::from_mut(&mut sum));
        sum[0]
    }

    /// `K(row, v)` of every row and every vector `v`, into `values`, one entry per vector. `rows`
    /// holds the rows' values feature by feature, `vectors` is vectors × features.
    /// The bits are [`Self::evaluate`]'s.
    #[inline(always)]
    pub(crate) fn evaluate_all<const N: usize>(&self, rows: &[Lanes<N>], vectors: &[f64], values: &mut [Lanes<N>]) {
        // Choose the kind outside the loops, or the compiler does not vectorise them.
        match self {
            Self::Rbf { .. } => sum_all(rows, vectors, values, squared_difference),
            _ => sum_all(rows, vectors, values, product),
        }
        self.finish(values);
    }

    /// Whether all parameters are in the range for which the formulas hold.
    pub(crate) fn has_valid_parameters(&self) -> bool {
        let valid = |gamma: f64| gamma.is_finite() && gamma > 0.0;
        match *self {
            Self::Linear => true,
            Self::Rbf { gamma } => valid(gamma),
            Self::Polynomial { degree, gamma, coef0 } => degree >= 1 && valid(gamma) && coef0.is_finite(),
            Self::Sigmoid { gamma, coef0 } => valid(gamma) && coef0.is_finite(),
        }
    }

    /// From the sums over the features to the kernel's values.
    #[inline(always)]
    fn finish<const N: usize>(&self, sums: &mut [Lanes<N>]) {
        match *self {
            Self::Linear => {}
            Self::Rbf { gamma } => map(sums, |sum| exp(-gamma * sum)),
            Self::Polynomial { degree, gamma, coef0 } => {
                map(sums, |sum| gamma * sum + coef0);
                sums.iter_mut().for_each(|base| raise(base, degree));
            }
            Self::Sigmoid { gamma, coef0 } => map(sums, |sum| tanh(gamma * sum + coef0)),
        }
    }
}

#[inline(always)]
fn product(x: f64, y: f64) -> f64 {
    x * y
}

#[inline(always)]
fn squared_difference(x: f64, y: f64) -> f64 {
    (x - y) * (x - y)
}

#[inline(always)]
fn add_terms<const N: usize>(sums: &mut Lanes<N>, x: &Lanes<N>, y: f64, term: impl Fn(f64, f64) -> f64) {
    *sums = Lanes::of(|lane| sums[lane] + term(x[lane], y));
}

#[inline(always)]
fn map<const N: usize>(numbers: &mut [Lanes<N>], f: impl Fn(f64) -> f64) {
    for lanes in numbers {
        *lanes = Lanes::of(|lane| f(lanes[lane]));
    }
}

/// For every row and every vector, the sum of `term` over the features.
#[inline(always)]
fn sum_all<const N: usize>(
    rows: &[Lanes<N>],
    vectors: &[f64],
    sums: &mut [Lanes<N>],
    term: impl Fn(f64, f64) -> f64 + Copy,
) {
    for (sums, vector) in sums.iter_mut().zip(vectors.chunks_exact(rows.len())) {
        // Not in `sums`: this way they stay in registers.
        let mut registers = Lanes::ZERO;
        for (x, &y) in rows.iter().zip(vector) {
            add_terms(&mut registers, x, y, term);
        }
        *sums = registers;
    }
}

/// Replaces bases by their powers, as libsvm's `powi` does. With `f64::powi` the compiler could choose
/// the order of the multiplications.
#[inline(always)]
fn raise<const N: usize>(base: &mut Lanes<N>, mut exponent: u32) {
    let mut result = [1.0; N];
    while exponent > 0 {
        for lane in 0..N {
            if exponent % 2 == 1 {
                result[lane] *= base[lane];
            }
            base[lane] *= base[lane];
        }
        exponent /= 2;
    }
    base.0 = result;
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
    fn many_rows_and_vectors_at_once_give_the_bits_of_one_at_a_time() {
        let vectors = [X, Y, [0.1, -0.7, 1e3]];
        let rows = [[0.3, -1.1, 2.7], [1e-3, 4.0, -1e2], Y, [f64::MAX, 1.0, 0.0]];
        let by_feature: Vec<Lanes<4>> = (0..3).map(|feature| Lanes::of(|lane| rows[lane][feature])).collect();
        for kernel in all_kinds() {
            let mut values = [Lanes::ZERO; 3];
            kernel.evaluate_all(&by_feature, &vectors.concat(), &mut values);
            for (values, vector) in values.iter().zip(&vectors) {
                for (value, row) in values.iter().zip(&rows) {
                    assert_eq!(value.to_bits(), kernel.evaluate(row, vector).to_bits());
                }
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
