//! One step of one hop: which file does it, and what all of them need.

use crate::setup::{Event, Guard, Policy, Setup};
use crate::state::{HIGHEST, Hop, LANES, Message, Pass, Run, RunState, Stage, State, Trigger};
use crate::{leaving, opening, rows, working};

/// A step that is being made.
pub struct Step<'s> {
    pub setup: &'s Setup,
    pub state: &'s mut State,
    /// The place of the hop.
    pub at: usize,
}

impl Step<'_> {
    pub fn hop(&self) -> &Hop {
        &self.state.hops[self.at]
    }

    pub fn hop_mut(&mut self) -> &mut Hop {
        &mut self.state.hops[self.at]
    }

    /// The hop goes on as this.
    pub fn goes_on(&mut self, hop: Hop) -> bool {
        *self.hop_mut() = hop;
        true
    }

    /// The run that the hop works on.
    pub fn run(&mut self) -> &mut Run {
        let run = usize::from(self.hop().run);
        &mut self.state.db.runs[run]
    }

    /// Takes up a run, as it is now.
    pub fn take_up(&mut self, run: usize) -> bool {
        let row = &self.state.db.runs[run];
        if row.state != RunState::Running {
            return leave(self);
        }
        let pass = row.pass;
        let hop = self.hop_mut();
        (hop.run, hop.pass, hop.stage) = (run as u8, pass, Stage::TakeUp);
        true
    }

    /// Makes a worker's hop due, unless its lanes are locked.
    pub fn make_due(&mut self, Message { run, worker, hop }: Message) -> bool {
        if hop > HIGHEST || Run::lanes_of(worker).any(|lane| self.state.is_lane_locked(run, lane as u8, self.at)) {
            return false;
        }
        let (greatest, finished_too) = (self.setup.has(Guard::Greatest), self.setup.has(Guard::FinishedToo));
        for lane in Run::lanes_of(worker) {
            let lane = &mut self.state.db.runs[usize::from(run)].lanes[lane];
            if !lane.finished || finished_too && lane.high > 0 {
                lane.hop = if greatest { lane.hop.max(hop) } else { hop };
            }
        }
        true
    }

    /// Sends a message. The model has no room for later hops than these.
    pub fn send(&mut self, message: Message) -> bool {
        if message.hop > HIGHEST {
            return false;
        }
        self.state.queue.send(self.setup, message);
        true
    }

    /// Whether who ends a run early has to wait.
    pub fn is_end_locked(&self, run: u8) -> bool {
        self.state.is_run_locked(run) || self.setup.has(Guard::LanesLocked) && self.state.is_any_lane_locked(run)
    }

    /// `end_early`: ends a run before its lanes are done.
    pub fn end_early(&mut self, run: u8, to: RunState) {
        end_early(self.setup, self.state, run, to);
    }
}

/// Ends a run before its lanes are done, and settles its counts.
pub fn end_early(setup: &Setup, state: &mut State, run: u8, to: RunState) {
    let counts = rows::counts(setup, &state.db, run);
    let row = &mut state.db.runs[usize::from(run)];
    (row.state, row.settled) = (to, counts);
}

/// The hop has nothing more to do but to answer. Until then its connection holds what it holds.
pub fn leave(step: &mut Step<'_>) -> bool {
    if step.hop().holds {
        let hop = Hop { stage: Stage::Respond, ..*step.hop() };
        let kept = Hop {
            trigger: hop.trigger,
            comes_again: hop.comes_again,
            model: hop.model,
            stage: hop.stage,
            run: hop.run,
            worker: hop.worker,
            holds: true,
            ..Hop::default()
        };
        return step.goes_on(kept);
    }
    end(step.state, step.at)
}

/// The hop has answered. Its message is deleted, if that succeeds.
pub fn end(state: &mut State, at: usize) -> bool {
    if let Hop { trigger: Trigger::Message(message, _), comes_again: true, .. } = state.hops[at] {
        state.queue.put(message);
    }
    state.hops[at] = Hop::default();
    true
}

/// Makes the next step of the hop at a place. Answers whether it can be made: it may have to wait for a lock.
pub fn step(setup: &Setup, state: &mut State, at: usize) -> bool {
    let mut step = Step { setup, state, at };
    let hop = *step.hop();
    let is_gone = step.state.db.runs[usize::from(hop.run)].state == RunState::None;
    if is_gone && !matches!(hop.stage, Stage::Open | Stage::OpenRun | Stage::GoOn | Stage::Respond) {
        // After a failover: the hop fails, and what started it comes again.
        fail(step.state, at);
        return true;
    }
    let step = &mut step;
    match hop.stage {
        Stage::Over => false,
        Stage::Open => opening::open(step),
        Stage::OpenRun => opening::open_run(step),
        Stage::TryAgain => opening::try_again(step),
        Stage::TakeUp => opening::take_up(step),
        Stage::SetOff => opening::set_off(step),
        Stage::SetOffDue => opening::set_off_due(step),
        Stage::SetOffSend => opening::set_off_send(step),
        Stage::Succeed => opening::succeed(step),
        Stage::SucceedOpen => opening::succeed_open(step),
        Stage::ClaimLanes => working::claim_lanes(step),
        Stage::ReadPage => working::read_page(step),
        Stage::CommitPage => working::commit_page(step),
        Stage::CommitCursor => working::commit_cursor(step),
        Stage::HandOverRelease => leaving::release(step),
        Stage::HandOverDue => leaving::due(step),
        Stage::SendContinuation => leaving::send_continuation(step),
        Stage::StopRun => leaving::stop_run(step),
        Stage::Finish => leaving::finish(step),
        Stage::FinishRun => leaving::finish_run(step),
        Stage::Ended => leaving::ended(step),
        Stage::LeaveCheckRelease => leaving::leave_check_release(step),
        Stage::LeaveCheckLook => leaving::leave_check_look(step),
        Stage::GoOn => working::go_on(step),
        Stage::GoOnHold => working::go_on_hold(step),
        Stage::SendAgainRelease => working::send_again_release(step),
        Stage::SendAgain => working::send_again(step),
        Stage::Respond => end(step.state, at),
    }
}

/// The hop is gone; its message or its tick comes again.
pub fn fail(state: &mut State, at: usize) {
    match state.hops[at].trigger {
        Trigger::Tick(tick) => state.again |= 1 << tick,
        Trigger::Message(message, true) => state.queue.put(message),
        Trigger::Message(_, false) | Trigger::Nobody => {}
    }
    state.hops[at] = Hop::default();
}

/// The hop's connections are gone, and so are its hold, its locks and its transaction. It goes on with others.
pub fn cut(state: &mut State, at: usize) {
    let hop = &mut state.hops[at];
    (hop.holds, hop.locks_run) = (false, false);
    give_up_page(hop);
    if hop.stage == Stage::FinishRun {
        hop.stage = Stage::Finish;
    }
}

/// A page's transaction is rolled back, or its answer lost: it is read again, where the lane is expected to stand.
pub fn give_up_page(hop: &mut Hop) {
    if hop.in_page {
        (hop.stage, hop.expected) = (Stage::ReadPage, hop.to);
        (hop.in_page, hop.found, hop.to, hop.from) = (false, 0, 0, (0, 0));
    }
}

/// Makes a step whose commit is done and whose answer is lost: the work is repeated, on another connection.
pub fn lose_answer(setup: &Setup, state: &mut State, at: usize) -> bool {
    let before = state.hops[at];
    let retried = match before.stage {
        Stage::OpenRun | Stage::TryAgain => Stage::Open,
        Stage::CommitPage => Stage::ReadPage,
        Stage::FinishRun => Stage::Finish,
        stage @ (Stage::ClaimLanes | Stage::SetOffDue | Stage::HandOverDue | Stage::Succeed | Stage::StopRun) => stage,
        _ => return false,
    };
    let db = state.db;
    if !step(setup, state, at) || state.db == db {
        return false;
    }
    let mut hop = before;
    if before.stage == Stage::CommitPage {
        give_up_page(&mut hop);
    } else {
        (hop.holds, hop.locks_run) = (false, false);
        if matches!(before.stage, Stage::OpenRun | Stage::TryAgain) && hop.asked == 0 {
            // The request is still what the hop was started with.
            let Trigger::Tick(tick) = before.trigger else { return false };
            hop.asked = tick;
        }
    }
    hop.stage = retried;
    state.hops[at] = hop;
    true
}

/// What starts a hop.
pub fn begin(setup: &Setup, state: &mut State, trigger: Trigger) -> bool {
    let Some(at) = state.hops.iter().position(|hop| hop.trigger == Trigger::Nobody) else { return false };
    let (stage, run, asked) = match trigger {
        Trigger::Tick(tick) => (Stage::Open, 0, tick),
        Trigger::Message(message, _) => (Stage::GoOn, message.run, 0),
        Trigger::Nobody => return false,
    };
    let model = state.deployed;
    let began = if setup.policy == Policy::RetryAll { state.now } else { 0 };
    state.hops[at] =
        Hop { trigger, model, began, stage, run, asked, pass: Pass::Write, claims: [0; LANES], ..Hop::default() };
    true
}

/// Whether an event may strike a hop that is under way.
pub fn may_strike(state: &State, at: usize, event: Event) -> bool {
    state.may(event) && state.hops[at].trigger != Trigger::Nobody
}
