//! All SQL of `batch_status`: the runs as people read them.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row, params};

use super::StoreError;
use super::places::joined;
use super::refusals::IS_REFUSAL;
use super::row::{column, name};
use super::runs::{OF_A_TABLE, utc};
use super::statement::Statement;
use super::waits::RunWaits;
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
    /// Items that it left pending, if it is over.
    pub pending: Option<u64>,
    /// Of these, items that others had locked at every look.
    pub skipped: u64,
    /// The schedule's time; `None`: opened by hand, or not opened at all.
    pub tick: Option<Time>,
    /// Attempts at it, this one included.
    pub attempt: u32,
    /// What it waits for, if it does.
    pub waits: Option<RunWaits>,
    /// Whether it could not even be opened: it stands for so many `attempt`s, the last one when it was `finished_at`.
    pub is_refused: bool,
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
    of(conn, latest_ids(table, before, limit)).await
}

/// The latest runs over `table`, and those that are not over, however many there were since; the latest first.
///
/// # Errors
/// The database's.
pub async fn recent(conn: &mut impl Queryable, table: &ItemsTable, limit: u32) -> Result<Vec<StatusLine>, StoreError> {
    let all = latest_ids(table, None, limit).and(unfinished_ids(table)).map(|(mut ids, unfinished)| {
        ids.extend(unfinished);
        ids
    });
    of(conn, all).await
}

fn latest_ids(table: &ItemsTable, before: Option<RunId>, limit: u32) -> Statement<Vec<u64>> {
    // The numbers first, in a statement of their own: the view sums up lanes, and must do so for those runs only.
    let sql = format!(
        "SELECT `id` FROM `batch_runs` {OF_A_TABLE} WHERE `items_table` = :table AND `job` = :job AND `id` < :before \
         ORDER BY `id` DESC LIMIT :limit"
    );
    let before = before.map_or(u64::MAX, |run| run.0);
    let params =
        params! { "table" => table.as_str(), "job" => table.job.as_str(), "before" => before, "limit" => limit };
    Statement::all("finding the latest runs", &sql, params, |row| column(row, "id"))
}

/// There is one of a kind at most.
fn unfinished_ids(table: &ItemsTable) -> Statement<Vec<u64>> {
    let kinds = RunKind::NAMES.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT `id` FROM `batch_runs` FORCE INDEX (`one_unfinished_run_of_a_kind`) \
         WHERE `items_table` = :table AND `job` = :job AND `kind` IN ({kinds}) AND `unfinished` = 1"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::all("looking for unfinished runs", &sql, params, |row| column(row, "id"))
}

/// The latest runs over `table` of which something is left or is to be expected, the latest first: no canaries, and
/// none that had nothing to do or was never opened, however many there were since.
///
/// # Errors
/// The database's.
pub async fn worked(conn: &mut impl Queryable, table: &ItemsTable, limit: u32) -> Result<Vec<StatusLine>, StoreError> {
    of(conn, worked_ids(table, "TRUE", limit)).await
}

/// The latest of these that is over and was no dry run, and the latest of them that took what waits: a window or a sweep.
///
/// # Errors
/// The database's.
pub async fn settled(conn: &mut impl Queryable, table: &ItemsTable) -> Result<Vec<StatusLine>, StoreError> {
    const SETTLED: &str = "`unfinished` IS NULL AND `mode` = 'write'";
    let took = format!("{SETTLED} AND `kind` IN ('window', 'sweep')");
    let both = worked_ids(table, SETTLED, 1).and(worked_ids(table, &took, 1)).map(|(mut last, took)| {
        last.extend(took);
        last
    });
    of(conn, both).await
}

fn worked_ids(table: &ItemsTable, which: &str, limit: u32) -> Statement<Vec<u64>> {
    let sql = format!(
        "SELECT `id` FROM `batch_runs` FORCE INDEX (`empty_runs`) \
         WHERE `items_table` = :table AND `job` = :job AND `empty_since` IS NULL AND `kind` <> 'canary' AND NOT ({IS_REFUSAL}) \
           AND {which} ORDER BY `id` DESC LIMIT :limit"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str(), "limit" => limit };
    Statement::all("finding the latest runs that did something", &sql, params, |row| column(row, "id"))
}

async fn of(conn: &mut impl Queryable, ids: Statement<Vec<u64>>) -> Result<Vec<StatusLine>, StoreError> {
    let ids = ids.ask(conn).await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = joined(ids, ",");
    let sql = format!("SELECT {COLUMNS} WHERE s.`run_id` IN ({list}) ORDER BY s.`run_id` DESC");
    Statement::all("reading the status of the runs", &sql, Params::Empty, line).ask(conn).await
}

/// The line of the run numbered `id`, if it is one over `table`.
pub fn find(table: &ItemsTable, id: RunId) -> Statement<Option<StatusLine>> {
    let sql = format!("SELECT {COLUMNS} WHERE s.`run_id` = :id AND s.`items_table` = :table AND s.`job` = :job");
    let params = params! { "id" => id.0, "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::first("reading the status of a run", &sql, params, line)
}

/// The view's columns, and those that only the table has.
const COLUMNS: &str = "s.*, r.`waiting_for`, r.`waiting_since`, r.`waiting_until` \
                       FROM `batch_status` s JOIN `batch_runs` r ON r.`id` = s.`run_id`";

fn waits(row: &Row) -> Result<Option<RunWaits>, StoreError> {
    let time = |name| Ok::<_, StoreError>(column::<Option<_>>(row, name)?.map(utc));
    let (why, since, until) =
        (column::<Option<String>>(row, "waiting_for")?, time("waiting_since")?, time("waiting_until")?);
    Ok(why.zip(since).zip(until).map(|((why, since), until)| RunWaits { why, since, until }))
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
        pending: column(row, "pending")?,
        skipped: column(row, "skipped")?,
        tick: column::<Option<_>>(row, "tick")?.map(utc),
        attempt: column(row, "attempt")?,
        waits: waits(row)?,
        is_refused: column(row, "refused")?,
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
