//! What follows when nothing goes wrong any more: from every moment, all runs must come to their end.
//!
//! The checker asks this of every state that it reaches. The rest of the way is not explored but gone, in several
//! manners: hops hand over as early as they may or work as long as they can; hops or messages go first.

use crate::hop::{self, Step};
use crate::model::{deliver, deliverable, has_room, tick};
use crate::setup::{EVENTS, Policy, Setup};
use crate::state::{RunState, Stage, State, Trigger};
use crate::working::out_of_time;

/// The promise with the schedule's ticks going on.
pub const ENDS: &str = "once faults stop, ticks end every run and no row is lost";
/// The promise without another tick.
pub const ENDS_BY_ITSELF: &str = "once faults stop, every run ends without another tick";

/// Ticks that still fire.
const FURTHER_TICKS: u8 = 2;

/// Steps until everything must be at rest.
const STEPS: usize = 600;

/// A way to go on.
#[derive(Clone, Copy)]
struct Manner {
    /// Each hop hands over as early as it may.
    is_hurried: bool,
    /// Messages and ticks are delivered before hops go on.
    delivers_first: bool,
    /// The last hop goes on first.
    is_backwards: bool,
}

const MANNERS: [Manner; 4] = [
    Manner { is_hurried: false, delivers_first: false, is_backwards: false },
    Manner { is_hurried: true, delivers_first: false, is_backwards: true },
    Manner { is_hurried: true, delivers_first: true, is_backwards: false },
    Manner { is_hurried: false, delivers_first: true, is_backwards: true },
];

/// Whether everything comes to its end from here, with the ticks that are still to come or without any.
pub fn ends(setup: &Setup, state: &State, with_ticks: bool) -> bool {
    MANNERS.iter().all(|manner| ends_in(setup, *state, with_ticks, *manner, &mut |_| ()))
}

/// How it does not come to its end, moment by moment.
pub fn why_not(setup: &Setup, state: &State, with_ticks: bool) -> Vec<State> {
    let mut way = Vec::new();
    for manner in MANNERS {
        way.clear();
        if !ends_in(setup, *state, with_ticks, manner, &mut |state| way.push(*state)) {
            break;
        }
    }
    way
}

fn ends_in(setup: &Setup, mut state: State, with_ticks: bool, manner: Manner, watch: &mut impl FnMut(&State)) -> bool {
    state.left = [0; EVENTS];
    let last = if with_ticks { setup.ticks + FURTHER_TICKS } else { state.now };
    for _ in 0..STEPS {
        watch(&state);
        let went = manner.delivers_first && receive(setup, &mut state)
            || go(setup, &mut state, manner)
            || receive(setup, &mut state);
        if went {
            continue;
        }
        if state.now >= last {
            return is_at_rest(setup, &state, with_ticks);
        }
        resume(&mut state);
        let next = state.now + 1;
        if !tick(setup, &mut state, next) {
            return false;
        }
    }
    false
}

/// Some hop goes on.
fn go(setup: &Setup, state: &mut State, manner: Manner) -> bool {
    let last = state.hops.len() - 1;
    (0..=last).map(|at| if manner.is_backwards { last - at } else { at }).any(|at| {
        let hop = &state.hops[at];
        if hop.trigger == Trigger::Nobody {
            return false;
        }
        let hands_over = manner.is_hurried && hop.stage == Stage::ReadPage && hop.has_done;
        if hands_over { out_of_time(&mut Step { setup, state, at }) } else { try_step(setup, state, at) }
    })
}

/// A step, or nothing at all where it has to wait.
fn try_step(setup: &Setup, state: &mut State, at: usize) -> bool {
    let before = *state;
    let went = hop::step(setup, state, at);
    if !went {
        *state = before;
    }
    went
}

/// A message is delivered, or a tick whose hop was killed.
fn receive(setup: &Setup, state: &mut State) -> bool {
    if !has_room(setup, state) {
        return false;
    }
    if state.again != 0 {
        let tick = state.again.trailing_zeros() as u8;
        state.again &= !(1 << tick);
        return hop::begin(setup, state, Trigger::Tick(tick));
    }
    let next = deliverable(setup, state).next();
    next.is_some_and(|message| deliver(setup, state, message))
}

/// The operator lets runs go on that are held, and late rows are there.
fn resume(state: &mut State) {
    for run in &mut state.db.runs {
        if run.state == RunState::Paused {
            run.state = RunState::Running;
        }
    }
    let now = state.now;
    state.db.items.iter_mut().filter(|item| item.window < now).for_each(|item| item.present = true);
}

/// Nobody is at work, and nothing is left to do.
fn is_at_rest(setup: &Setup, state: &State, with_ticks: bool) -> bool {
    let is_idle =
        state.hops.iter().all(|hop| hop.trigger == Trigger::Nobody) && state.queue.messages().next().is_none();
    let are_over = state.db.runs.iter().all(|run| run.is_over() || run.state == RunState::None);
    let is_left = |item: &&crate::state::Item| item.present && !item.predicted && (item.aside == 0 || item.released);
    // A window in one piece waits for its last row; it is tried again some times.
    let may_be_left = setup.policy == Policy::RetryAll || !with_ticks;
    is_idle && are_over && (may_be_left || !state.db.items.iter().any(|item| is_left(&item)))
}
