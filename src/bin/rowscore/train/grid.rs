//! The grid as a table, and the choice of the best of it.

use std::error::Error;

use rowscore::model::{Gamma, Kernel, Outcome, TrainOptions};
use rowscore::training::{self, Candidate, RankBy};

use crate::out::say;

#[derive(Clone, Copy, clap::ValueEnum)]
pub(super) enum Rank {
    LogLoss,
    Accuracy,
}

/// Prints the grid, and returns its best options.
pub(super) fn choose(candidates: &[Candidate], best_by: Rank) -> Result<TrainOptions, Box<dyn Error>> {
    let (rank_by, said) = match best_by {
        Rank::LogLoss => (RankBy::LogLoss, "the least log-loss"),
        Rank::Accuracy => (RankBy::Accuracy, "the highest accuracy"),
    };
    let best = training::best(candidates, rank_by).ok_or("the grid is empty")?;
    say!("         C     gamma  accuracy  log-loss");
    for candidate in candidates {
        let mark = if candidate == best { "  <- best" } else { "" };
        let Candidate { options, metrics, convergence } = candidate;
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
        say!("{:>10}  {gamma:>8}    {:.4}    {:.4}{gap}{mark}", options.c, metrics.accuracy, metrics.log_loss);
    }
    say!("best by {said} on held-out folds; as it was chosen on them, it looks a little better there than it is");
    Ok(best.options)
}
