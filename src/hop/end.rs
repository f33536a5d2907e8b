//! `finish_run`: how a run ends, by its last lane, by a brake or by an operator.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, TxOpts};

use super::lane::Job;
use super::scope::Scope;
use super::step::Step;
use super::{census, drift};
use crate::config::ItemsTable;
use crate::drift::{Ratios, Report};
use crate::run::{FailurePolicy, Pass, RunId, RunKind, RunState};
use crate::store::lanes::Totals;
use crate::store::runs::Run;
use crate::store::{Doing, StoreError, lanes, runs};

/// What ended when a worker's last lane did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Ended {
    /// These lanes: others are still worked on, or somebody else ended the run, or it goes on with
    /// its second pass.
    Lanes,
    /// The run, which saw such items.
    Run(Ratios),
}

/// Ends the run, or its pass, if no lane is left. Of two workers who finish together one does.
pub(super) async fn finish_run(conn: &mut Conn, job: Job<'_>) -> Result<Ended, StoreError> {
    let Job { run, database, model, work } = job;
    let table = database.items_table();
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("finishing a run")?;
    if runs::lock(&mut tx, run.id).await? != Some(RunState::Running) {
        return Ok(Ended::Lanes);
    }
    // Somebody else, or our own commit that went unanswered, may have begun the second pass.
    let Some(run) = runs::find(&mut tx, table, run.id).await? else { return Ok(Ended::Lanes) };
    let totals = lanes::totals(&mut tx, run.id).await?;
    if totals.unfinished > 0 {
        return Ok(Ended::Lanes);
    }
    let mut counts = totals.counts;
    let done = counts.predicted + counts.failed;
    let (state, why) = match run.pass {
        Pass::Check if counts.failed == 0 => {
            runs::begin_writing(&mut tx, run.id).await?;
            lanes::rewind(&mut tx, run.id).await?;
            Step::FinishRun.commit(async { tx.commit().await.doing("beginning to write") }).await?;
            return Ok(Ended::Lanes);
        }
        Pass::Check => {
            let why = format!("{} items cannot be scored, so none was written ({})", counts.failed, run.policy);
            counts.pending = run.items.unwrap_or(done).saturating_sub(done);
            (RunState::Failed, Some(why))
        }
        Pass::Write => {
            // Rows may have come, gone or changed meanwhile, so what is left is counted. Also where
            // the sums agree: one may have gone and another come.
            let bounds = (totals.low, totals.high);
            let left = match Scope::of(job).left() {
                Some(left) => census::count(&mut tx, database, left, model.features(), bounds).await?,
                None => None,
            };
            counts.pending = left.unwrap_or(0);
            if work.has_too_many(totals.fresh_failed, totals.fresh_done) {
                (RunState::Failed, Some(too_many(&totals, work.max_failed_percent)))
            } else if counts.failed > 0 {
                (RunState::SucceededWithFailures, None)
            } else {
                (RunState::Succeeded, None)
            }
        }
    };
    if let Some(why) = &why {
        tracing::error!(run = %run.id, why, "the run failed");
    }
    runs::finish(&mut tx, run.id, state, counts, why.as_deref()).await?;
    settle_changes(&mut tx, &run, &totals).await?;
    let seen = drift::settle(&mut tx, table, &run, model).await?;
    Step::FinishRun.commit(async { tx.commit().await.doing("finishing a run") }).await?;
    if let Some(seen) = &seen {
        drift::warn(run.id, seen);
    }
    Ok(Ended::Run(seen.as_ref().map(Report::ratios).unwrap_or_default()))
}

fn too_many(totals: &Totals, percent: u32) -> String {
    let (failed, done) = (totals.fresh_failed, totals.fresh_done);
    format!("{failed} of {done} items cannot be scored, more than {percent} % (MAX_FAILED_PERCENT)")
}

/// Fails a run of which too many items cannot be scored.
pub(super) async fn fail_for_failures(conn: &mut Conn, job: Job<'_>) -> Result<(), StoreError> {
    let why = too_many(&lanes::totals(conn, job.run.id).await?, job.work.max_failed_percent);
    stop(conn, job.table(), job.run.id, RunState::Failed, Some(&why)).await.map(|_| ())
}

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

/// Holds a run (`paused`) or lets it go on (`running`). A page under way is committed; the next
/// one sees it.
///
/// # Errors
/// The database's.
pub async fn steer(conn: &mut Conn, table: &ItemsTable, id: RunId, to: RunState) -> Result<Steered, StoreError> {
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("changing a run's state")?;
    let Some(run) = runs::find(&mut tx, table, id).await? else { return Ok(Steered::Unknown) };
    let state = runs::lock(&mut tx, id).await?.unwrap_or(run.state);
    if !state.may_become(to) || state.is_over() {
        return Ok(Steered::Refused(state));
    }
    runs::set_state(&mut tx, id, to).await?;
    tx.commit().await.doing("changing a run's state")?;
    Ok(Steered::Done)
}

/// Ends a run before its lanes are done, as `failed` or `cancelled`. What was written stays.
///
/// # Errors
/// The database's.
pub async fn stop(
    conn: &mut Conn,
    table: &ItemsTable,
    id: RunId,
    to: RunState,
    why: Option<&str>,
) -> Result<Steered, StoreError> {
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("stopping a run")?;
    let Some(run) = runs::find(&mut tx, table, id).await? else { return Ok(Steered::Unknown) };
    let state = runs::lock(&mut tx, id).await?.unwrap_or(run.state);
    if !state.may_become(to) {
        return Ok(Steered::Refused(state));
    }
    end_early(&mut tx, &run, to, why).await?;
    tx.commit().await.doing("stopping a run")?;
    if let Some(why) = why {
        tracing::error!(run = %id, why, "the run was stopped");
    }
    Ok(Steered::Done)
}

/// Ends a run whose row is locked before its lanes are done.
pub(super) async fn end_early(
    tx: &mut impl Queryable,
    run: &Run,
    to: RunState,
    why: Option<&str>,
) -> Result<(), StoreError> {
    let totals = lanes::totals(tx, run.id).await?;
    let mut counts = totals.counts;
    counts.pending = pending(run, counts.predicted + counts.failed);
    runs::finish(tx, run.id, to, counts, why).await?;
    settle_changes(tx, run, &totals).await
}

async fn settle_changes(tx: &mut impl Queryable, run: &Run, totals: &Totals) -> Result<(), StoreError> {
    match run.kind {
        RunKind::Backfill => runs::settle_changes(tx, run.id, totals.changes).await,
        RunKind::Window | RunKind::Sweep | RunKind::Canary => Ok(()),
    }
}

/// What is left of a run's items when `done` of them are worked off.
pub(super) fn pending(run: &Run, done: u64) -> u64 {
    run.items.unwrap_or(done).saturating_sub(done)
}

/// Whether the run may use up its hops: not while it writes what it has checked as a whole, for
/// then it would fail with some of its predictions visible. It ends all the same, since every hop
/// makes progress.
pub(super) fn may_run_out_of_hops(run: &Run) -> bool {
    !(run.policy == FailurePolicy::RetryAll && run.pass == Pass::Write)
}
