//! What the database holds: the user's rows, the runs and their lanes.

pub use crate::bounds::{ASIDE, ITEMS, LANES, LANES_EACH, RUNS, WORKERS};
use crate::setup::Policy;

/// No number.
pub const NONE: u8 = u8::MAX;

/// A row of the user's table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item {
    /// In which window it was created.
    pub window: u8,
    /// Whether it is visible.
    pub present: bool,
    /// Whether it cannot be scored.
    pub bad: bool,
    /// Whether it has a prediction.
    pub predicted: bool,
    /// How often it was predicted, as long as it is the same row: for the promises only.
    pub writes: u8,
    /// The run that set it aside, counted from 1; 0: none did.
    pub aside: u8,
    /// Whether it was released since.
    pub released: bool,
    /// How often it was tried: under `retry_failed` only.
    pub attempts: u8,
}

/// A row of `batch_lanes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    pub low: u8,
    pub high: u8,
    pub cursor: u8,
    pub hop: u8,
    pub claim: u8,
    pub predicted: u8,
    pub failed: u8,
    pub finished: bool,
}

/// The states of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RunState {
    /// There is no such row.
    #[default]
    None,
    Running,
    Paused,
    Succeeded,
    Failed,
    Cancelled,
}

/// Which pass over its window a run is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pass {
    #[default]
    Write,
    Check,
}

/// What was settled when a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Counts {
    pub predicted: u8,
    pub failed: u8,
    pub pending: u8,
}

/// A row of `batch_runs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Run {
    pub state: RunState,
    /// 0: of no tick.
    pub tick: u8,
    pub from: u8,
    pub to: u8,
    pub model: u8,
    pub pass: Pass,
    pub attempt: u8,
    /// When it was attempted last.
    pub attempted: u8,
    pub lanes: [Lane; LANES],
    pub settled: Counts,
    /// How many predictions it has written, and items set aside: for the promises only.
    pub wrote: u8,
    pub set_aside: u8,
    /// Whether it was replaced by another model's: for the promises only.
    pub replaced: bool,
}

impl Run {
    pub fn is_unfinished(&self) -> bool {
        matches!(self.state, RunState::Running | RunState::Paused)
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state, RunState::Succeeded | RunState::Failed | RunState::Cancelled)
    }

    /// The lanes of a worker.
    pub fn lanes_of(worker: u8) -> impl Iterator<Item = usize> {
        (0..LANES).filter(move |&lane| Self::worker_of(lane) == worker)
    }

    /// The worker of a lane.
    pub fn worker_of(lane: usize) -> u8 {
        if lane == ASIDE { 0 } else { (lane / LANES_EACH) as u8 }
    }

    /// The hop that is due for a worker, if it has lanes to work off.
    pub fn due(&self, worker: u8) -> Option<u8> {
        let unfinished = Self::lanes_of(worker).map(|lane| &self.lanes[lane]).filter(|lane| !lane.finished);
        unfinished.map(|lane| lane.hop).max()
    }
}

/// The database as it is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Db {
    pub runs: [Run; RUNS],
    pub items: [Item; ITEMS],
}

impl Db {
    /// The place of the run that is not over; there is one at most.
    pub fn unfinished(&self) -> Option<usize> {
        self.runs.iter().position(Run::is_unfinished)
    }

    /// The place of a tick's run.
    pub fn of_tick(&self, tick: u8) -> Option<usize> {
        self.runs.iter().position(|run| run.state != RunState::None && run.tick == tick)
    }

    /// Where the next run goes; `None`: the model has no room for one.
    pub fn room(&self) -> Option<usize> {
        self.runs.iter().position(|run| run.state == RunState::None)
    }
}

/// The policy's first pass.
pub fn first_pass(policy: Policy) -> Pass {
    match policy {
        Policy::Leave | Policy::RetryFailed => Pass::Write,
        Policy::RetryAll => Pass::Check,
    }
}
