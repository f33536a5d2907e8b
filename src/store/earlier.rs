//! The runs that a request for a run comes after: what is said to `batch_runs` before one is opened.

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, QueryResult, Row, TextProtocol, params};

use super::bound::bound;
use super::runs::{COLUMNS, Run, run, utc};
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::run::RunKind;
use crate::window::Time;

/// Runs of one kind over a table, as they stand.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The run that an earlier delivery of the tick opened.
    pub of_tick: Option<Run>,
    /// The run that is not over; there is one at most.
    pub unfinished: Option<Run>,
    /// The oldest run that failed under `retry_all` and has attempts left, if it was not attempted
    /// since the present time.
    pub to_try_again: Option<Run>,
    /// Where the last finished window ended: up to there every window has been worked off. One that
    /// failed under `retry_all` counts: it is tried again by itself. A window whose end lay in the
    /// future when it was opened ended when it was opened.
    pub last_end: Option<Time>,
}

/// Reads, in one round trip, which runs of `kind` come before one that is asked for at `now`.
///
/// # Errors
/// The database's.
pub async fn earlier(
    conn: &mut Conn,
    table: &ItemsTable,
    kind: RunKind,
    tick: Option<Time>,
    max_attempts: u32,
    now: Time,
) -> Result<Earlier, StoreError> {
    let of_kind = format!("SELECT {COLUMNS} FROM `batch_runs` WHERE `items_table` = :table AND `kind` = :kind");
    let sql = format!(
        "{of_kind} AND `tick` = :tick; \
         {of_kind} AND `unfinished` = 1; \
         {of_kind} AND `state` = 'failed' AND `policy` = 'retry_all' AND `attempt` < :max_attempts \
           AND `attempted_at` < CAST(:now AS DATETIME(3)) ORDER BY `id` LIMIT 1; \
         SELECT MAX(LEAST(`window_to`, `started_at`)) FROM `batch_runs` \
         WHERE `items_table` = :table AND `kind` = 'window' AND `chained` \
           AND (`state` IN ('succeeded', 'succeeded_with_failures') OR (`state` = 'failed' AND `policy` = 'retry_all'))"
    );
    let params = params! {
        "table" => table.as_str(), "kind" => kind.name(), "tick" => tick.map(|tick| tick.naive_utc()),
        "max_attempts" => max_attempts, "now" => now.naive_utc(),
    };
    let doing = "looking for earlier runs";
    let mut results = conn.query_iter(bound(&sql, params)).await.doing(doing)?;
    let of_tick = first(&mut results).await?;
    let unfinished = first(&mut results).await?;
    let to_try_again = first(&mut results).await?;
    let last_end = results.collect::<Option<NaiveDateTime>>().await.doing(doing)?;
    results.drop_result().await.doing(doing)?;
    let last_end = last_end.into_iter().next().flatten().map(utc);
    Ok(Earlier { of_tick, unfinished, to_try_again, last_end })
}

async fn first(results: &mut QueryResult<'_, '_, TextProtocol>) -> Result<Option<Run>, StoreError> {
    let rows: Vec<Row> = results.collect().await.doing("looking for earlier runs")?;
    rows.into_iter().next().map(run).transpose()
}
