//! How fast a lane is, in `batch_lanes`: by the time between its pages, as the server's clock has it. Neither a
//! pause nor the gap between two hops counts.

use chrono::NaiveDateTime;
use mysql_async::Row;

use super::StoreError;
use super::row::column;

/// A lane's tempo, and when its next page began.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tempo {
    /// Milliseconds of all of its pages.
    pub busy_ms: f64,
    /// Items of the latest pages. A page counts less with each one after it.
    pub recent_rows: f64,
    /// Milliseconds of the same pages, counted in the same way.
    pub recent_ms: f64,
    /// How many times as long the lane takes as its pages alone, since it rests after each.
    pub stretch: f64,
    /// When the page began that is under way.
    pub since: NaiveDateTime,
}

/// What an earlier page counts for with each page after it: some twenty pages tell the tempo.
const KEPT: f64 = 0.95;

/// The columns for [`read`] of a lane `l` that takes `stretch` times as long as its pages alone, since it rests after each.
/// Its page began with the end of the one before, unless that was longer ago than a commit takes, or it rested.
pub(super) fn columns(stretch: f64) -> String {
    let since = if stretch > 1.0 {
        "UTC_TIMESTAMP(6)"
    } else {
        "IF(l.`updated_at` > UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, l.`updated_at`, UTC_TIMESTAMP(6))"
    };
    format!("l.`busy_ms`, l.`recent_rows`, l.`recent_ms`, {stretch:e} AS `stretch`, {since} AS `since`")
}

/// Reads those of [`columns`].
pub(super) fn read(row: &Row) -> Result<Tempo, StoreError> {
    Ok(Tempo {
        busy_ms: column(row, "busy_ms")?,
        recent_rows: column(row, "recent_rows")?,
        recent_ms: column(row, "recent_ms")?,
        stretch: column(row, "stretch")?,
        since: column(row, "since")?,
    })
}

/// What sets them when a page of so many items is written, with a comma behind it. The rate is that of pages and rests
/// together.
pub(super) fn set(Tempo { busy_ms, recent_rows, recent_ms, stretch, since }: Tempo, rows: u64) -> String {
    // A clock that is set back, as by a failover to another server, makes no time negative.
    let ms = format!("GREATEST(TIMESTAMPDIFF(MICROSECOND, '{since}', UTC_TIMESTAMP(6)), 0) / 1000");
    format!(
        "`busy_ms` = {busy_ms:.3} + {ms}, `recent_ms` = {:.3} + {stretch:.3} * {ms}, `recent_rows` = {:.3}, ",
        recent_ms * KEPT,
        recent_rows * KEPT + rows as f64,
    )
}

/// Items a second of those of a run's lanes that are at work, in SQL.
pub(super) const RATE: &str =
    "SUM(IF(`finished_at` IS NULL AND `recent_ms` > 0, 1000 * `recent_rows` / `recent_ms`, 0))";
