//! Which run is asked for, by the options that `run` and `plan` share.

use rowscore::event::Request;
use rowscore::run::{FailurePolicy, RunKind};
use rowscore::window::Time;

#[derive(clap::Args)]
pub struct Asked {
    /// Every pending item, however old, instead of a window
    #[arg(long, conflicts_with = "from")]
    sweep: bool,
    /// What another model version predicted instead: score it with this one's model, and replace it
    #[arg(long, conflicts_with = "sweep")]
    backfill: bool,
    /// Begin of the window, inclusive, like 2026-11-22T00:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<Time>,
    /// End of the window, exclusive [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<Time>,
    /// What becomes of items that cannot be scored: retry_failed, retry_all or leave [default: FAILURE_POLICY]
    #[arg(long, value_name = "POLICY")]
    policy: Option<FailurePolicy>,
}

impl Asked {
    /// The request, or why its options do not go together.
    pub fn request(self) -> Result<Request, String> {
        let Self { from, to, policy, .. } = self;
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            return Err(format!("--from {from} is not before --to {to}"));
        }
        if self.backfill && policy == Some(FailurePolicy::RetryAll) {
            return Err("--policy retry_all is not for a backfill; give retry_failed or leave".into());
        }
        let kind = match (self.sweep, self.backfill) {
            (true, _) => RunKind::Sweep,
            (_, true) => RunKind::Backfill,
            _ => RunKind::Window,
        };
        Ok(Request { from, to, policy, ..Request::by_hand(kind) })
    }
}
