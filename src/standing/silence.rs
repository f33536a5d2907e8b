//! Whether windows come as they should.

use chrono::TimeDelta;

use super::attended::attended;
use super::facts::{Facts, takes_what_waits};
use super::schedule;
use super::trouble::{Heard, Trouble};
use crate::run::{RunKind, RunState};
use crate::store::earlier::WindowOver;
use crate::store::jobs::JobState;
use crate::store::status::StatusLine;
use crate::window::Time;

/// An item waits for at least so long, until that is odd without a schedule.
const LONG: TimeDelta = TimeDelta::days(1);

/// That the next window was due and none came. While one is worked on, ticks go on with it, or find it paused, and leave no
/// trace of their own, so they are expected from its end on; of one that nobody works on, from its last page on. A job that
/// is held expects none.
pub(super) fn silence(facts: &Facts) -> Option<Trouble> {
    if facts.job_state != JobState::Active {
        return None;
    }
    let patience = schedule::patience(&facts.ticks, facts.tick_every)?;
    let left = match unfinished_window(facts) {
        Some(run) => Some((run, left_since(run, facts)?)),
        None => None,
    };
    let (last, heard) = heard(facts, left.map(|(run, _)| run))?;
    let ends = facts.windows.iter().filter(|window| tells(facts, window)).map(|window| window.ended);
    let latest = ends.chain(left.map(|(_, since)| since)).max().map_or(last, |latest| latest.max(last));
    let due = latest.checked_add_signed(patience).filter(|due| *due < facts.now)?;
    Some(Trouble::Silent { last, heard, due })
}

/// That items wait much longer than there was between earlier windows, where nothing says when the next one is due.
pub(super) fn left_waiting(facts: &Facts) -> Option<Trouble> {
    let is_under_way = facts.runs.iter().any(|run| takes_what_waits(run) && !run.state.is_over());
    if facts.job_state != JobState::Active
        || is_under_way
        || schedule::patience(&facts.ticks, facts.tick_every).is_some()
    {
        return None;
    }
    let arrived = facts.backlog?.oldest_reached?;
    let begins: Vec<Time> = facts.windows.iter().map(|window| window.began).collect();
    let far = (schedule::longest_gap(&begins)? * 2).max(LONG);
    let last = facts.windows.iter().map(|window| window.ended).max()?;
    (facts.now - arrived.max(last) > far).then_some(Trouble::LeftWaiting { arrived, last })
}

fn unfinished_window(facts: &Facts) -> Option<&StatusLine> {
    facts.runs.iter().find(|run| run.kind == RunKind::Window && !run.state.is_over())
}

/// Since when nobody works on a run; `None`: somebody does, or it is held, or waits.
fn left_since(run: &StatusLine, facts: &Facts) -> Option<Time> {
    let attendance = facts.attendance(run.id).filter(|_| run.state == RunState::Running)?;
    match attended(run, attendance, facts.now)? {
        Trouble::Unattended { silent_for, .. } => Some(facts.now - silent_for),
        _ => None,
    }
}

/// Whether a window that is over tells that the schedule goes on: one of a tick does, and so does a tick that was refused.
/// Where it is known how often windows come, each does, whoever opened it.
fn tells(facts: &Facts, window: &WindowOver) -> bool {
    window.tick.is_some() || window.is_refused || facts.tick_every.is_some()
}

/// What was heard last: a tick, or where it is known how often windows come, one that was opened by hand. Where none was
/// yet, items wait for the first.
fn heard(facts: &Facts, left: Option<&StatusLine>) -> Option<(Time, Heard)> {
    let over = facts.windows.iter().filter(|window| window.tick.is_none()).map(|window| window.began);
    let left = left.filter(|run| run.tick.is_none()).map(|run| run.started_at);
    let by_hand = over.chain(left).filter(|_| facts.tick_every.is_some()).map(|began| (began, Heard::Window));
    let tick = facts.ticks.first().map(|tick| (*tick, Heard::Tick));
    let latest = by_hand.chain(tick).max_by_key(|(at, _)| *at);
    latest.or_else(|| Some((facts.backlog?.oldest_reached?, Heard::Arrival)))
}
