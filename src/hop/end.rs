//! `finish_run`: how a run ends, by its last lane, by a brake or by an operator.

use mysql_async::Conn;

use super::aside::Aside;
use super::lane::Job;
use super::scope::Scope;
use super::step::Step;
use super::{census, drift};
use crate::config::ItemsTable;
use crate::drift::{Ratios, Report};
use crate::run::{FailurePolicy, Pass, RunId, RunKind, RunState};
use crate::store::lanes::Totals;
use crate::store::runs::Run;
use crate::store::statement::{Statement, begin, commit, rollback};
use crate::store::{StoreError, failures, lanes, runs};

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
pub(super) async fn finish_run(conn: &mut Conn, job: Job<'_>, aside: &Aside) -> Result<Ended, StoreError> {
    let Job { run: Run { id, kind, .. }, model, work, .. } = job;
    let (id, table) = (*id, job.table());
    let standing = begin().then(runs::lock(id)).and(runs::find(table, id)).and(lanes::totals(id));
    let seen = lanes::profiles(id).and(drift::earlier(table, id, *kind, model));
    let ((((state, run), totals), (seen, earlier)), is_any_set_aside) =
        standing.and(seen).and(failures::any(table)).ask(conn).await?;
    // Somebody else, or our own commit that went unanswered, may have begun the second pass.
    let run = run.filter(|_| state == Some(RunState::Running) && totals.unfinished == 0);
    let Some(run) = run else {
        rollback().ask(conn).await?;
        return Ok(Ended::Lanes);
    };
    let mut counts = totals.counts;
    let done = counts.predicted + counts.failed;
    let (state, why) = match run.pass {
        Pass::Check if counts.failed == 0 => {
            let begin_writing = runs::begin_writing(id).then(lanes::rewind(id)).then(commit());
            Step::FinishRun.commit(begin_writing.ask(conn)).await?;
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
                Some(left) => {
                    let left = if is_any_set_aside { left } else { left.where_none_is_set_aside() };
                    census::count(conn, aside, table, (left, model.features()), bounds).await?
                }
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
    let finish = runs::finish(id, state, counts, why.as_deref()).then(settle_changes(&run, &totals));
    let seen = drift::report(drift::sum(&seen, model), model, &earlier);
    let finish = finish.then(drift::keep(id, seen.as_ref())?).then(commit());
    Step::FinishRun.commit(finish.ask(conn)).await?;
    if let Some(seen) = &seen {
        drift::warn(id, seen);
    }
    Ok(Ended::Run(seen.as_ref().map(Report::ratios).unwrap_or_default()))
}

fn too_many(totals: &Totals, percent: u32) -> String {
    let (failed, done) = (totals.fresh_failed, totals.fresh_done);
    format!("{failed} of {done} items cannot be scored, more than {percent} % (MAX_FAILED_PERCENT)")
}

/// Fails a run of which too many items cannot be scored.
pub(super) async fn fail_for_failures(conn: &mut Conn, job: Job<'_>) -> Result<(), StoreError> {
    let why = too_many(&lanes::totals(job.run.id).ask(conn).await?, job.work.max_failed_percent);
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
    let Some((_, state)) = locked(conn, table, id).await? else { return Ok(Steered::Unknown) };
    if !state.may_become(to) || state.is_over() {
        rollback().ask(conn).await?;
        return Ok(Steered::Refused(state));
    }
    runs::set_state(id, to).then(commit()).ask(conn).await?;
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
    let Some((run, state)) = locked(conn, table, id).await? else { return Ok(Steered::Unknown) };
    if !state.may_become(to) {
        rollback().ask(conn).await?;
        return Ok(Steered::Refused(state));
    }
    end_early(conn, &run, to, why).await?;
    commit().ask(conn).await?;
    if let Some(why) = why {
        tracing::error!(run = %id, why, "the run was stopped");
    }
    Ok(Steered::Done)
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

/// Ends a run whose row is locked before its lanes are done.
pub(super) async fn end_early(conn: &mut Conn, run: &Run, to: RunState, why: Option<&str>) -> Result<(), StoreError> {
    let totals = lanes::totals(run.id).ask(conn).await?;
    let mut counts = totals.counts;
    counts.pending = pending(run, counts.predicted + counts.failed);
    runs::finish(run.id, to, counts, why).then(settle_changes(run, &totals)).ask(conn).await
}

fn settle_changes(run: &Run, totals: &Totals) -> Statement<()> {
    match run.kind {
        RunKind::Backfill => runs::settle_changes(run.id, totals.changes),
        RunKind::Window | RunKind::Sweep | RunKind::Canary => Statement::nothing(),
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
