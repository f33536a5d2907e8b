//! `open`, `succeed`, `take_up` and `set_off`: how a hop comes to its lanes.

use crate::hop::{Step, leave};
use crate::rows::{self, extents, new_run, window};
use crate::setup::Guard;
use crate::state::{Extents, Hop, Message, NONE, Run, RunState, Stage, WORKERS};

/// `open`: finds the run that comes first, or sees that there is none.
pub fn open(step: &mut Step<'_>) -> bool {
    let (db, mut hop) = (step.state.db, *step.hop());
    let of_tick = db.of_tick(hop.asked);
    if let Some(run) = of_tick.filter(|run| db.runs[*run].is_over()) {
        return match successor(step, run) {
            Some(successor) => step.take_up(successor),
            None => leave(step),
        };
    }
    let Some(run) = of_tick.or(db.unfinished()).or(rows::to_try_again(step.setup, &db, hop.began)) else {
        hop.extents = extents(step.setup, &db, window(step.setup, &db, hop.asked));
        hop.stage = Stage::OpenRun;
        return step.goes_on(hop);
    };
    let row = &db.runs[run];
    if row.tick == hop.asked {
        hop.asked = 0;
    }
    (hop.run, hop.pass) = (run as u8, row.pass);
    if row.state == RunState::Paused {
        return leave(step);
    }
    hop.stage = match row.state {
        _ if row.model != hop.model && step.setup.has(Guard::SameModel) => {
            hop.asked = step.hop().asked;
            Stage::Succeed
        }
        RunState::Failed => {
            hop.extents = rows::extents_again(step.setup, &db, run);
            Stage::TryAgain
        }
        _ => Stage::TakeUp,
    };
    step.goes_on(hop)
}

/// The unfinished run, if it is one of this model that replaced `run`.
fn successor(step: &Step<'_>, run: usize) -> Option<usize> {
    let (db, model) = (&step.state.db, step.hop().model);
    let row = &db.runs[run];
    let is_replaced = row.state == RunState::Cancelled && row.model != model;
    db.unfinished().filter(|unfinished| is_replaced && db.runs[*unfinished].model == model)
}

/// `open_run`: the row and its lanes, in one transaction.
pub fn open_run(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let (setup, db) = (step.setup, &mut step.state.db);
    let is_duplicate = setup.has(Guard::UnfinishedKey) && db.unfinished().is_some()
        || setup.has(Guard::TickKey) && db.of_tick(hop.asked).is_some();
    if is_duplicate {
        hop.stage = Stage::Open;
        return step.goes_on(hop);
    }
    let Some(room) = db.room() else { return false };
    let run = new_run(setup, hop.extents, hop.asked, hop.model, hop.began);
    db.runs[room] = run;
    if run.state == RunState::Succeeded {
        return leave(step);
    }
    (hop.run, hop.pass, hop.asked) = (room as u8, run.pass, 0);
    hop.list = rows::list(&run).map(|due| if due == NONE { NONE } else { 0 });
    (hop.turn, hop.mine, hop.stage) = (0, false, Stage::SetOff);
    step.goes_on(hop)
}

/// Another attempt at a window that failed as a whole.
pub fn try_again(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    if step.state.is_run_locked(hop.run) || step.state.is_any_lane_locked(hop.run) {
        return false;
    }
    let setup = step.setup;
    let is_other_unfinished = step.state.db.unfinished().is_some();
    let run = &mut step.state.db.runs[usize::from(hop.run)];
    if run.state == RunState::Failed {
        if is_other_unfinished {
            hop.asked = if hop.asked == 0 { run.tick } else { hop.asked };
            hop.stage = Stage::Open;
            return step.goes_on(hop);
        }
        rows::widen(setup, run, hop.extents);
        rows::rewind(setup, run);
        (run.state, run.pass) = (RunState::Running, rows_first(setup));
        (run.attempt, run.attempted) = (run.attempt + 1, hop.began);
        (run.settled, run.wrote, run.set_aside) = Default::default();
    }
    if run.state != RunState::Running {
        return leave(step);
    }
    hop.pass = run.pass;
    hop.extents = Extents::default();
    hop.stage = Stage::TakeUp;
    step.goes_on(hop)
}

fn rows_first(setup: &crate::setup::Setup) -> crate::state::Pass {
    crate::state::first_pass(setup.policy)
}

/// `take_up`: reads what is due.
pub fn take_up(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    hop.list = rows::list(&step.state.db.runs[usize::from(hop.run)]);
    (hop.turn, hop.mine) = (0, false);
    hop.stage = if hop.list == [NONE; WORKERS] { Stage::Finish } else { Stage::SetOff };
    step.goes_on(hop)
}

/// `set_off`: tries to hold lanes until some are, then asks of each other worker whether somebody holds its lanes.
pub fn set_off(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let Some(worker) = (hop.turn..WORKERS as u8).find(|worker| hop.list[usize::from(*worker)] != NONE) else {
        if !hop.mine {
            return leave(step);
        }
        hop.stage = Stage::ClaimLanes;
        return step.goes_on(hop);
    };
    let is_held = step.state.is_held(hop.run, worker);
    hop.turn = worker + 1;
    if !hop.mine {
        if !is_held || !step.setup.has(Guard::Hold) {
            hop.mine = true;
            hop.holds = !is_held;
            (hop.worker, hop.due) = (worker, number_of_mine(step, &hop, worker));
        }
    } else if !is_held || !step.setup.has(Guard::HoldAsked) {
        hop.turn = worker;
        let is_first = hop.list[usize::from(worker)] == 0 || !step.setup.has(Guard::DueFirst);
        hop.stage = if is_first && !step.setup.has(Guard::DueFirst) { Stage::SetOffSend } else { Stage::SetOffDue };
    }
    step.goes_on(hop)
}

/// The number of the lanes that the hop holds now. Whoever opened the run has the first, if nobody was at work since.
fn number_of_mine(step: &mut Step<'_>, hop: &Hop, worker: u8) -> u8 {
    let read = hop.list[usize::from(worker)];
    let run = *step.run();
    let lanes = || Run::lanes_of(worker).map(|lane| run.lanes[lane]).filter(|lane| lane.high > 0);
    let is_untouched = lanes().all(|lane| (lane.hop, lane.claim) == (1, 1));
    if !step.setup.has(Guard::NumberAfterHold) || read == 0 && worker == 0 && is_untouched {
        return read + 1;
    }
    lanes().map(|lane| lane.hop).max().unwrap_or(read) + 1
}

/// The number that a worker gets from whoever takes up its run.
fn number(step: &Step<'_>) -> Message {
    let hop = step.hop();
    let due = hop.list[usize::from(hop.turn)];
    let number = if step.setup.has(Guard::NewNumber) || due == 0 { due + 1 } else { due };
    Message { run: hop.run, worker: hop.turn, hop: number }
}

/// Makes the other worker's hop due.
pub fn set_off_due(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let message = number(step);
    if !step.make_due(message) {
        return false;
    }
    if step.setup.has(Guard::DueFirst) {
        hop.stage = Stage::SetOffSend;
    } else {
        (hop.turn, hop.stage) = (hop.turn + 1, Stage::SetOff);
    }
    step.goes_on(hop)
}

/// Sends it.
pub fn set_off_send(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let message = number(step);
    if !step.send(message) {
        return false;
    }
    if step.setup.has(Guard::DueFirst) {
        (hop.turn, hop.stage) = (hop.turn + 1, Stage::SetOff);
    } else {
        hop.stage = Stage::SetOffDue;
    }
    step.goes_on(hop)
}

/// `succeed`: ends the other model's run and opens one of its own, both or neither; or finds the one that did.
pub fn succeed(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let old = step.state.db.runs[usize::from(hop.run)];
    if matches!(old.state, RunState::Running | RunState::Failed) {
        if step.is_end_locked(hop.run) {
            return false;
        }
        step.end_early(hop.run, RunState::Cancelled);
        step.state.db.runs[usize::from(hop.run)].replaced = true;
        if step.setup.has(Guard::BothOrNeither) {
            return succeed_open(step);
        }
        hop.stage = Stage::SucceedOpen;
        return step.goes_on(hop);
    }
    match successor(step, usize::from(hop.run)) {
        Some(successor) => {
            hop.asked = if hop.asked == old.tick { 0 } else { hop.asked };
            *step.hop_mut() = hop;
            step.take_up(successor)
        }
        None => asked_or_over(step),
    }
}

/// The second half of [`succeed`].
pub fn succeed_open(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let old = step.state.db.runs[usize::from(hop.run)];
    let extents = extents(step.setup, &step.state.db, (old.from, old.to));
    let Some(room) = step.state.db.room() else { return false };
    let run = new_run(step.setup, extents, 0, hop.model, hop.began);
    step.state.db.runs[room] = run;
    if run.state == RunState::Succeeded {
        return asked_or_over(step);
    }
    hop.asked = if hop.asked == old.tick { 0 } else { hop.asked };
    *step.hop_mut() = hop;
    step.take_up(room)
}

/// What was asked for is opened, if anything was.
fn asked_or_over(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    if hop.asked == 0 {
        return leave(step);
    }
    hop.stage = Stage::Open;
    step.goes_on(hop)
}
