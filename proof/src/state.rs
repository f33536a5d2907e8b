//! What there is at one moment: the tables, the queue, and the hops under way.

pub use crate::bounds::{HIGHEST, HOPS, Items, MAX_HOPS, Numbers};
use crate::setup::{EVENTS, Event, Setup};
pub use crate::tables::{
    ASIDE, Counts, Db, ITEMS, Item, LANES, LANES_EACH, Lane, NONE, Pass, RUNS, Run, RunState, WORKERS, first_pass,
};

/// Attempts at a window in one piece.
pub const MAX_ATTEMPTS: u8 = 2;

/// What started a hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trigger {
    /// Nothing: there is no hop.
    #[default]
    Nobody,
    Tick(u8),
    /// A message, and whether the queue still counts it as under way here.
    Message(Message, bool),
}

/// A continuation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    pub run: u8,
    pub worker: u8,
    pub hop: u8,
}

/// What a hop does next. The names are those of the stages and steps of the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    #[default]
    Over,
    Open,
    OpenRun,
    TryAgain,
    TakeUp,
    SetOff,
    SetOffDue,
    SetOffSend,
    ClaimLanes,
    ReadPage,
    CommitPage,
    /// Only where predictions and cursor are not committed together.
    CommitCursor,
    HandOverRelease,
    HandOverDue,
    SendContinuation,
    StopRun,
    Finish,
    FinishRun,
    Ended,
    LeaveCheckRelease,
    LeaveCheckLook,
    GoOn,
    GoOnHold,
    SendAgainRelease,
    SendAgain,
    Succeed,
    /// Only where the old run does not end and the new one begin in one transaction.
    SucceedOpen,
    Respond,
}

/// What was found when the lanes of a run that is to be opened were laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Extents {
    pub from: u8,
    pub to: u8,
    pub low: u8,
    pub high: u8,
    pub aside_low: u8,
    pub aside_high: u8,
}

/// A hop under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hop {
    pub trigger: Trigger,
    /// Whether the queue delivers its message again once it has ended.
    pub comes_again: bool,
    pub model: u8,
    /// When it began. It matters where windows are tried again.
    pub began: u8,
    pub stage: Stage,
    /// The tick that is to be opened once the run that came first is over; 0: none.
    pub asked: u8,
    /// The place of the run that it works on.
    pub run: u8,
    /// The pass that the run was in when it was read.
    pub pass: Pass,
    /// Whose lanes it works on, and as which hop.
    pub worker: u8,
    pub due: u8,
    /// Whether it has the hold on them.
    pub holds: bool,
    /// In `set_off`: what was due of each worker, the worker whose turn it is, and whether lanes are held.
    pub list: [u8; WORKERS],
    pub turn: u8,
    pub mine: bool,
    /// The claims that it has.
    pub claims: [u8; LANES],
    /// The lane that it works on, where it expects the cursor, and whether it has done a page.
    pub lane: u8,
    pub expected: u8,
    pub has_done: bool,
    /// The page under way: whether the lane's row is locked, its items, and where it ends.
    pub in_page: bool,
    pub found: Items,
    pub to: u8,
    pub from: (u8, u8),
    /// Whether it has locked the run's row.
    pub locks_run: bool,
    pub counts: Counts,
    pub extents: Extents,
}

/// The queue: which messages are in it, once or twice, and which were sent within five minutes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Queue {
    pub there: Messages,
    pub twice: Messages,
    pub seen: Messages,
}

/// Some messages, by run and worker.
pub type Messages = [[Numbers; WORKERS]; RUNS];

impl Queue {
    /// Whether a message is among some.
    pub fn is_in(messages: &Messages, message: Message) -> bool {
        let Message { run, worker, hop } = message;
        messages[usize::from(run)][usize::from(worker)] & (1 << hop) != 0
    }

    fn put_into(messages: &mut Messages, Message { run, worker, hop }: Message, is_there: bool) {
        let numbers = &mut messages[usize::from(run)][usize::from(worker)];
        *numbers = if is_there { *numbers | 1 << hop } else { *numbers & !(1 << hop) };
    }

    /// Sends a message, unless the queue has seen it.
    pub fn send(&mut self, setup: &Setup, message: Message) {
        if setup.has(crate::setup::Guard::Dedup) && Self::is_in(&self.seen, message) {
            return;
        }
        Self::put_into(&mut self.seen, message, true);
        self.put(message);
    }

    /// Puts a message back, or into the queue.
    pub fn put(&mut self, message: Message) {
        if Self::is_in(&self.there, message) {
            Self::put_into(&mut self.twice, message, true);
        }
        Self::put_into(&mut self.there, message, true);
    }

    /// Takes a message out.
    pub fn take(&mut self, message: Message) {
        let is_twice = Self::is_in(&self.twice, message);
        Self::put_into(&mut self.there, message, is_twice);
        Self::put_into(&mut self.twice, message, false);
    }

    /// The messages that are there, those of a worker in order.
    pub fn messages(&self) -> impl Iterator<Item = Message> + use<> {
        let there = self.there;
        let all = (0..RUNS as u8).flat_map(|run| {
            (0..WORKERS as u8).flat_map(move |worker| (0..=HIGHEST).map(move |hop| Message { run, worker, hop }))
        });
        all.filter(move |message| Self::is_in(&there, *message))
    }
}

/// What went wrong on the way from one state to the next, and cannot be seen from a state alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Wrong {
    /// A hop that has its hold was taken over.
    pub disturbed: bool,
    /// A run that was over ended once more.
    pub ended_twice: bool,
    /// A page was written by another model than its run's.
    pub mixed: bool,
    /// A page began while its run was paused or over.
    pub began_while_held: bool,
    /// Hops were used up without a page done and without a fault.
    pub idle: bool,
}

/// One moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct State {
    pub db: Db,
    /// The database before its last commit, where a failover may lose that.
    pub before: Db,
    pub queue: Queue,
    pub hops: [Hop; HOPS],
    /// Ticks that fired.
    pub now: u8,
    /// Ticks that are to be delivered again, since their hop was killed.
    pub again: u8,
    /// The model that new hops have.
    pub deployed: u8,
    /// How often each event may still happen.
    pub left: [u8; EVENTS],
    /// What happened so far that may use up a hop: for the promises only.
    pub excuses: u8,
    pub wrong: Wrong,
}

impl State {
    /// Before anything has happened.
    pub fn first(setup: &Setup) -> Self {
        let mut first = Self::default();
        // There is no such row, nor will there be one.
        first.db.items = [Item { window: NONE, ..Item::default() }; ITEMS];
        for (item, new) in first.db.items.iter_mut().zip(setup.items) {
            let nature = new.nature;
            *item = Item {
                window: new.window,
                present: new.window == 0 && nature != crate::setup::Nature::Late,
                bad: nature == crate::setup::Nature::Bad,
                ..Item::default()
            };
        }
        for &(event, times) in setup.events {
            first.left[event as usize] = times;
        }
        first.before = first.db;
        first
    }

    /// Whether an event may still happen.
    pub fn may(&self, event: Event) -> bool {
        self.left[event as usize] > 0
    }

    /// An event happens.
    pub fn spend(&mut self, event: Event) {
        self.left[event as usize] -= 1;
        self.excuses = self.excuses.saturating_add(1);
    }

    /// Whether somebody holds a worker's lanes.
    pub fn is_held(&self, run: u8, worker: u8) -> bool {
        self.hops.iter().any(|hop| hop.holds && (hop.run, hop.worker) == (run, worker))
    }

    /// Whether a lane's row is locked, by another hop than this one.
    pub fn is_lane_locked(&self, run: u8, lane: u8, but: usize) -> bool {
        let others = self.hops.iter().enumerate().filter(|(place, _)| *place != but);
        others.into_iter().any(|(_, hop)| hop.in_page && (hop.run, hop.lane) == (run, lane))
    }

    /// Whether a lane of a run is locked.
    pub fn is_any_lane_locked(&self, run: u8) -> bool {
        self.hops.iter().any(|hop| hop.in_page && hop.run == run)
    }

    /// Whether a run's row is locked.
    pub fn is_run_locked(&self, run: u8) -> bool {
        self.hops.iter().any(|hop| hop.locks_run && hop.run == run)
    }

    /// The items that pages under way have locked.
    pub fn locked_items(&self) -> Items {
        self.hops.iter().filter(|hop| hop.in_page && hop.pass == Pass::Write).fold(0, |all, hop| all | hop.found)
    }

    /// Puts the hops in an order of their own: which process is which makes no difference.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.hops.sort_unstable();
        self
    }
}
