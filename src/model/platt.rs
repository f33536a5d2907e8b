//! Platt's sigmoid: from a decision value to the probability of the pair's positive class.

use serde::{Deserialize, Serialize};

use super::exp::exp;

/// `P(positive class | f) = 1 / (1 + exp(a f + b))`
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sigmoid {
    /// Slope; negative when larger decision values mean the positive class.
    pub a: f64,
    /// Offset.
    pub b: f64,
}

impl Sigmoid {
    /// The probability of the positive class at decision value `f`.
    #[must_use]
    #[inline(always)]
    pub fn probability(&self, f: f64) -> f64 {
        self.probabilities(f).0
    }

    /// `(p, 1 - p)`, without cancellation in either.
    #[inline(always)]
    pub(crate) fn probabilities(&self, f: f64) -> (f64, f64) {
        let z = self.exponent(f);
        let e = exp(-z.abs());
        // Selections, which can be made for many rows at once.
        let (p, q) = if z >= 0.0 { (e, 1.0) } else { (1.0, e) };
        (p / (1.0 + e), q / (1.0 + e))
    }

    #[inline(always)]
    pub(crate) fn exponent(&self, f: f64) -> f64 {
        f * self.a + self.b
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libsvm_rs::probability::sigmoid_predict;

    #[test]
    fn probabilities_agree_with_libsvm_and_never_leave_zero_to_one() {
        let sigmoid = Sigmoid { a: -2.5, b: 0.3 };
        for f in [-1e308, -50.0, -1.0, 0.0, 0.12, 1.0, 50.0, 1e308] {
            let p = sigmoid.probability(f);
            assert!((0.0..=1.0).contains(&p));
            assert!((p - sigmoid_predict(f, -2.5, 0.3)).abs() < 1e-15);
        }
    }
}
