//! The models that are explored: each switches on what it is about, and stays small enough for all of its states.

use crate::setup::{Event, Nature, NewItem, Order, Policy, Setup};

const fn item(window: u8, nature: Nature) -> NewItem {
    NewItem { window, nature }
}

const GOOD: NewItem = item(0, Nature::Good);
const BAD: NewItem = item(0, Nature::Bad);
const LATE: NewItem = item(0, Nature::Late);
const NEXT: NewItem = item(1, Nature::Good);

/// What all of them have in common.
const PLAIN: Setup = Setup {
    name: "",
    about: "",
    items: &[GOOD, GOOD, GOOD],
    ticks: 1,
    workers: 1,
    lanes: 1,
    look_back: 1,
    hops: 2,
    page: 1,
    policy: Policy::Leave,
    order: Order::Fifo,
    events: &[],
    ends_by_itself: true,
    without: None,
};

/// One worker's chain of hops.
pub const CHAIN: Setup = Setup {
    name: "chain",
    about: "one worker's hops: kills, cuts, lost answers, messages that come again",
    items: &[GOOD, GOOD, GOOD, GOOD],
    events: &[(Event::Kill, 1), (Event::Again, 1)],
    ..PLAIN
};

/// The same, where connections are lost.
pub const CUT: Setup = Setup {
    name: "cut",
    about: "one worker's hops: kills, connections that are cut, answers that are lost",
    items: &[GOOD, GOOD, GOOD, GOOD],
    events: &[(Event::Kill, 1), (Event::Cut, 2), (Event::Lost, 1)],
    ..PLAIN
};

/// The same, where everything comes together.
pub const STORM: Setup = Setup {
    name: "storm",
    about: "kills, cuts, lost answers and second deliveries at once",
    events: &[(Event::Kill, 1), (Event::Cut, 1), (Event::Lost, 1), (Event::Again, 1)],
    ends_by_itself: false,
    ..PLAIN
};

/// Two workers.
pub const WORKERS: Setup = Setup {
    name: "workers",
    about: "two workers that are sent off and finish together",
    workers: 2,
    hops: 3,
    items: &[GOOD, GOOD, GOOD, GOOD],
    events: &[(Event::Kill, 1)],
    ..PLAIN
};

/// Ticks that overtake each other.
pub const TICKS: Setup = Setup {
    name: "ticks",
    about: "ticks that come twice and while the run before is at work, and a late row",
    ticks: 2,
    items: &[GOOD, GOOD, LATE, NEXT],
    hops: 3,
    events: &[(Event::Again, 1)],
    ..PLAIN
};

/// An operator.
pub const OPERATOR: Setup = Setup {
    name: "operator",
    about: "an operator who pauses, resumes, cancels and releases",
    ticks: 2,
    items: &[GOOD, BAD, GOOD, NEXT],
    events: &[(Event::Pause, 1), (Event::Cancel, 1), (Event::Release, 1), (Event::Again, 1), (Event::Cut, 1)],
    ends_by_itself: false,
    ..PLAIN
};

/// Two models.
pub const MODELS: Setup = Setup {
    name: "models",
    about: "functions with two models, deployed in turns",
    hops: 3,
    events: &[(Event::Deploy, 2), (Event::Kill, 1), (Event::Again, 1)],
    ends_by_itself: false,
    ..PLAIN
};

/// A window in one piece.
pub const ONE_PIECE: Setup = Setup {
    name: "one piece",
    about: "a window in one piece (`retry_all`), worked on by two workers",
    policy: Policy::RetryAll,
    workers: 2,
    hops: 3,
    items: &[GOOD, GOOD],
    events: &[(Event::Kill, 1)],
    ends_by_itself: false,
    ..PLAIN
};

/// A window in one piece with a row that cannot be scored.
pub const BAD_PIECE: Setup = Setup {
    name: "bad piece",
    about: "a window in one piece with a row that cannot be scored",
    policy: Policy::RetryAll,
    ticks: 2,
    items: &[GOOD, BAD, NEXT],
    events: &[(Event::Cut, 1), (Event::Release, 1)],
    ends_by_itself: false,
    ..PLAIN
};

/// A failover.
pub const FAILOVER: Setup = Setup {
    name: "failover",
    about: "a replica is promoted that lacks the last commit",
    ticks: 2,
    items: &[GOOD, GOOD, GOOD, NEXT],
    events: &[(Event::Failover, 1), (Event::Again, 1)],
    ends_by_itself: false,
    ..PLAIN
};

/// Rows that come and go.
pub const ROWS: Setup = Setup {
    name: "rows",
    about: "rows that are late, deleted and inserted again with the same id",
    ticks: 2,
    items: &[GOOD, LATE, BAD, NEXT],
    events: &[(Event::Reinsert, 1), (Event::Cut, 1)],
    ends_by_itself: false,
    ..PLAIN
};

/// A queue that keeps no order.
pub const LOOSE: Setup = Setup {
    name: "loose queue",
    about: "a queue that delivers in any order, and again, and forgets what it has seen",
    ticks: 2,
    order: Order::Any,
    hops: 3,
    events: &[(Event::Again, 2), (Event::Forget, 1)],
    ends_by_itself: false,
    ..PLAIN
};

/// All of them, as they are in `make test`.
pub const SHORT: &[Setup] =
    &[CHAIN, CUT, STORM, WORKERS, TICKS, OPERATOR, MODELS, ONE_PIECE, BAD_PIECE, FAILOVER, ROWS, LOOSE];
