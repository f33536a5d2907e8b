//! `go_on` and `work`: a continuation arrives, lanes are claimed, and pages are read, written and committed.

use crate::hop::{Step, leave};
use crate::rows;
use crate::setup::Guard;
use crate::state::{Lane, Message, NONE, Pass, Run, RunState, Stage, Trigger};

/// `go_on`: looks at the run that the message names.
pub fn go_on(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let run = *step.run();
    hop.pass = run.pass;
    hop.stage = match run.state {
        RunState::Running | RunState::Cancelled if run.model != hop.model && step.setup.has(Guard::SameModel) => {
            Stage::Succeed
        }
        RunState::Running => Stage::GoOnHold,
        _ => return leave(step),
    };
    step.goes_on(hop)
}

/// `go_on`: tries to hold the lanes, and reads what is due.
pub fn go_on_hold(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let Trigger::Message(message, _) = hop.trigger else { return false };
    let is_held = step.state.is_held(hop.run, message.worker);
    if is_held && step.setup.has(Guard::Hold) {
        return leave(step);
    }
    (hop.holds, hop.worker) = (!is_held, message.worker);
    let Some(due) = step.run().due(message.worker) else {
        hop.stage = Stage::Finish;
        return step.goes_on(hop);
    };
    hop.due = if step.setup.has(Guard::OwnNumber) { due } else { message.hop };
    hop.stage = match message.hop < due && step.setup.has(Guard::HopNumber) {
        true if step.setup.has(Guard::SendAgain) => {
            if step.setup.has(Guard::SendAgainFree) {
                Stage::SendAgainRelease
            } else {
                Stage::SendAgain
            }
        }
        true => {
            *step.hop_mut() = hop;
            return leave(step);
        }
        false => Stage::ClaimLanes,
    };
    step.goes_on(hop)
}

/// `go_on`: lets go, since the message is an old one.
pub fn send_again_release(step: &mut Step<'_>) -> bool {
    let hop = *step.hop();
    step.goes_on(Hop { holds: false, stage: Stage::SendAgain, ..hop })
}

/// `send_continuation` of a hop that is due already.
pub fn send_again(step: &mut Step<'_>) -> bool {
    let hop = *step.hop();
    let Hop { run, worker, due, .. } = hop;
    step.send(Message { run, worker, hop: due }) && leave(step)
}

use crate::state::Hop;

/// `claim_lanes`. The hop that opened the run has them from their birth.
pub fn claim_lanes(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let is_first = (hop.worker, hop.due) == (0, 1);
    if !is_first && Run::lanes_of(hop.worker).any(|lane| step.state.is_lane_locked(hop.run, lane as u8, step.at)) {
        return false;
    }
    hop.claims = Default::default();
    for place in Run::lanes_of(hop.worker) {
        let lane = &mut step.run().lanes[place];
        if !lane.finished && !is_first {
            (lane.claim, lane.hop) = (lane.claim + 1, lane.hop.max(hop.due));
        }
        hop.claims[place] = if is_first { 1 } else { lane.claim };
    }
    hop.has_done = false;
    next_lane(step, hop)
}

/// Goes on with the worker's next lane. In the code its lanes are worked on side by side.
fn next_lane(step: &mut Step<'_>, mut hop: Hop) -> bool {
    let run = *step.run();
    let next = Run::lanes_of(hop.worker).find(|lane| !run.lanes[*lane].finished);
    (hop.lane, hop.expected, hop.stage) = match next {
        Some(lane) => (lane as u8, NONE, Stage::ReadPage),
        None => (0, NONE, Stage::Finish),
    };
    step.goes_on(hop)
}

/// `read_page`: locks the lane's row, looks whether the page may be worked on, and locks its items.
pub fn read_page(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let place = usize::from(hop.lane);
    if step.setup.has(Guard::LaneLock) && step.state.is_lane_locked(hop.run, hop.lane, step.at) {
        return false;
    }
    let run = *step.run();
    let lane = run.lanes[place];
    if lane.claim != hop.claims[place] && step.setup.has(Guard::Claim) {
        // Who has lost its hold may take over from who has it.
        step.state.wrong.disturbed |= hop.holds && !step.setup.may_lose_hold();
        return leave(step);
    }
    let is_running = run.state == RunState::Running || !step.setup.has(Guard::StateAtPage);
    if !is_running || run.pass != hop.pass && step.setup.has(Guard::PassAtPage) {
        return stopped(step, hop);
    }
    if lane.finished {
        return next_lane(step, hop);
    }
    let after = match hop.expected {
        NONE => lane.cursor,
        _ if step.setup.has(Guard::Cursor) => lane.cursor,
        expected => expected.min(lane.high),
    };
    step.state.wrong.began_while_held |= run.state != RunState::Running;
    let locked = if hop.pass == Pass::Write { step.state.locked_items() } else { 0 };
    (hop.found, hop.to) = rows::page(step.setup, &step.state.db, (hop.run, place), after, locked);
    (hop.in_page, hop.from, hop.stage) = (true, (lane.predicted, lane.failed), Stage::CommitPage);
    step.goes_on(hop)
}

/// The run is held or over, or in its other pass: after the first pass it is looked at again.
fn stopped(step: &mut Step<'_>, mut hop: Hop) -> bool {
    if hop.pass != Pass::Check || !step.setup.has(Guard::LookAgain) {
        return leave(step);
    }
    hop.stage = Stage::LeaveCheckRelease;
    step.goes_on(hop)
}

/// `write_page` and `commit_page`: the predictions, the failures and the lane's progress.
pub fn commit_page(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let (wrote, set_aside) = write(step, hop);
    hop.from = (hop.from.0 + wrote, hop.from.1 + set_aside);
    if !step.setup.has(Guard::OneCommit) {
        hop.stage = Stage::CommitCursor;
        return step.goes_on(hop);
    }
    *step.hop_mut() = hop;
    commit_cursor(step)
}

/// The lane's progress.
pub fn commit_cursor(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let lane = &mut step.run().lanes[usize::from(hop.lane)];
    let finished = hop.to >= lane.high;
    *lane = Lane { cursor: hop.to, predicted: hop.from.0, failed: hop.from.1, finished, ..*lane };
    (hop.in_page, hop.found, hop.from) = (false, 0, (0, 0));
    (hop.expected, hop.to, hop.has_done, hop.stage) = (hop.to, 0, true, Stage::ReadPage);
    if finished { next_lane(step, hop) } else { step.goes_on(hop) }
}

/// Writes a page's items. Answers how many were predicted and set aside.
fn write(step: &mut Step<'_>, hop: Hop) -> (u8, u8) {
    let (mut wrote, mut set_aside) = (0, 0);
    let counts_attempts = step.setup.policy == crate::setup::Policy::RetryFailed;
    for (place, item) in step.state.db.items.iter_mut().enumerate() {
        if hop.found & (1 << place) == 0 || !item.present {
            continue;
        }
        if item.bad {
            if counts_attempts && item.aside != hop.run + 1 {
                item.attempts = (item.attempts + 1).max(1);
            }
            (item.aside, item.released) = (hop.run + 1, false);
            set_aside += 1;
        } else if hop.pass == Pass::Write {
            (item.predicted, item.writes, item.aside, item.released) = (true, item.writes + 1, 0, false);
            wrote += 1;
        }
    }
    let run = step.run();
    (run.wrote, run.set_aside) = (run.wrote + wrote, run.set_aside + set_aside);
    let is_mixed = run.model != hop.model && wrote > 0;
    step.state.wrong.mixed |= is_mixed;
    (wrote, set_aside)
}

/// Time is up, once a page is done: `hand_over`.
pub fn out_of_time(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    if hop.stage != Stage::ReadPage || !hop.has_done {
        return false;
    }
    let may_run_out = hop.pass == Pass::Check || step.setup.policy != crate::setup::Policy::RetryAll;
    hop.stage = if hop.due + 1 > crate::state::MAX_HOPS && may_run_out {
        Stage::StopRun
    } else if step.setup.has(Guard::ReleaseFirst) {
        Stage::HandOverRelease
    } else {
        Stage::HandOverDue
    };
    step.goes_on(hop)
}
