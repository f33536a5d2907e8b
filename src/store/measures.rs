//! What runs saw and took: the columns `profile`, `billed_ms` and `memory_mb` of `batch_runs`.

use mysql_async::{Params, Row, params};

use super::places::joined;
use super::row::column;
use super::runs::OF_A_TABLE;
use super::statement::Statement;
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
         WHERE `id` < :id AND `id` >= :oldest AND `items_table` = :table AND `job` = :job AND `kind` IN ('window', 'sweep') \
           AND `model_version` = :model AND `state` IN ('succeeded', 'succeeded_with_failures') \
           AND `profile` IS NOT NULL ORDER BY `id` DESC LIMIT {EARLIER_RUNS}"
    );
    let oldest = id.0.saturating_sub(EARLIER_LOOKED_AT);
    let params = params! {
        "id" => id.0, "oldest" => oldest, "table" => table.as_str(), "job" => table.job.as_str(), "model" => model.as_str(),
    };
    Statement::all("reading the profiles of earlier runs", &sql, params, |row| column(row, "profile"))
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
pub fn watched(id: RunId) -> Statement<Watched> {
    let sql =
        "SELECT `billed_ms`, `memory_mb`, CAST(`profile` AS CHAR) AS `profile` FROM `batch_runs` WHERE `id` = :id";
    let watched = |row: &Row| {
        Ok(Watched {
            billed_ms: column(row, "billed_ms")?,
            memory_mb: column(row, "memory_mb")?,
            profile: column(row, "profile")?,
        })
    };
    Statement::first("reading what a run took", sql, params! { "id" => id.0 }, watched).map(Option::unwrap_or_default)
}

/// What those of `runs` saw that have a profile, as JSON, by run, the earliest first.
pub fn profiles(runs: &[RunId]) -> Statement<Vec<(RunId, String)>> {
    if runs.is_empty() {
        return Statement::none();
    }
    let sql = format!(
        "SELECT `id`, CAST(`profile` AS CHAR) AS `profile` FROM `batch_runs` \
         WHERE `id` IN ({}) AND `profile` IS NOT NULL ORDER BY `id`",
        joined(runs, ",")
    );
    let profile = |row: &Row| Ok((RunId(column(row, "id")?), column(row, "profile")?));
    Statement::all("reading the profiles of the runs", &sql, Params::Empty, profile)
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
    /// Seconds that each of their workers took on average: no pause, and no gap between hops.
    pub seconds: f64,
    /// Memory of the function in the latest of them that had one.
    pub memory_mb: Option<u32>,
}

/// What the latest windows and sweeps over `table` measured that worked off at least `least` items.
pub fn measured(table: &ItemsTable, least: u64) -> Statement<Measured> {
    let sql = format!(
        "SELECT `predicted` + `failed` AS `items`, `billed_ms`, `memory_mb`, \
           `billed_ms` / 1000 / GREATEST(`workers`, 1) AS `seconds` \
         FROM (SELECT * FROM `batch_runs` {OF_A_TABLE} WHERE `items_table` = :table AND `job` = :job \
               ORDER BY `id` DESC LIMIT {MEASURED_LOOKED_AT}) r \
         WHERE `kind` IN ('window', 'sweep') AND `state` IN ('succeeded', 'succeeded_with_failures') \
           AND `billed_ms` > 0 AND `predicted` + `failed` >= :least ORDER BY `id` DESC LIMIT {MEASURED_RUNS}"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str(), "least" => least };
    let add = |sum: Measured, row: &Row| {
        Ok(Measured {
            runs: sum.runs + 1,
            items: sum.items + column::<u64>(row, "items")?,
            billed_ms: sum.billed_ms + column::<u64>(row, "billed_ms")?,
            seconds: sum.seconds + column::<f64>(row, "seconds")?,
            memory_mb: sum.memory_mb.or(column(row, "memory_mb")?),
        })
    };
    Statement::new("reading what earlier runs measured", &sql, params, move |rows| {
        rows.iter().try_fold(Measured::default(), add)
    })
}

/// Runs whose rates are reckoned with.
const MEASURED_RUNS: u32 = 10;
/// Runs that are looked through for them.
const MEASURED_LOOKED_AT: u32 = 1000;
