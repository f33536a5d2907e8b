//! The model as the checker knows it: what may happen at each moment.

use stateright::{Model, Property};

use crate::calm;
use crate::hop::{self, Step};
use crate::promises;
use crate::setup::{Event, Guard, Order, Setup};
use crate::state::{Message, RUNS, RunState, Stage, State, Trigger, WORKERS};
use crate::working;

/// What happens next. A place is that of a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The schedule fires.
    Tick(u8),
    /// A tick is delivered again: its hop was killed, or that happens.
    TickAgain(u8),
    /// The queue delivers a message.
    Deliver(Message),
    /// The hop makes its next step.
    Step(u8, Stage),
    /// Its time is up: it does no further page, or opens no further run.
    OutOfTime(u8),
    /// It makes a step whose commit is done and whose answer is lost.
    LoseAnswer(u8, Stage),
    /// Its process is gone.
    Kill(u8, Stage),
    /// Its connections are gone.
    Cut(u8, Stage),
    /// The queue gives its message to another hop as well.
    DeliverAgain(u8),
    /// An operator holds a run,
    Pause(u8),
    /// lets it go on,
    Resume(u8),
    /// ends it,
    Cancel(u8),
    /// or releases an item.
    Release(u8),
    /// A row becomes visible.
    Arrive(u8),
    /// A row is deleted, and inserted again with the same id.
    Reinsert(u8),
    /// New hops are of the other model.
    Deploy,
    /// A replica is promoted that lacks the last commit.
    Failover,
    /// The queue forgets what it has seen.
    Forget,
}

impl Setup {
    fn ticks_and_messages(&self, state: &State, actions: &mut Vec<Action>) {
        if !has_room(self, state) {
            return;
        }
        if state.now < self.ticks && !is_waited_for(state) {
            actions.push(Action::Tick(state.now + 1));
        }
        let is_again = |tick: &u8| state.again & (1 << tick) != 0 || state.may(Event::Again);
        actions.extend((1..=state.now).filter(is_again).map(Action::TickAgain));
        actions.extend(deliverable(self, state).map(Action::Deliver));
    }

    fn hops(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, hop) in state.hops.iter().enumerate().filter(|(_, hop)| hop.trigger != Trigger::Nobody) {
            let (place, stage) = (at as u8, hop.stage);
            actions.push(Action::Step(place, stage));
            actions.push(Action::OutOfTime(place));
            if state.may(Event::Lost) {
                actions.push(Action::LoseAnswer(place, stage));
            }
            if state.may(Event::Kill) {
                actions.push(Action::Kill(place, stage));
            }
            if state.may(Event::Cut) && (hop.holds || hop.in_page || hop.locks_run) {
                actions.push(Action::Cut(place, stage));
            }
            if state.may(Event::Again) && matches!(hop.trigger, Trigger::Message(_, true)) && !hop.comes_again {
                actions.push(Action::DeliverAgain(place));
            }
        }
    }

    fn people(&self, state: &State, actions: &mut Vec<Action>) {
        for (place, run) in state.db.runs.iter().enumerate() {
            let place = place as u8;
            match run.state {
                RunState::Running if state.may(Event::Pause) => actions.push(Action::Pause(place)),
                RunState::Paused => actions.push(Action::Resume(place)),
                _ => {}
            }
            if run.is_unfinished() && state.may(Event::Cancel) {
                actions.push(Action::Cancel(place));
            }
        }
        for (place, item) in state.db.items.iter().enumerate().take(self.items.len()) {
            let id = place as u8 + 1;
            if item.aside != 0 && !item.released && state.may(Event::Release) {
                actions.push(Action::Release(id));
            }
            if !item.present && item.window < state.now {
                actions.push(Action::Arrive(id));
            }
            if item.present && state.may(Event::Reinsert) {
                actions.push(Action::Reinsert(id));
            }
        }
    }
}

/// Whether one more hop may begin.
pub fn has_room(setup: &Setup, state: &State) -> bool {
    let at_work = state.hops.iter().filter(|hop| hop.trigger != Trigger::Nobody).count();
    at_work < usize::from(setup.hops)
}

/// Whether a late row must come before the next tick fires, or it would be later than the look-back.
fn is_waited_for(state: &State) -> bool {
    state.db.items.iter().any(|item| !item.present && item.window < state.now)
}

/// The messages that the queue may deliver.
pub fn deliverable(setup: &Setup, state: &State) -> impl Iterator<Item = Message> + use<> {
    let is_fifo = setup.order == Order::Fifo && setup.has(Guard::Group);
    let mut blocked = [[false; WORKERS]; RUNS];
    for hop in &state.hops {
        if let Trigger::Message(message, true) = hop.trigger {
            blocked[usize::from(message.run)][usize::from(message.worker)] = true;
        }
    }
    state.queue.messages().filter(move |message| {
        let group = &mut blocked[usize::from(message.run)][usize::from(message.worker)];
        !is_fifo || !std::mem::replace(group, true)
    })
}

/// The schedule fires: what was created before is there, unless it is late.
pub fn tick(setup: &Setup, state: &mut State, tick: u8) -> bool {
    state.now = tick;
    for (item, new) in state.db.items.iter_mut().zip(setup.items) {
        item.present |= new.window == tick && new.nature != crate::setup::Nature::Late;
    }
    hop::begin(setup, state, Trigger::Tick(tick))
}

/// The queue delivers a message to a new hop.
pub fn deliver(setup: &Setup, state: &mut State, message: Message) -> bool {
    let is_deleted_first = !setup.has(Guard::DeleteLast);
    state.queue.take(message);
    hop::begin(setup, state, Trigger::Message(message, !is_deleted_first))
}

/// Does an action. Answers whether it can be done.
fn act(setup: &Setup, state: &mut State, action: Action) -> bool {
    match action {
        Action::Tick(number) => tick(setup, state, number),
        Action::TickAgain(number) => {
            if state.again & (1 << number) == 0 {
                state.spend(Event::Again);
            }
            state.again &= !(1 << number);
            hop::begin(setup, state, Trigger::Tick(number))
        }
        Action::Deliver(message) => deliver(setup, state, message),
        Action::Step(at, _) => hop::step(setup, state, at.into()),
        Action::OutOfTime(at) => match state.hops[usize::from(at)].stage {
            Stage::ReadPage => working::out_of_time(&mut Step { setup, state, at: at.into() }),
            Stage::Ended => hop::end(state, at.into()),
            _ => false,
        },
        Action::LoseAnswer(at, _) => {
            state.spend(Event::Lost);
            hop::lose_answer(setup, state, at.into())
        }
        Action::Kill(at, _) => {
            state.spend(Event::Kill);
            hop::fail(state, at.into());
            true
        }
        Action::Cut(at, _) => {
            state.spend(Event::Cut);
            hop::cut(state, at.into());
            true
        }
        Action::DeliverAgain(at) => {
            state.spend(Event::Again);
            let Trigger::Message(message, _) = state.hops[usize::from(at)].trigger else { return false };
            if setup.order == Order::Fifo {
                // Its visibility timeout is longer than any hop: deleting it fails.
                state.hops[usize::from(at)].comes_again = true;
            } else {
                state.hops[usize::from(at)].trigger = Trigger::Message(message, false);
                state.queue.put(message);
            }
            true
        }
        _ => act_of_people(setup, state, action),
    }
}

/// What people and the world do.
fn act_of_people(setup: &Setup, state: &mut State, action: Action) -> bool {
    match action {
        Action::Pause(run) => {
            state.spend(Event::Pause);
            steer(state, run, RunState::Paused)
        }
        Action::Resume(run) => steer(state, run, RunState::Running),
        Action::Cancel(run) => {
            state.spend(Event::Cancel);
            let is_locked = state.is_run_locked(run) || setup.has(Guard::LanesLocked) && state.is_any_lane_locked(run);
            if !is_locked {
                hop::end_early(setup, state, run, RunState::Cancelled);
            }
            !is_locked
        }
        Action::Release(id) => {
            state.spend(Event::Release);
            let item = &mut state.db.items[usize::from(id - 1)];
            (item.released, item.bad) = (true, false);
            true
        }
        Action::Arrive(id) => {
            state.db.items[usize::from(id - 1)].present = true;
            true
        }
        Action::Reinsert(id) => {
            state.spend(Event::Reinsert);
            let (is_locked, now) = (state.locked_items() & (1 << (id - 1)) != 0, state.now);
            let item = &mut state.db.items[usize::from(id - 1)];
            (item.window, item.predicted, item.writes, item.released) = (now, false, 0, item.aside != 0);
            !is_locked
        }
        Action::Deploy => {
            state.spend(Event::Deploy);
            state.deployed = 1 - state.deployed;
            true
        }
        Action::Failover => {
            state.spend(Event::Failover);
            state.db = state.before;
            (0..state.hops.len()).for_each(|at| hop::cut(state, at));
            true
        }
        Action::Forget => {
            state.spend(Event::Forget);
            state.queue.seen = Default::default();
            true
        }
        _ => false,
    }
}

/// `steer`: changes a run's state under the lock on its row.
fn steer(state: &mut State, run: u8, to: RunState) -> bool {
    let is_locked = state.is_run_locked(run);
    state.db.runs[usize::from(run)].state = to;
    !is_locked
}

impl Model for Setup {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::first(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.ticks_and_messages(state, actions);
        self.hops(state, actions);
        self.people(state, actions);
        if state.may(Event::Deploy) {
            actions.push(Action::Deploy);
        }
        if state.may(Event::Failover) && state.before != state.db {
            actions.push(Action::Failover);
        }
        if state.may(Event::Forget) && state.queue.seen != crate::state::Messages::default() {
            actions.push(Action::Forget);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = *last;
        if !act(self, &mut next, action) {
            return None;
        }
        if next.db != last.db && last.may(Event::Failover) {
            next.before = last.db;
        }
        if !next.may(Event::Failover) {
            next.before = Default::default();
        }
        Some(next.in_order())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = promises::all();
        all.push(Property::always(calm::ENDS, |setup, state| calm::ends(setup, state, true)));
        if self.ends_by_itself {
            all.push(Property::always(calm::ENDS_BY_ITSELF, |setup, state| calm::ends(setup, state, false)));
        }
        all
    }
}
