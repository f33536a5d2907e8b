//! Whether a solution is the optimum.

use serde::{Deserialize, Serialize};

/// Whether a solution satisfies the optimality conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Within the tolerance.
    Converged,
    /// Not within the tolerance, although all allowed steps were taken. The name in the file is older
    /// than this solver.
    #[serde(rename = "epochs_exhausted")]
    StepsExhausted,
}

/// How a solution, or the worst of several, ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Convergence {
    /// Whether all of them converged.
    pub outcome: Outcome,
    /// Passes over the rows: only in models of the solver that made passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Steps: the largest number of any solution. The name in the file is older than this solver.
    #[serde(rename = "finishing_steps")]
    pub steps: usize,
    /// The largest violation of the optimality conditions, in units of the decision value. It
    /// compares with libsvm's `eps`.
    pub kkt_gap: f64,
}

impl Convergence {
    /// The start value for [`Convergence::worst`].
    pub(crate) const BEST: Self = Self { outcome: Outcome::Converged, epochs: None, steps: 0, kkt_gap: 0.0 };

    pub(crate) fn worst(self, other: Self) -> Self {
        Self {
            outcome: match self.outcome {
                Outcome::Converged => other.outcome,
                Outcome::StepsExhausted => self.outcome,
            },
            epochs: self.epochs.max(other.epochs),
            steps: self.steps.max(other.steps),
            kkt_gap: self.kkt_gap.max(other.kkt_gap),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_of_two_keeps_the_worse_of_everything() {
        let exhausted = Convergence { outcome: Outcome::StepsExhausted, epochs: Some(2), steps: 9, kkt_gap: 0.5 };
        let long = Convergence { outcome: Outcome::Converged, epochs: Some(64), steps: 0, kkt_gap: 1e-5 };
        let worst = Convergence { epochs: Some(64), ..exhausted };
        assert_eq!(exhausted.worst(long), worst);
        assert_eq!(long.worst(exhausted), worst);
    }
}
