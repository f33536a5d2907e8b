//! Which run is asked for, by the options that `run` and `plan` share.

use rowscore::event::{Request, RequestError};
use rowscore::run::{FailurePolicy, Mode, RunKind};
use rowscore::window::{self, Time};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Take every pending item, however old, instead of a window
    #[arg(long, conflicts_with = "backfill")]
    sweep: bool,
    /// Take the items that another model version predicted, and replace their predictions
    #[arg(long)]
    backfill: bool,
    /// Begin of the window, inclusive, like 2026-11-22T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = window::read)]
    from: Option<Time>,
    /// End of the window, exclusive [default: now]
    #[arg(long, value_name = "TIME", value_parser = window::read)]
    to: Option<Time>,
    /// What happens to items that cannot be scored: retry_failed, retry_all or leave [default: FAILURE_POLICY]
    #[arg(long, value_name = "POLICY")]
    policy: Option<FailurePolicy>,
}

impl Options {
    /// The kind of run that is asked for.
    pub(crate) fn kind(&self) -> RunKind {
        match (self.sweep, self.backfill) {
            (true, _) => RunKind::Sweep,
            (_, true) => RunKind::Backfill,
            _ => RunKind::Window,
        }
    }

    /// The request for a run of `kind`, or why the options do not go together.
    pub(crate) fn request(self, kind: RunKind, mode: Mode) -> Result<Request, RequestError> {
        let Self { from, to, policy, .. } = self;
        Request { from, to, policy, mode, ..Request::by_hand(kind) }.checked()
    }
}
