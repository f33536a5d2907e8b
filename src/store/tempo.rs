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
    /// When the page began that is under way.
    pub since: NaiveDateTime,
}

/// What an earlier page counts for with each page after it: some twenty pages tell the tempo.
const KEPT: f64 = 0.95;

/// The columns of the tempo of a lane `l`. Its page began with the end of the one before, unless that was longer
/// ago than a commit takes.
const TEMPO: &str = "l.`busy_ms`, l.`recent_rows`, l.`recent_ms`, \
     IF(l.`updated_at` > UTC_TIMESTAMP(6) - INTERVAL 1 SECOND, l.`updated_at`, UTC_TIMESTAMP(6)) AS `since`";

/// The same of a lane that rests before each page.
const TEMPO_WITH_RESTS: &str = "l.`busy_ms`, l.`recent_rows`, l.`recent_ms`, UTC_TIMESTAMP(6) AS `since`";

/// The columns for [`read`] of a lane `l`, which may rest before each page.
pub(super) fn columns(rests: bool) -> &'static str {
    if rests { TEMPO_WITH_RESTS } else { TEMPO }
}

/// Reads those of [`columns`].
pub(super) fn read(row: &Row) -> Result<Tempo, StoreError> {
    Ok(Tempo {
        busy_ms: column(row, "busy_ms")?,
        recent_rows: column(row, "recent_rows")?,
        recent_ms: column(row, "recent_ms")?,
        since: column(row, "since")?,
    })
}

/// What sets them when a page of so many items is written, with a comma behind it. A lane takes so many times as long
/// as its pages, since it rests after each: its rate is that of both together.
pub(super) fn set(Tempo { busy_ms, recent_rows, recent_ms, since }: Tempo, rows: u64, stretch: f64) -> String {
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
