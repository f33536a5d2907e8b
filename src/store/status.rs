//! All SQL of `batch_status`: the runs as people read them.

use mysql_async::prelude::Queryable;
use mysql_async::{Row, params};

use super::row::{column, name};
use super::runs::utc;
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::run::{Backfill, Mode, RunId, RunKind, RunState};
use crate::window::{Time, Window};

/// One line of the view.
#[derive(Clone, Debug)]
pub struct StatusLine {
    /// The run.
    pub id: RunId,
    /// Window, sweep, backfill or canary.
    pub kind: RunKind,
    /// How far it has come.
    pub state: RunState,
    /// Items worked off: predicted or set aside.
    pub done: u64,
    /// Items to work off, if they were counted.
    pub total: Option<u64>,
    /// Items set aside.
    pub failed: u64,
    /// What it changes, if it is a backfill.
    pub backfill: Option<Backfill>,
    /// Items worked off per second since the run was opened.
    pub rows_per_second: Option<u64>,
    /// Seconds to the finish at that rate.
    pub eta_seconds: Option<u64>,
    /// Seconds between the finish and the deadline; negative: too late.
    pub spare_seconds: Option<i64>,
    /// The span it is answerable for.
    pub window: Window,
    /// The version of the model that it scores with.
    pub model_version: String,
    /// When it was opened.
    pub started_at: Time,
    /// When it was over.
    pub finished_at: Option<Time>,
    /// Why a hop of it failed last.
    pub last_error: Option<String>,
}

/// The latest runs over `table`, the latest first; of these those before the run `before`, if that
/// is given.
///
/// # Errors
/// The database's.
pub async fn latest(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    before: Option<RunId>,
    limit: u32,
) -> Result<Vec<StatusLine>, StoreError> {
    // The numbers first: of the view's columns some are summed up, for those runs only.
    let sql =
        "SELECT `id` FROM `batch_runs` WHERE `items_table` = :table AND `id` < :before ORDER BY `id` DESC LIMIT :limit";
    let before = before.map_or(u64::MAX, |run| run.0);
    let params = params! { "table" => table.as_str(), "before" => before, "limit" => limit };
    let ids: Vec<u64> = conn.exec(sql, params).await.doing("finding the latest runs")?;
    let list = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT * FROM `batch_status` WHERE `run_id` IN ({list}) ORDER BY `run_id` DESC");
    let rows: Vec<Row> = conn.query(sql).await.doing("reading the status of the runs")?;
    rows.iter().map(line).collect()
}

/// The line of the run numbered `id`, if it is one over `table`.
///
/// # Errors
/// The database's.
pub async fn find(conn: &mut impl Queryable, table: &ItemsTable, id: RunId) -> Result<Option<StatusLine>, StoreError> {
    let sql = "SELECT * FROM `batch_status` WHERE `run_id` = :id AND `items_table` = :table";
    let params = params! { "id" => id.0, "table" => table.as_str() };
    let row: Option<Row> = conn.exec_first(sql, params).await.doing("reading the status of a run")?;
    row.as_ref().map(line).transpose()
}

fn line(row: &Row) -> Result<StatusLine, StoreError> {
    Ok(StatusLine {
        id: RunId(column(row, "run_id")?),
        kind: name(row, "kind")?,
        state: name(row, "state")?,
        done: column(row, "done")?,
        total: column(row, "total")?,
        failed: column(row, "failed")?,
        backfill: backfill(row)?,
        rows_per_second: column(row, "rows_per_second")?,
        eta_seconds: column(row, "eta_seconds")?,
        spare_seconds: column(row, "spare_seconds")?,
        window: Window { from: column::<Option<_>>(row, "window_from")?.map(utc), to: utc(column(row, "window_to")?) },
        model_version: column(row, "model_version")?,
        started_at: utc(column(row, "started_at")?),
        finished_at: column::<Option<_>>(row, "finished_at")?.map(utc),
        last_error: column(row, "last_error")?,
    })
}

fn backfill(row: &Row) -> Result<Option<Backfill>, StoreError> {
    let Some(compared) = column::<Option<u64>>(row, "compared")? else { return Ok(None) };
    Ok(Some(Backfill {
        dry_run: name::<Mode>(row, "mode")? == Mode::DryRun,
        compared,
        incomparable: column(row, "incomparable")?,
        changed_class: column(row, "changed_class")?,
        mean_absolute_change: column(row, "mean_absolute_change")?,
    }))
}
