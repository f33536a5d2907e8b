//! The grid as a table, and the choice of the best of it.

use std::error::Error;

use rowscore::model::{Gamma, HeldOut, Kernel, Outcome, TrainOptions};
use rowscore::training::{self, Candidate, RankBy};

use crate::out::say;

#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Rank {
    LogLoss,
    Accuracy,
}

/// Prints the grid, and returns its best options.
pub(super) fn choose(candidates: &[Candidate], best_by: Rank) -> Result<TrainOptions, Box<dyn Error>> {
    let rank_by = match best_by {
        Rank::LogLoss => RankBy::LogLoss,
        Rank::Accuracy => RankBy::Accuracy,
    };
    let best = training::best(candidates, rank_by).ok_or("the grid is empty")?;
    let (said, columns) = match (&best.quality, rank_by) {
        (HeldOut::Probabilities(_), RankBy::LogLoss) => ("the least log-loss", "accuracy  log-loss"),
        (HeldOut::Probabilities(_), RankBy::Accuracy) => ("the highest accuracy", "accuracy  log-loss"),
        (HeldOut::Margins(_), _) => ("the highest accuracy", "accuracy  macro F1"),
        (HeldOut::Values(_), _) => ("the least squared errors", "      R2  root mean squared error"),
        (HeldOut::Scores(_), _) => ("nothing", "outliers"),
    };
    say!("         C     gamma  {columns}");
    for candidate in candidates {
        let mark = if candidate == best { "  <- best" } else { "" };
        let Candidate { options, quality, convergence } = candidate;
        let gamma = match options.kernel {
            Kernel::Linear => "-".into(),
            Kernel::Rbf { gamma } | Kernel::Polynomial { gamma, .. } | Kernel::Sigmoid { gamma, .. } => match gamma {
                Gamma::Scale => "scale".into(),
                Gamma::Value(value) => value.to_string(),
            },
        };
        let gap = match convergence.outcome {
            Outcome::Converged => String::new(),
            Outcome::StepsExhausted => format!("  (still {:.1e} from the optimum)", convergence.kkt_gap),
        };
        let (one, other) = match quality {
            HeldOut::Probabilities(metrics) => (metrics.accuracy, metrics.log_loss),
            HeldOut::Margins(metrics) => (metrics.accuracy, metrics.macro_f1),
            HeldOut::Values(metrics) => (metrics.r2, metrics.root_mean_squared_error),
            HeldOut::Scores(metrics) => (metrics.outliers, 0.0),
        };
        say!("{:>10}  {gamma:>8}    {one:.4}    {other:.4}{gap}{mark}", options.c);
    }
    say!("best by {said} on held-out folds; as it was chosen on them, it looks a little better there than it is");
    Ok(best.options)
}
