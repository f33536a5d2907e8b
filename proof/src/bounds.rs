//! How much there may be of everything. Exploring needs small numbers, since it goes through every state. Replaying what
//! the code did goes one way only, and what the code did is larger: the feature `replay` is for that.

#[cfg(not(feature = "replay"))]
mod explored {
    /// Items, at most.
    pub const ITEMS: usize = 6;
    /// Runs, at most.
    pub const RUNS: usize = 8;
    /// Lanes of a worker, at most, beside that for what was set aside.
    pub const LANES_EACH: usize = 1;
    /// Invocations at the same time, at most.
    pub const HOPS: usize = 3;
    /// Hops of a worker, at most; `MAX_HOPS`.
    pub const MAX_HOPS: u8 = 7;
    /// The highest number of a hop that there is room for: what is written in one piece may have more hops, and so may
    /// what ticks take up.
    pub const HIGHEST: u8 = 15;
    /// Some items, one bit each.
    pub type Items = u8;
    /// Hops of a worker, one bit each.
    pub type Numbers = u16;
}

#[cfg(feature = "replay")]
mod replayed {
    pub const ITEMS: usize = 8;
    pub const RUNS: usize = 20;
    pub const LANES_EACH: usize = 2;
    pub const HOPS: usize = 24;
    pub const MAX_HOPS: u8 = 120;
    pub const HIGHEST: u8 = 120;
    pub type Items = u8;
    pub type Numbers = u128;
}

#[cfg(not(feature = "replay"))]
pub use explored::{HIGHEST, HOPS, ITEMS, Items, LANES_EACH, MAX_HOPS, Numbers, RUNS};
#[cfg(feature = "replay")]
pub use replayed::{HIGHEST, HOPS, ITEMS, Items, LANES_EACH, MAX_HOPS, Numbers, RUNS};

/// Workers of a run, at most.
pub const WORKERS: usize = 2;
/// Lanes of a run: those of each worker, and one of the first worker for what was set aside.
pub const LANES: usize = WORKERS * LANES_EACH + 1;
/// The lane of what was set aside.
pub const ASIDE: usize = LANES - 1;
