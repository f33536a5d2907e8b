//! What runs saw and took: the columns `profile`, `billed_ms` and `memory_mb` of `batch_runs`.

use mysql_async::prelude::Queryable;
use mysql_async::{Row, params};

use super::bound::bound;
use super::row::column;
use super::statement::Statement;
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::model::ShownVersion;
use crate::run::RunId;

/// Keeps what a run saw, as JSON.
pub fn keep_profile(id: RunId, profile: &str) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `profile` = :profile WHERE `id` = :id";
    Statement::change("keeping the run's profile", sql, params! { "profile" => profile, "id" => id.0 })
}

/// What the latest runs over `table` saw that succeeded before `id` with the same model, as JSON.
/// A canary saw what others see, too, and a backfill what is old.
pub fn earlier_profiles(table: &ItemsTable, model: &ShownVersion, id: RunId) -> Statement<Vec<String>> {
    let sql = format!(
        "SELECT CAST(`profile` AS CHAR) AS `profile` FROM `batch_runs` \
         WHERE `id` < :id AND `id` >= :oldest AND `items_table` = :table AND `kind` IN ('window', 'sweep') \
           AND `model_version` = :model AND `state` IN ('succeeded', 'succeeded_with_failures') \
           AND `profile` IS NOT NULL ORDER BY `id` DESC LIMIT {EARLIER_RUNS}"
    );
    let oldest = id.0.saturating_sub(EARLIER_LOOKED_AT);
    let params = params! { "id" => id.0, "oldest" => oldest, "table" => table.as_str(), "model" => model.as_str() };
    let read = |rows: Vec<Row>| rows.iter().map(|row| column(row, "profile")).collect();
    Statement::new("reading the profiles of earlier runs", &sql, params, read)
}

/// Runs that a run's classes are compared with.
const EARLIER_RUNS: u32 = 10;
/// Runs that are looked through for them, so that a long history costs nothing.
const EARLIER_LOOKED_AT: u64 = 1000;

/// Adds a hop's time to what the run took, and keeps the function's memory, if it is one. Metering: a
/// hop whose answer to this is lost may be added twice.
pub fn add_billed(id: RunId, milliseconds: u64, memory_mb: Option<u32>) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `billed_ms` = `billed_ms` + :ms, `memory_mb` = :memory WHERE `id` = :id";
    let params = params! { "ms" => milliseconds, "memory" => memory_mb, "id" => id.0 };
    Statement::change("adding up what the run took", sql, params)
}

/// What a run took and saw, beside its line in `batch_status`.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// Milliseconds of all of its hops.
    pub billed_ms: u64,
    /// Memory of the function in its last hop; `None`: it was none.
    pub memory_mb: Option<u32>,
    /// What it saw, as JSON, if it is over.
    pub profile: Option<String>,
}

/// What the run numbered `id` took and saw.
///
/// # Errors
/// The database's.
pub async fn watched(conn: &mut impl Queryable, id: RunId) -> Result<Watched, StoreError> {
    let sql =
        "SELECT `billed_ms`, `memory_mb`, CAST(`profile` AS CHAR) AS `profile` FROM `batch_runs` WHERE `id` = :id";
    let row: Option<Row> =
        conn.query_first(bound(sql, params! { "id" => id.0 })).await.doing("reading what a run took")?;
    let Some(row) = row else { return Ok(Watched::default()) };
    Ok(Watched {
        billed_ms: column(&row, "billed_ms")?,
        memory_mb: column(&row, "memory_mb")?,
        profile: column(&row, "profile")?,
    })
}

/// What those of `runs` saw that have a profile, as JSON, by run, the earliest first.
///
/// # Errors
/// The database's.
pub async fn profiles(conn: &mut impl Queryable, runs: &[RunId]) -> Result<Vec<(RunId, String)>, StoreError> {
    let list = runs.iter().map(RunId::to_string).collect::<Vec<_>>().join(",");
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT `id`, CAST(`profile` AS CHAR) FROM `batch_runs` \
         WHERE `id` IN ({list}) AND `profile` IS NOT NULL ORDER BY `id`"
    );
    let profiles: Vec<(u64, String)> = conn.query(sql).await.doing("reading the profiles of the runs")?;
    Ok(profiles.into_iter().map(|(id, text)| (RunId(id), text)).collect())
}

/// What earlier runs measured, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// Runs.
    pub runs: u64,
    /// Items that they worked off.
    pub items: u64,
    /// Milliseconds of their hops.
    pub billed_ms: u64,
    /// Seconds from their begin to their end.
    pub seconds: f64,
    /// Memory of the function in the latest of them that had one.
    pub memory_mb: Option<u32>,
}

/// What the latest windows and sweeps over `table` measured that worked off at least `least` items.
///
/// # Errors
/// The database's.
pub async fn measured(conn: &mut impl Queryable, table: &ItemsTable, least: u64) -> Result<Measured, StoreError> {
    let sql = format!(
        "SELECT `predicted` + `failed` AS `items`, `billed_ms`, `memory_mb`, \
           TIMESTAMPDIFF(MICROSECOND, `started_at`, `finished_at`) / 1000000 AS `seconds` \
         FROM (SELECT * FROM `batch_runs` WHERE `items_table` = :table ORDER BY `id` DESC LIMIT {MEASURED_LOOKED_AT}) r \
         WHERE `kind` IN ('window', 'sweep') AND `state` IN ('succeeded', 'succeeded_with_failures') \
           AND `billed_ms` > 0 AND `predicted` + `failed` >= :least ORDER BY `id` DESC LIMIT {MEASURED_RUNS}"
    );
    let params = params! { "table" => table.as_str(), "least" => least };
    let rows: Vec<Row> = conn.query(bound(&sql, params)).await.doing("reading what earlier runs measured")?;
    rows.iter().try_fold(Measured::default(), |sum, row| {
        Ok(Measured {
            runs: sum.runs + 1,
            items: sum.items + column::<u64>(row, "items")?,
            billed_ms: sum.billed_ms + column::<u64>(row, "billed_ms")?,
            seconds: sum.seconds + column::<f64>(row, "seconds")?,
            memory_mb: sum.memory_mb.or(column(row, "memory_mb")?),
        })
    })
}

/// Runs whose rates are reckoned with.
const MEASURED_RUNS: u32 = 10;
/// Runs that are looked through for them.
const MEASURED_LOOKED_AT: u32 = 1000;
