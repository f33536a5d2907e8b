//! The SQL of telling: whose end is still to be told, and by which ways.

use mysql_async::{Row, params};

use super::StoreError;
use super::row::{column, name};
use super::statement::Statement;
use crate::config::{ItemsTable, JobName, Setting, TableName, Target};
use crate::run::{Channels, RunId};

/// A run that is over, and is still to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The run.
    pub run: RunId,
    /// Which of its attempts ended: another one is told anew.
    attempt: u32,
    /// By which ways.
    pub to: Channels,
    /// Whether it has been over for [`PATIENCE_D`] days.
    pub is_too_old: bool,
}

/// Days after which nobody is told any more: what was to be begun by it was begun otherwise.
pub const PATIENCE_D: u32 = 7;

/// Runs that are told at a time by one way, at most.
const AT_ONCE: u32 = 100;

/// Seconds that somebody else's telling is waited for: a call and its tries.
const WAIT_S: u32 = 5;

/// Where ends may be left to be told by who tells those of `table`'s job: its own runs first. Where jobs are described, so
/// that it is known whose a table is, also those that are over other tables, and those of jobs that were removed, which have
/// no hops of their own any more.
pub fn places(table: &ItemsTable) -> Statement<Vec<ItemsTable>> {
    let own = table.clone();
    let sql = "SELECT t.`items_table`, t.`job` \
               FROM (SELECT DISTINCT `items_table`, `job` FROM `batch_runs` FORCE INDEX (`ends_to_tell`)) t \
               WHERE (t.`job` = :job AND t.`items_table` = :table) \
                 OR (EXISTS (SELECT 1 FROM `batch_jobs`) AND (t.`job` = :job OR NOT EXISTS \
                   (SELECT 1 FROM `batch_jobs` j WHERE j.`name` = t.`job` AND j.`state` <> 'removed'))) \
               ORDER BY t.`job` <> :job, t.`job`, t.`items_table`";
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::all("looking whose ends are to be told", sql, params, move |row| {
        let (name, job): (String, String) = (column(row, "items_table")?, column(row, "job")?);
        if name == own.as_str() && job == own.job.as_str() {
            return Ok(own.clone());
        }
        let named = TableName::read(&name).zip(JobName::read(&job));
        let (name, job) = named.ok_or_else(|| StoreError::Unexpected(format!("runs of `{job}` over `{name}`")))?;
        // Where its predictions went, nobody knows any more.
        Ok(ItemsTable { name, job, target: Target::Columns, ..own.clone() })
    })
}

/// The runs over `table` whose end is still to be told by one of `ways`, or that nobody is told of any more, the oldest
/// first. Each way has its own limit, so that one that is out of reach keeps nobody waiting who listens by another.
pub fn untold(table: &ItemsTable, ways: Channels) -> Statement<Vec<Untold>> {
    let which = ways.iter().map(|way| format!("FIND_IN_SET('{way}', `to_tell`)"));
    let parts: Vec<String> = which.chain([too_old()]).map(|which| part(&which)).collect();
    let sql = format!("{} ORDER BY `id`", parts.join(" UNION "));
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::all("looking whose end is to be told", &sql, params, read)
}

/// The same of each of some tables.
pub fn untold_of_each(tables: &[ItemsTable], ways: Channels) -> Statement<Vec<Vec<Untold>>> {
    tables.iter().fold(Statement::none(), |before, table| {
        before.and(untold(table, ways)).map(|(mut all, untold): (Vec<_>, _)| {
            all.push(untold);
            all
        })
    })
}

/// Also of ways that are no longer set.
fn too_old() -> String {
    format!("`finished_at` < UTC_TIMESTAMP() - INTERVAL {PATIENCE_D} DAY")
}

fn part(which: &str) -> String {
    format!(
        "(SELECT `id`, `attempt`, `to_tell`, {} AS `is_too_old` FROM `batch_runs` FORCE INDEX (`ends_to_tell`) \
         WHERE `items_table` = :table AND `job` = :job AND `to_tell` IS NOT NULL \
         AND `state` NOT IN ('running', 'paused') AND {which} ORDER BY `id` LIMIT {AT_ONCE})",
        too_old()
    )
}

fn read(row: &Row) -> Result<Untold, StoreError> {
    Ok(Untold {
        run: RunId(column(row, "id")?),
        attempt: column(row, "attempt")?,
        to: name(row, "to_tell")?,
        is_too_old: column::<Option<_>>(row, "is_too_old")?.unwrap_or(false),
    })
}

/// Notes by which ways the end of a run is left to be told. Of a run that was tried again meanwhile, nothing is.
pub fn leave(told: Untold, left: Channels) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `to_tell` = :left WHERE `id` = :run AND `attempt` = :attempt";
    let params = params! { "left" => text(left), "run" => told.run.0, "attempt" => told.attempt };
    Statement::change("noting that the end of a run was told", sql, params)
}

/// The channels as the column has them.
pub(super) fn text(channels: Channels) -> Option<String> {
    (!channels.is_empty()).then(|| channels.to_string())
}

/// Takes the telling for a table's job upon this connection, until it ends; answers whether nobody else has it. A
/// courtesy: without it, some ends would be told twice.
pub fn hold(table: &ItemsTable) -> Statement<bool> {
    // Named locks are the server's, and at most 64 characters long.
    let sql = format!(
        "SELECT GET_LOCK(CONCAT('rowscore:', LEFT(SHA2(CONCAT_WS('/', DATABASE(), :table, :job), 256), 40), ':tells'), \
           {WAIT_S}) AS `got`"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::one("waiting for whoever tells", &sql, params, |row| Ok(column::<Option<u8>>(row, "got")? == Some(1)))
}
