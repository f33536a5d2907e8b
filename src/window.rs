//! The window: the span of `created_datetime` that one run is answerable for.

use std::fmt;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};

/// A moment, in UTC like every time in rowscore.
pub type Time = DateTime<Utc>;

/// What a time on the command line or in an event may be.
pub const ACCEPTED: &str = "a time of the years 1000 to 9999, like 2026-11-22T15:00:00Z or 2026-11-22T16:00:00+01:00";

/// Reads a time as somebody wrote it, or says what is wrong and what is accepted.
///
/// # Errors
/// The text is no moment that SQL has.
pub fn read(text: &str) -> Result<Time, String> {
    let time = text.parse().map_err(|error| format!("{error}; accepted: {ACCEPTED}"))?;
    if is_known_to_sql(time) { Ok(time) } else { Err(format!("accepted: {ACCEPTED}")) }
}

/// Whether SQL has the moment: its years have four digits.
pub fn is_known_to_sql(time: Time) -> bool {
    (1000..=9999).contains(&time.year())
}

/// The moment `span` after `time`, or before it if that is negative; `None`: SQL does not have it.
pub fn after(time: Time, span: TimeDelta) -> Option<Time> {
    time.checked_add_signed(span).filter(|time| is_known_to_sql(*time))
}

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
    /// for rows that were committed late. The first window begins at the beginning, and so does one that
    /// reaches back farther than SQL does.
    pub fn following(last_end: Option<Time>, lookback: TimeDelta, to: Time) -> Self {
        let from = last_end.and_then(|end| after(second(end), -lookback));
        // A tick that was delivered after a later one finds its span worked off: an empty window.
        Self { from: from.map(|from| from.min(to)), to }
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
    second(now).with_second(0).unwrap_or(now)
}

/// The second that `now` lies in: the granularity of a run's times in SQL.
pub fn second(now: Time) -> Time {
    // Also in years and leap seconds that chrono's rounding does not know.
    now.with_nanosecond(0).unwrap_or(now)
}
