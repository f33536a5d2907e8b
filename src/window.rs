//! The window: the span of `created_datetime` that one run is answerable for.

use std::fmt;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// A moment, in UTC like every time in rowscore.
pub type Time = DateTime<Utc>;

/// The items created in `[from, to)`; without `from`, every item created before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Inclusive. `None`: from the beginning.
    pub from: Option<Time>,
    /// Exclusive.
    pub to: Time,
}

impl Window {
    /// The window that ends at `to` and begins where the last finished one ended, less `lookback`
    /// for rows that were committed late. The first window begins at the beginning.
    pub fn following(last_end: Option<Time>, lookback: TimeDelta, to: Time) -> Self {
        // A tick that was delivered after a later one finds its span worked off: an empty window.
        Self { from: last_end.map(|end| (end - lookback).min(to)), to }
    }

    /// Every item created before `to`.
    pub fn everything_before(to: Time) -> Self {
        Self { from: None, to }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FORMAT: &str = "%Y-%m-%d %H:%M:%S";
        match self.from {
            Some(from) => write!(f, "[{}, {})", from.format(FORMAT), self.to.format(FORMAT)),
            None => write!(f, "[the beginning, {})", self.to.format(FORMAT)),
        }
    }
}

/// The minute that `now` lies in: the granularity of a schedule.
pub fn minute(now: Time) -> Time {
    now.duration_trunc(TimeDelta::minutes(1)).unwrap_or(now)
}

/// The second that `now` lies in: the granularity of `created_datetime`.
pub fn second(now: Time) -> Time {
    now.duration_trunc(TimeDelta::seconds(1)).unwrap_or(now)
}
