//! Fitting Platt's sigmoid to the decision values of held-out rows.
//!
//! It follows H.-T. Lin, C.-J. Lin and R. C. Weng, "A note on Platt's probabilistic outputs
//! for support vector machines", Machine Learning 68 (2007), as libsvm's `sigmoid_train` does it,
//! with the same constants. The crate `libsvm-rs` has it, too, and the tests compare with it. But it
//! calls the C library's `exp`, whose last bit depends on the processor: one training would give
//! several models.

use super::side::Side;
use crate::model::{Sigmoid, exp};

/// libsvm's constants: Newton steps, shortest step, ridge on the Hessian, size of gradient to
/// stop at, share of the expected decrease that a step must bring.
const MAX_ITERATIONS: usize = 100;
const MIN_STEP: f64 = 1e-10;
const RIDGE: f64 = 1e-12;
const GRADIENT_TOLERANCE: f64 = 1e-5;
const SUFFICIENT_DECREASE: f64 = 1e-4;

impl Sigmoid {
    /// Maximum likelihood by Newton's method with backtracking. `decisions` and `sides` have an
    /// entry for each calibration row: its decision value, and its true class.
    pub(super) fn fit(decisions: &[f64], sides: &[Side]) -> Self {
        let targets = Targets::new(sides);
        let mut sigmoid = targets.start();
        let mut loss = targets.loss(sigmoid, decisions, sides);
        for _ in 0..MAX_ITERATIONS {
            let Some(step) = targets.newton_step(sigmoid, decisions, sides) else {
                break;
            };
            let mut length = 1.0;
            let accepted = loop {
                let candidate = Self { a: sigmoid.a + length * step.a, b: sigmoid.b + length * step.b };
                let candidate_loss = targets.loss(candidate, decisions, sides);
                if candidate_loss < loss + SUFFICIENT_DECREASE * length * step.slope {
                    break Some((candidate, candidate_loss));
                }
                length /= 2.0;
                if length < MIN_STEP {
                    break None;
                }
            };
            match accepted {
                Some((candidate, candidate_loss)) => (sigmoid, loss) = (candidate, candidate_loss),
                // Rounding hides any further decrease: this is the optimum, as close as it can be reached.
                None => break,
            }
        }
        sigmoid
    }
}

/// Platt's smoothed targets: never exactly 0 or 1, so that the slope stays finite even for classes
/// without overlap.
struct Targets {
    positives: f64,
    negatives: f64,
}

struct Step {
    a: f64,
    b: f64,
    /// Change of the loss per unit of step length, to first order.
    slope: f64,
}

impl Targets {
    fn new(sides: &[Side]) -> Self {
        let positives = sides.iter().filter(|&&side| side == Side::Positive).count();
        Self { positives: positives as f64, negatives: (sides.len() - positives) as f64 }
    }

    fn of(&self, side: Side) -> f64 {
        match side {
            Side::Positive => (self.positives + 1.0) / (self.positives + 2.0),
            Side::Negative => 1.0 / (self.negatives + 2.0),
        }
    }

    fn start(&self) -> Sigmoid {
        Sigmoid { a: 0.0, b: libm::log((self.negatives + 1.0) / (self.positives + 1.0)) }
    }

    /// Negative log-likelihood.
    fn loss(&self, sigmoid: Sigmoid, decisions: &[f64], sides: &[Side]) -> f64 {
        decisions.iter().zip(sides).fold(0.0, |loss, (&f, &side)| {
            let z = sigmoid.exponent(f);
            let target = self.of(side);
            loss + if z >= 0.0 {
                target * z + libm::log(1.0 + exp(-z))
            } else {
                (target - 1.0) * z + libm::log(1.0 + exp(z))
            }
        })
    }

    /// `None` if the gradient is (nearly) 0.
    fn newton_step(&self, sigmoid: Sigmoid, decisions: &[f64], sides: &[Side]) -> Option<Step> {
        let (mut h11, mut h22, mut h21) = (RIDGE, RIDGE, 0.0);
        let (mut g1, mut g2) = (0.0, 0.0);
        for (&f, &side) in decisions.iter().zip(sides) {
            let (p, q) = sigmoid.probabilities(f);
            let curvature = p * q;
            h11 += f * f * curvature;
            h22 += curvature;
            h21 += f * curvature;
            let slope = self.of(side) - p;
            g1 += f * slope;
            g2 += slope;
        }
        if g1.abs() < GRADIENT_TOLERANCE && g2.abs() < GRADIENT_TOLERANCE {
            return None;
        }
        let determinant = h11 * h22 - h21 * h21;
        let a = -(h22 * g1 - h21 * g2) / determinant;
        let b = -(-h21 * g1 + h11 * g2) / determinant;
        Some(Step { a, b, slope: g1 * a + g2 * b })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use libsvm_rs::probability::sigmoid_train;
    use rand_mt::Mt;

    fn uniform(rng: &mut Mt) -> f64 {
        f64::from(rng.next_u32()) / f64::from(u32::MAX)
    }

    #[test]
    fn a_fit_agrees_with_libsvm() {
        let mut rng = Mt::new(1);
        for overlap in [0.1, 0.5, 2.0, 10.0] {
            for rows in [2, 10, 99, 500] {
                let sides: Vec<Side> =
                    (0..rows).map(|row| [Side::Positive, Side::Negative][usize::from(row % 3 == 0)]).collect();
                let decisions: Vec<f64> =
                    sides.iter().map(|side| side.sign() + overlap * (2.0 * uniform(&mut rng) - 1.0)).collect();
                let signs: Vec<f64> = sides.iter().map(|side| side.sign()).collect();
                let (a, b) = sigmoid_train(&decisions, &signs);
                let sigmoid = Sigmoid::fit(&decisions, &sides);
                assert!(
                    (sigmoid.a - a).abs() < 1e-9 && (sigmoid.b - b).abs() < 1e-9,
                    "{sigmoid:?} but libsvm has {a}, {b}"
                );
            }
        }
    }

    #[test]
    fn a_fit_without_information_falls_back_to_the_class_shares() {
        let sides = [Side::Positive, Side::Positive, Side::Negative];
        let sigmoid = Sigmoid::fit(&[0.0; 3], &sides);
        // The mean of Platt's targets: 3/4, 3/4 and 1/3.
        assert!((sigmoid.probability(0.0) - 11.0 / 18.0).abs() < 1e-5);
    }
}
