//! The runs that a request for a run comes after: what is said to `batch_runs` before one is opened.

use chrono::NaiveDateTime;
use mysql_async::params;

use super::row::column;
use super::runs::{COLUMNS, Run, run, utc};
use super::statement::Statement;
use crate::config::ItemsTable;
use crate::run::RunKind;
use crate::window::Time;

/// Runs of one kind over a table, as they stand.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    /// The run that an earlier delivery of the tick opened.
    pub of_tick: Option<Run>,
    /// The run that is not over; there is one at most.
    pub unfinished: Option<Run>,
    /// The oldest run that failed under `retry_all` and has attempts left, if it was not attempted
    /// since the present time.
    pub to_try_again: Option<Run>,
    /// Where the last finished window ended: up to there every window has been worked off. One that
    /// failed under `retry_all` counts: it is tried again by itself. A window whose end lay in the
    /// future when it was opened ended when it was opened; one that had to skip items, where the oldest of
    /// them was created.
    pub last_end: Option<Time>,
}

/// Which runs of `kind` come before one that is asked for at `now`.
pub(crate) fn earlier(
    table: &ItemsTable,
    kind: RunKind,
    tick: Option<Time>,
    max_attempts: u32,
    now: Time,
) -> Statement<Earlier> {
    let of_kind = |which: &str| {
        let sql =
            format!("SELECT {COLUMNS} FROM `batch_runs` WHERE `items_table` = :table AND `kind` = :kind AND {which}");
        let params = params! {
            "table" => table.as_str(), "kind" => kind.name(), "tick" => tick.map(|tick| tick.naive_utc()),
            "max_attempts" => max_attempts, "now" => now.naive_utc(),
        };
        Statement::first("looking for earlier runs", &sql, params, run)
    };
    let of_tick = of_kind("`tick` = :tick");
    let unfinished = of_kind("`unfinished` = 1");
    let to_try_again = of_kind(
        "`state` = 'failed' AND `policy` = 'retry_all' AND `attempt` < :max_attempts \
         AND `attempted_at` < CAST(:now AS DATETIME(3)) ORDER BY `id` LIMIT 1",
    );
    of_tick.and(unfinished).and(to_try_again.and(last_end(table))).map(
        |((of_tick, unfinished), (to_try_again, last_end))| Earlier { of_tick, unfinished, to_try_again, last_end },
    )
}

fn last_end(table: &ItemsTable) -> Statement<Option<Time>> {
    let sql = "SELECT MAX(LEAST(COALESCE(`pending_since`, `window_to`), `window_to`, `started_at`)) AS `last_end` FROM `batch_runs` \
               WHERE `items_table` = :table AND `kind` = 'window' AND `chained` \
                 AND (`state` IN ('succeeded', 'succeeded_with_failures') OR (`state` = 'failed' AND `policy` = 'retry_all'))";
    Statement::one("looking for earlier runs", sql, params! { "table" => table.as_str() }, |row| {
        Ok(column::<Option<NaiveDateTime>>(row, "last_end")?.map(utc))
    })
}
