//! `hand_over` and `finish`: how a hop leaves its lanes.

use crate::hop::{Step, leave};
use crate::rows;
use crate::setup::Guard;
use crate::state::{Counts, Hop, Message, Pass, RunState, Stage};

/// `hand_over`: lets go.
pub fn release(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    hop.holds = false;
    if !step.setup.has(Guard::ReleaseFirst) {
        *step.hop_mut() = hop;
        return leave(step);
    }
    hop.stage = if step.setup.has(Guard::DueFirst) { Stage::HandOverDue } else { Stage::SendContinuation };
    step.goes_on(hop)
}

fn next(hop: &Hop) -> Message {
    Message { run: hop.run, worker: hop.worker, hop: hop.due + 1 }
}

/// `hand_over`: makes the worker's next hop due.
pub fn due(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    if !step.make_due(next(&hop)) {
        return false;
    }
    if !step.setup.has(Guard::DueFirst) {
        return leave(step);
    }
    hop.stage = Stage::SendContinuation;
    step.goes_on(hop)
}

/// `send_continuation`.
pub fn send_continuation(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    if !step.send(next(&hop)) {
        return false;
    }
    hop.stage = if !step.setup.has(Guard::ReleaseFirst) {
        Stage::HandOverRelease
    } else if !step.setup.has(Guard::DueFirst) {
        Stage::HandOverDue
    } else {
        return leave(step);
    };
    step.goes_on(hop)
}

/// The worker used up its hops: the run fails.
pub fn stop_run(step: &mut Step<'_>) -> bool {
    let run = step.hop().run;
    if step.is_end_locked(run) {
        return false;
    }
    if step.run().state == RunState::Running {
        step.end_early(run, RunState::Failed);
    }
    leave(step)
}

/// `finish`: locks the run's row and looks whether these were its last lanes.
pub fn finish(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    if step.setup.has(Guard::RunLock) && step.state.is_run_locked(hop.run) {
        return false;
    }
    let run = *step.run();
    let is_running = run.state == RunState::Running || !step.setup.has(Guard::StateUnderLock);
    if !is_running || run.lanes.iter().any(|lane| !lane.finished) {
        return lanes_alone(step, hop);
    }
    hop.counts = rows::counts(step.setup, &step.state.db, hop.run);
    // As it stands under the lock, not as it was read before.
    hop.pass = run.pass;
    (hop.locks_run, hop.stage) = (step.setup.has(Guard::RunLock), Stage::FinishRun);
    step.goes_on(hop)
}

/// Others are at work still, or ended the run, or it is in its second pass.
fn lanes_alone(step: &mut Step<'_>, mut hop: Hop) -> bool {
    if hop.pass != Pass::Check {
        return leave(step);
    }
    hop.stage = if step.setup.has(Guard::ReleaseThenLook) { Stage::LeaveCheckRelease } else { Stage::LeaveCheckLook };
    step.goes_on(hop)
}

/// `finish_run`: ends the run, or its first pass.
pub fn finish_run(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let (setup, counts) = (step.setup, hop.counts);
    hop.locks_run = false;
    let run = step.run();
    if hop.pass == Pass::Check && counts.failed == 0 {
        run.pass = Pass::Write;
        rows::rewind(setup, run);
        (hop.counts, run.wrote, run.set_aside) = (Counts::default(), 0, 0);
        return lanes_alone(step, hop);
    }
    let was_over = run.is_over();
    run.state = if hop.pass == Pass::Check { RunState::Failed } else { RunState::Succeeded };
    run.settled = counts;
    step.state.wrong.ended_twice |= was_over;
    if hop.asked == 0 {
        *step.hop_mut() = hop;
        return leave(step);
    }
    (hop.stage, hop.counts) = (Stage::Ended, Counts::default());
    step.goes_on(hop)
}

/// The run that came first is over, and there is time for the one that was asked for: lets go.
pub fn ended(step: &mut Step<'_>) -> bool {
    let hop = *step.hop();
    let Hop { trigger, comes_again, model, began, asked, .. } = hop;
    step.goes_on(Hop { trigger, comes_again, model, began, asked, stage: Stage::Open, ..Hop::default() })
}

/// `finish`, after the first pass: lets go.
pub fn leave_check_release(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    hop.holds = false;
    if !step.setup.has(Guard::ReleaseThenLook) {
        *step.hop_mut() = hop;
        return leave(step);
    }
    hop.stage = Stage::LeaveCheckLook;
    step.goes_on(hop)
}

/// `finish`, after the first pass: goes on with the second, if that has begun.
pub fn leave_check_look(step: &mut Step<'_>) -> bool {
    let mut hop = *step.hop();
    let run = *step.run();
    if run.state == RunState::Running && run.pass == Pass::Write {
        return step.take_up(usize::from(hop.run));
    }
    if step.setup.has(Guard::ReleaseThenLook) {
        return leave(step);
    }
    hop.stage = Stage::LeaveCheckRelease;
    step.goes_on(hop)
}
