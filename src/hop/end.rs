//! How a run ends or is paused before its lanes are done: by a brake or by an operator.

use mysql_async::Conn;
use serde_json::json;

use super::at_work::AtWork;
use super::means::Means;
use super::scope::Scope;
use crate::config::ItemsTable;
use crate::run::{Counts, RunId, RunKind, RunState};
use crate::store::runs::Run;
use crate::store::statement::{Statement, begin, commit, rollback};
use crate::store::totals::{self, Totals};
use crate::store::trace::{Act, acting, saw};
use crate::store::{Fault, StoreError, counts, lanes, runs};
use crate::words;

/// What became of a request to change a run's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steered {
    /// The run is in the wanted state now.
    Done,
    /// It is in this state, from which there is no way to the wanted one.
    Refused(RunState),
    /// The table has no such run.
    Unknown,
}

/// Pauses a run (`paused`) or lets it go on (`running`). A page under way is committed; the next
/// one sees it.
///
/// # Errors
/// The database's.
pub async fn steer(conn: &mut Conn, table: &ItemsTable, id: RunId, to: RunState) -> Result<Steered, StoreError> {
    let steer = async {
        let Some((_, state)) = locked(conn, table, id).await? else { return Ok(Steered::Unknown) };
        if !state.may_become(to) || state.is_over() {
            rollback().ask(conn).await?;
            return Ok(Steered::Refused(state));
        }
        runs::set_state(id, to).then(commit()).ask(conn).await?;
        Ok(Steered::Done)
    };
    let steered = acting(&[Act::StopRun], None, steer).await?;
    saw(Act::StopRun, None, || said(id, to, steered));
    Ok(steered)
}

fn said(id: RunId, to: RunState, steered: Steered) -> serde_json::Value {
    json!({ "run": id, "to": to, "is_done": steered == Steered::Done })
}

/// Ends a run before its lanes are done, as `failed` or `cancelled`. What was written stays, and what is still
/// pending is counted.
///
/// # Errors
/// The database's.
pub async fn stop(
    conn: &mut Conn,
    means: Means<'_>,
    id: RunId,
    to: RunState,
    why: Option<&str>,
) -> Result<Steered, StoreError> {
    let stop = async {
        let Some((run, state)) = locked(conn, means.table(), id).await? else { return Ok(Steered::Unknown) };
        if !state.may_become(to) {
            rollback().ask(conn).await?;
            return Ok(Steered::Refused(state));
        }
        end_early(conn, AtWork { run: &run, means }, to, why).await?;
        commit().ask(conn).await?;
        if let Some(why) = why {
            tracing::error!(run = %id, why, "the run was stopped");
        }
        Ok(Steered::Done)
    };
    let steered = acting(&[Act::StopRun], None, stop).await?;
    saw(Act::StopRun, None, || said(id, to, steered));
    Ok(steered)
}

/// Begins a transaction and locks a run's row in it: the run, and its state under the lock. Of one that
/// the table does not have, there is no transaction.
async fn locked(conn: &mut Conn, table: &ItemsTable, id: RunId) -> Result<Option<(Run, RunState)>, StoreError> {
    let (state, run) = begin().then(runs::lock(id)).and(runs::find(table, id)).ask(conn).await?;
    match run.zip(state) {
        Some(locked) => Ok(Some(locked)),
        None => rollback().ask(conn).await.map(|()| None),
    }
}

/// Ends a run whose row is locked before its lanes are done. Waits for the pages under way, which count.
pub(super) async fn end_early(
    conn: &mut Conn,
    at_work: AtWork<'_>,
    to: RunState,
    why: Option<&str>,
) -> Result<(), StoreError> {
    let run = at_work.run;
    let totals = lanes::lock_all(run.id).then(totals::of(run.id)).ask(conn).await?;
    let counts = match counted(conn, at_work, &totals).await {
        // The table is not what it was, or is not there any more: its run is ended all the same.
        Err(error) if matches!(error.fault(), Fault::Permanent | Fault::Away) => {
            tracing::warn!(run = %run.id, error = words::chain(&error), "what is left cannot be counted, and is reckoned");
            totals.counts.of_items(run.items)
        }
        counted => counted?,
    };
    runs::finish(run.id, to, counts, why).then(settle_changes(run, &totals)).ask(conn).await
}

/// The counts of a run that ends with items left: these are counted, for rows may have come, gone or changed since
/// it was opened. What cannot be counted in time is reckoned, and so are the items of another model's backfill.
pub(super) async fn counted(conn: &mut Conn, at_work: AtWork<'_>, totals: &Totals) -> Result<Counts, StoreError> {
    let AtWork { run, means } = at_work;
    let can_be_told = run.kind != RunKind::Backfill || run.model == means.model.version().shown();
    let left = match Scope::of(at_work).left().filter(|_| can_be_told) {
        Some(left) => counts::count(conn, means.wanted(left), &totals.ids).await?,
        None => None,
    };
    Ok(left.map_or_else(|| totals.counts.of_items(run.items), |pending| Counts { pending, ..totals.counts }))
}

/// Settles what a backfill changed, when it ends.
pub(super) fn settle_changes(run: &Run, totals: &Totals) -> Statement<()> {
    match run.kind {
        RunKind::Backfill => runs::settle_changes(run.id, totals.changes),
        RunKind::Window | RunKind::Sweep | RunKind::Canary => Statement::nothing(),
    }
}
