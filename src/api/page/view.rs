//! What the status page shows, read in a few short statements.

use std::collections::HashMap;

use mysql_async::Conn;

use crate::drift::Report;
use crate::run::{RunId, RunKind, RunState};
use crate::store::failures::{self, Reasoned};
use crate::store::lanes::{self, LaneLine};
use crate::store::listing::{self, Listing, SeenTable, Width};
use crate::store::status::{self, StatusLine};
use crate::store::{StoreError, clock, measures};
use crate::window::Time;

/// Runs in the history.
const RUNS: u32 = 20;
/// Items set aside that are shown of each kind.
const EXAMPLES: u32 = 3;
/// Characters of an item's values that are shown where it was set aside.
pub(super) const EXCERPT: usize = 60;
/// The latest items, whose classes are counted: one short look at the table's end.
pub(super) const LATEST: u32 = 500;

/// Everything on the page.
#[derive(Debug)]
pub(super) struct View {
    /// What time it is for the database.
    pub now: Time,
    /// The latest runs, the latest first.
    pub runs: Vec<StatusLine>,
    /// The lanes of the run that the page is about.
    pub lanes: Vec<LaneLine>,
    /// What the runs saw, the latest last.
    pub profiles: Vec<(RunId, Report)>,
    /// The items that are set aside, by reason.
    pub reasons: Vec<Reasoned>,
    /// How their values begin, by id.
    pub excerpts: HashMap<i64, String>,
    /// The latest items, the latest first.
    pub latest: Vec<Listing>,
}

impl View {
    /// Reads it.
    pub(super) async fn read(conn: &mut Conn, seen: &SeenTable, width: Width) -> Result<Self, StoreError> {
        let table = &seen.table;
        let runs = status::latest(conn, table, None, RUNS).await?;
        let lanes = match current(&runs) {
            Some(run) => lanes::all(run.id).ask(conn).await?,
            None => Vec::new(),
        };
        let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
        let (profiles, now) = measures::profiles(&ids).and(clock::present()).ask(conn).await?;
        // One that is not understood was written by another version.
        let read = |(run, text): (RunId, String)| Some((run, serde_json::from_str(&text).ok()?));
        let profiles = profiles.into_iter().filter_map(read).collect();
        let reasons = failures::by_reason(table, None, EXAMPLES).ask(conn).await?;
        let shown: Vec<i64> = reasons.iter().flat_map(|reason| &reason.examples).map(|failure| failure.item).collect();
        // One more than is shown tells whether there is more.
        let excerpts = listing::excerpts(table, width, &shown, EXCERPT + 1);
        let (excerpts, latest) = excerpts.and(listing::latest(seen, width, LATEST)).ask(conn).await?;
        let excerpts = excerpts.into_iter().collect();
        Ok(Self { now, runs, lanes, profiles, reasons, excerpts, latest })
    }

    /// The run that the page is about.
    pub(super) fn current(&self) -> Option<&StatusLine> {
        current(&self.runs)
    }

    /// Whether something is at work, so that the page is soon another.
    pub(super) fn is_moving(&self) -> bool {
        self.runs.iter().any(|run| run.state == RunState::Running)
    }
}

/// The run at work, or else the latest that wrote: canaries and dry runs do not.
fn current(runs: &[StatusLine]) -> Option<&StatusLine> {
    let tries = |run: &&StatusLine| run.state.is_over() && run.backfill.is_some_and(|backfill| backfill.dry_run);
    let mut worked = runs.iter().filter(|run| run.kind != RunKind::Canary && !tries(run));
    worked.clone().find(|run| !run.state.is_over()).or_else(|| worked.next())
}
