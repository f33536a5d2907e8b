//! The work on one worker's lanes, and what it comes to.

use serde_json::json;

use super::at_work::AtWork;
use super::end::stop;
use super::error::HopError;
use super::forecast::Forecast;
use super::lane::LaneEnd;
use super::neighbour::Neighbour;
use super::next::Next;
use super::side_by_side::work_lanes;
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::run::{Pass, RunState};
use crate::store::lanes::{self, Due};
use crate::store::runs::{self, Run};
use crate::store::trace::{Act, acting, saw};
use crate::store::{hold, totals, waits};

/// Works on one worker's lanes, which this hop holds, until they are done or time is up.
pub(super) async fn work(hop: &mut Hop<'_>, run: Run, due: Due) -> Result<Next, HopError> {
    let (id, at_work) = (run.id, AtWork { run: &run, means: hop.means });
    hop.done.part_in = Some(id);
    let before = Neighbour::before_work(hop.means, &mut hop.session, hop.began.present());
    let mut neighbour = match Box::pin(before).await {
        Ok(neighbour) => neighbour,
        Err(wait) => return Ok(Next::Rest(run, due, wait)),
    };
    if run.waits {
        hop.session.ask(|| waits::end(id)).await?;
        tracing::info!(run = %id, "the run goes on");
    }
    let brake = neighbour.as_ref().map(|neighbour| neighbour.brake(hop.began.present())).unwrap_or_default();
    hop.done.forecast = forecast(hop, &run).await?;
    let done = work_lanes(hop, at_work, due, (neighbour.as_mut(), &brake)).await;
    if let Some(neighbour) = neighbour {
        neighbour.close().await;
    }
    let done = done?;
    done.iter().for_each(|lane| hop.done.work.add(lane.hop));
    let too_many = done.iter().find_map(|lane| match lane.end {
        LaneEnd::TooManyFailures(too_many) => Some(too_many.why()),
        _ => None,
    });
    let any = |end: LaneEnd| done.iter().any(|lane| lane.end == end);
    Ok(if any(LaneEnd::TakenOver) {
        Next::Over(Some(id), Outcome::Stale)
    } else if let Some(why) = too_many {
        let means = hop.means;
        hop.session.run(async |conn| stop(conn, means, id, RunState::Failed, Some(&why)).await).await?;
        Next::Over(Some(id), Outcome::Stopped)
    } else if any(LaneEnd::Stopped) {
        stopped(hop, &run).await?
    } else if let Some(wait) = brake.wait().filter(|_| any(LaneEnd::Waits)) {
        Next::Rest(run, due, wait.clone())
    } else if any(LaneEnd::OutOfTime) {
        Next::HandOver(run, due)
    } else {
        Next::Finish(run)
    })
}

/// The run is paused or over; or its second pass began between the look at it and the hold on its lanes, and whoever
/// began that sends off nobody who holds lanes.
async fn stopped(hop: &mut Hop<'_>, run: &Run) -> Result<Next, HopError> {
    if run.pass == Pass::Check {
        // Lets go first, then looks.
        acting(&[Act::LeaveCheckRelease], None, hop.session.ask(hold::release)).await?;
        saw(Act::LeaveCheckRelease, None, || json!({}));
        let table = hop.means.table();
        let now = acting(&[Act::LeaveCheckLook], None, hop.session.ask(|| runs::find(table, run.id))).await?;
        saw(
            Act::LeaveCheckLook,
            None,
            || json!({ "state": now.as_ref().map(|run| run.state), "pass": now.as_ref().map(|run| run.pass) }),
        );
        if let Some(now) = now.filter(|now| now.state == RunState::Running && now.pass == Pass::Write) {
            return Ok(Next::TakeUp(now));
        }
    }
    Ok(Next::Over(Some(run.id), Outcome::Stopped))
}

/// What is needed to say when the run will be done, if it has a deadline.
async fn forecast(hop: &mut Hop<'_>, run: &Run) -> Result<Option<Forecast>, HopError> {
    let Some(deadline) = run.deadline else { return Ok(None) };
    let (totals, due) = hop.session.ask(|| totals::of(run.id).and(lanes::due(run.id))).await?;
    Ok(Forecast::new(run, deadline, &totals, due.len(), hop.began.present()))
}
