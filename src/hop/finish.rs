//! A worker's lanes are done: `finish_run`, and what follows a run's first pass.

use std::time::Duration;

use chrono::TimeDelta;
use mysql_async::Conn;
use serde_json::json;

use super::at_work::AtWork;
use super::end::{counted, settle_changes};
use super::error::HopError;
use super::lane_sessions::LaneSessions;
use super::next::Next;
use super::scope::Scope;
use super::step::Step;
use super::too_many::TooMany;
use super::under_way::Hop;
use super::{census, drift};
use crate::answer::Outcome;
use crate::drift::{Ratios, Report};
use crate::run::{Counts, Pass, RunId, RunState};
use crate::store::runs::Run;
use crate::store::statement::{Statement, begin, commit, rollback};
use crate::store::totals::{self, Totals};
use crate::store::trace::{Act, acting, saw};
use crate::store::{StoreError, failures, hold, lanes, runs};
use crate::window::Time;
use crate::words;

/// Ends the run, if these were its last lanes.
pub(super) async fn finish(hop: &mut Hop<'_>, run: Run) -> Result<Next, HopError> {
    hop.done.part_in = Some(run.id);
    let (at_work, lanes, bill, now) =
        (AtWork { run: &run, means: hop.means }, hop.lanes, hop.bill(run.id), hop.began.present());
    match hop.session.run(async |conn| finish_run(conn, at_work, lanes, (&bill, now)).await).await? {
        Ended::Lanes if run.pass == Pass::Check => leave_check(hop, run.id).await,
        Ended::Lanes => Ok(Next::Over(Some(run.id), Outcome::LanesFinished)),
        Ended::Run(state, seen) => {
            hop.done.drift = seen;
            // What the hop took is in the run's row already: a commit less.
            hop.done.part_in = None;
            let (part, clock) = (hop.part(run.id, state), hop.clock);
            Ok(match hop.asked.take_if(|_| clock.allows(Duration::ZERO)) {
                Some(request) => {
                    // Lets go: if this very run is tried again, the lanes must not seem to be somebody else's.
                    acting(&[Act::Ended], None, hop.session.ask(hold::release)).await?;
                    saw(Act::Ended, None, || json!({}));
                    hop.begin_another(part);
                    Next::Open(request)
                }
                None => Next::Over(Some(run.id), Outcome::Finished),
            })
        }
    }
}

/// This worker's lanes are done with the first pass. Goes on with the second, if it has begun.
async fn leave_check(hop: &mut Hop<'_>, id: RunId) -> Result<Next, HopError> {
    // Lets go first, then looks: whoever begins the second pass sends off nobody who holds lanes.
    acting(&[Act::LeaveCheckRelease], None, hop.session.ask(hold::release)).await?;
    saw(Act::LeaveCheckRelease, None, || json!({}));
    let table = hop.means.table();
    let now = acting(&[Act::LeaveCheckLook], None, hop.session.ask(|| runs::find(table, id))).await?;
    saw(
        Act::LeaveCheckLook,
        None,
        || json!({ "state": now.as_ref().map(|run| run.state), "pass": now.as_ref().map(|run| run.pass) }),
    );
    Ok(match now {
        Some(run) if run.state == RunState::Running && run.pass == Pass::Write => Next::TakeUp(run),
        _ => Next::Over(Some(id), Outcome::LanesFinished),
    })
}

/// What ended together with a worker's last lane.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ended {
    /// Its lanes alone: others are still worked on, or somebody else ended the run, or it goes on with
    /// its second pass.
    Lanes,
    /// The run, in this state, and its items were like this.
    Run(RunState, Ratios),
}

/// A run under its lock.
struct Standing {
    /// `None`: not at work any more, or not all of its lanes are finished.
    run: Option<Run>,
    totals: Totals,
    /// The drift profiles of its lanes, and of runs before.
    profiles: Vec<String>,
    earlier: Vec<String>,
    is_any_set_aside: bool,
}

impl Standing {
    /// Begins a transaction and locks the run in it.
    fn of(at_work: AtWork<'_>) -> Statement<Self> {
        let (id, table) = (at_work.run.id, at_work.table());
        let run = begin().then(runs::lock(id)).and(runs::find(table, id));
        let profiles = lanes::profiles(id).and(drift::earlier(table, id, at_work.run.kind, at_work.means.model));
        run.and(totals::of(id)).and(profiles).and(failures::any(table)).map(|(standing, is_any_set_aside)| {
            let (((state, run), totals), (profiles, earlier)) = standing;
            // Somebody else, or our own commit that went unanswered, may have begun the second pass.
            let is_running = state == Some(RunState::Running);
            let run = run.filter(|_| is_running && totals.unfinished == 0);
            Self { run, totals, profiles, earlier, is_any_set_aside }
        })
    }
}

/// How a run ends.
struct End {
    state: RunState,
    counts: Counts,
    why: Option<String>,
}

/// Ends the run, or its pass, if no lane is left. Of two workers who finish together one does.
/// What the hop took until then goes with it.
async fn finish_run(
    conn: &mut Conn,
    at_work: AtWork<'_>,
    lanes: &LaneSessions,
    (bill, now): (&impl Fn() -> Statement<()>, Time),
) -> Result<Ended, StoreError> {
    let (id, model) = (at_work.run.id, at_work.means.model);
    let standing = acting(&[Act::Finish], None, Standing::of(at_work).ask(conn)).await?;
    saw(Act::Finish, None, || json!({ "is_last": standing.run.is_some() }));
    let Some(run) = &standing.run else {
        rollback().ask(conn).await?;
        return Ok(Ended::Lanes);
    };
    if run.pass == Pass::Check && standing.totals.counts.failed == 0 {
        let begin_writing = runs::begin_writing(id).then(lanes::rewind(id)).then(commit());
        acting(&[Act::FinishRun], None, Step::FinishRun.commit(begin_writing.ask(conn))).await?;
        saw(Act::FinishRun, None, || json!({ "pass": Pass::Write }));
        return Ok(Ended::Lanes);
    }
    let End { state, counts, why } = match run.pass {
        Pass::Check => refused_as_a_whole(run, counted(conn, at_work, &standing.totals).await?),
        Pass::Write => worked_off(conn, at_work, lanes, &standing).await?,
    };
    if let Some(why) = &why {
        tracing::error!(run = %id, why, "the run failed");
    }
    let finish = runs::finish(id, state, counts, why.as_deref())
        .then(settle_changes(run, &standing.totals))
        .then(leave_skipped(conn, at_work, standing.totals.skipped, now).await?);
    let seen = drift::report(drift::sum(&standing.profiles, model), model, &standing.earlier);
    let finish = finish.then(drift::keep(id, seen.as_ref())?).then(bill()).then(commit());
    acting(&[Act::FinishRun], None, Step::FinishRun.commit(finish.ask(conn))).await?;
    saw(Act::FinishRun, None, || {
        let Counts { predicted, failed, pending, .. } = counts;
        json!({ "state": state, "predicted": predicted, "failed": failed, "pending": pending })
    });
    if let Some(seen) = &seen {
        drift::warn(id, seen);
    }
    Ok(Ended::Run(state, seen.as_ref().map(Report::ratios).unwrap_or_default()))
}

/// Notes what others had locked at every look: the next window begins early enough to find it.
async fn leave_skipped(
    conn: &mut Conn,
    at_work: AtWork<'_>,
    skipped: u64,
    now: Time,
) -> Result<Statement<()>, StoreError> {
    if skipped == 0 {
        return Ok(Statement::nothing());
    }
    let (id, window) = (at_work.run.id, at_work.run.window);
    tracing::warn!(run = %id, skipped, "others had items locked all the time; they stay pending");
    let age = at_work.means.oldest_pending(conn, window, now).await?;
    // A second more, for what was cut off its age.
    let since = age.and_then(|age| now.checked_sub_signed(TimeDelta::try_seconds(i64::try_from(age).ok()? + 1)?));
    Ok(runs::leave_skipped(id, skipped, since.or(window.from)))
}

/// The end of a run in one piece of which items cannot be scored.
fn refused_as_a_whole(run: &Run, counts: Counts) -> End {
    let why = format!("{} cannot be scored, so none was written ({})", words::items(counts.failed), run.policy);
    End { state: RunState::Failed, counts, why: Some(why) }
}

/// The end of a run whose lanes are all done. Rows may have come, gone or changed meanwhile, so what is
/// left is counted. Also where the sums agree: one may have gone and another come.
async fn worked_off(
    conn: &mut Conn,
    at_work: AtWork<'_>,
    lanes: &LaneSessions,
    standing: &Standing,
) -> Result<End, StoreError> {
    let totals = &standing.totals;
    let pending = match Scope::of(at_work).left() {
        Some(left) => {
            let left = at_work.means.wanted(left);
            let left = if standing.is_any_set_aside { left } else { left.where_none_is_set_aside() };
            // Where that takes too long, it is known of those alone that others had locked.
            census::count(conn, lanes, left, &totals.ids).await?.unwrap_or(totals.skipped)
        }
        None => 0,
    };
    let counts = Counts { pending, ..totals.counts };
    let (state, why) = if let Some(too_many) = TooMany::at_the_end(at_work, totals) {
        (RunState::Failed, Some(too_many.why()))
    } else if counts.failed > 0 {
        (RunState::SucceededWithFailures, None)
    } else {
        (RunState::Succeeded, None)
    };
    Ok(End { state, counts, why })
}
