//! The grid: which C and gamma predict held-out rows best.

use super::check::check;
use super::cross_validation::run;
use super::data::Dataset;
use super::error::TrainError;
use super::folds::FOLDS;
use super::progress::{Meter, Progress};
use crate::model::{Convergence, Gamma, HeldOut, Kernel, TrainOptions};

/// The values that are tried, each C with each gamma.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Values of C.
    pub c: Vec<f64>,
    /// Values of gamma. A linear kernel has none.
    pub gamma: Vec<Gamma>,
}

impl Default for Grid {
    /// Four powers of ten for C. Since features are scaled, gammas from 0.01 to 1 cover all from nearly
    /// straight borders to borders that follow every row.
    fn default() -> Self {
        let gamma = vec![Gamma::Scale, Gamma::Value(0.01), Gamma::Value(0.1), Gamma::Value(1.0)];
        Self { c: vec![0.1, 1.0, 10.0, 100.0], gamma }
    }
}

/// What makes a candidate the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankBy {
    /// The lowest log-loss, which counts every probability; of margins the highest accuracy, of numbers the
    /// smallest squared errors.
    LogLoss,
    /// The highest accuracy. Among equal ones, the lowest log-loss.
    Accuracy,
}

/// Options that were tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The options.
    pub options: TrainOptions,
    /// Quality on held-out folds, the same folds for all candidates.
    pub quality: HeldOut,
    /// The worst of its solutions.
    pub convergence: Convergence,
}

/// Cross-validates `base` with every C and gamma of `grid`, in the order of the grid.
///
/// # Errors
/// As [`cross_validate`](super::cross_validate()), of the first candidate that fails.
pub fn search(
    data: &Dataset,
    base: &TrainOptions,
    grid: &Grid,
    mut progress: impl FnMut(Progress),
) -> Result<Vec<Candidate>, TrainError> {
    let gammas = match base.kernel {
        Kernel::Rbf { .. } | Kernel::Polynomial { .. } | Kernel::Sigmoid { .. } if base.method.has_kernel() => {
            &grid.gamma[..]
        }
        _ => &[Gamma::Scale],
    };
    let candidates = grid.c.iter().flat_map(|&c| gammas.iter().map(move |&gamma| (c, gamma)));
    let candidates: Vec<TrainOptions> =
        candidates.map(|(c, gamma)| TrainOptions { c, kernel: base.kernel.map_gamma(|_| gamma), ..*base }).collect();
    candidates.iter().try_for_each(|options| check(data, options))?;
    let mut meter = Meter::of(data, base, FOLDS * candidates.len(), &mut progress);
    candidates
        .into_iter()
        .map(|options| {
            let validation = run(data, &options, &mut meter)?;
            Ok(Candidate { options, quality: validation.evaluation.quality, convergence: validation.convergence })
        })
        .collect()
}

/// The best of `candidates`. Among equal ones, the first.
#[must_use]
pub fn best(candidates: &[Candidate], rank_by: RankBy) -> Option<&Candidate> {
    let key = |candidate: &Candidate| match (&candidate.quality, rank_by) {
        (HeldOut::Probabilities(metrics), RankBy::LogLoss) => (0.0, metrics.log_loss),
        (HeldOut::Probabilities(metrics), RankBy::Accuracy) => (-metrics.accuracy, metrics.log_loss),
        (HeldOut::Margins(metrics), _) => (-metrics.accuracy, -metrics.macro_f1),
        (HeldOut::Values(metrics), _) => (metrics.root_mean_squared_error, metrics.mean_absolute_error),
        // Nobody knows which score is better; a grid of them is refused.
        (HeldOut::Scores(_), _) => (0.0, 0.0),
    };
    candidates.iter().min_by(|one, other| {
        let (one, other) = (key(one), key(other));
        one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Metrics;

    fn candidate(c: f64, accuracy: f64, log_loss: f64) -> Candidate {
        let metrics = Metrics { accuracy, macro_f1: 0.0, log_loss, brier: 0.0, calibration_error: 0.0 };
        let options = TrainOptions { c, ..TrainOptions::default() };
        Candidate { options, quality: HeldOut::Probabilities(metrics), convergence: Convergence::BEST }
    }

    #[test]
    fn the_best_is_the_first_of_the_least_log_loss_or_the_highest_accuracy() {
        let candidates =
            [candidate(1.0, 0.9, 0.4), candidate(2.0, 0.8, 0.3), candidate(3.0, 0.9, 0.35), candidate(4.0, 0.7, 0.3)];
        assert_eq!(best(&candidates, RankBy::LogLoss).unwrap().options.c, 2.0);
        assert_eq!(best(&candidates, RankBy::Accuracy).unwrap().options.c, 3.0);
        assert_eq!(best(&[], RankBy::Accuracy), None);
    }
}
