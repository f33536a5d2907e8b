//! All SQL of `batch_jobs`: the jobs beside the one of the variables.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row, params};

use super::StoreError;
use super::row::{column, name};
use super::runs::utc;
use super::statement::Statement;
use crate::config::{ItemsTable, JobName, JobSettings, Setting, TableName};
use crate::run::{RunId, named};
use crate::window::Time;

named! {
    /// Whether ticks start a job.
    pub enum JobState {
        /// They do.
        Active = "active",
        /// Paused by an operator: they pass it by.
        Paused = "paused",
        /// It is described no more. Its row stays, since its runs name it.
        Removed = "removed",
    }
}

/// A job's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRow {
    /// Its name, and what is set.
    pub settings: JobSettings,
    /// Counts up with each change of the settings.
    pub version: u32,
    /// Whether ticks start it.
    pub state: JobState,
    /// When it was described so.
    pub applied_at: Time,
    /// By whom.
    pub applied_by: String,
}

const COLUMNS: &str = "`name`, `version`, `settings`, `state`, `applied_at`, `applied_by`";

/// Every job, by name, also those that were removed.
pub fn all() -> Statement<Vec<JobRow>> {
    let sql = format!("SELECT {COLUMNS} FROM `batch_jobs` ORDER BY `name`");
    Statement::all("reading the jobs", &sql, Params::Empty, job)
}

/// Every job, or none where there is no table of them yet.
///
/// # Errors
/// The database's, but none where the table is missing.
pub async fn known(conn: &mut impl Queryable) -> Result<Vec<JobRow>, StoreError> {
    match all().ask(conn).await {
        Err(error) if error.lacks_table() => Ok(Vec::new()),
        rows => rows,
    }
}

/// The same, locked: of two who apply, one waits for the other.
pub fn lock_all() -> Statement<Vec<JobRow>> {
    let sql = format!("SELECT {COLUMNS} FROM `batch_jobs` ORDER BY `name` FOR UPDATE");
    Statement::all("locking the jobs", &sql, Params::Empty, job)
}

fn job(row: &Row) -> Result<JobRow, StoreError> {
    let (name_text, texts): (String, String) = (column(row, "name")?, column(row, "settings")?);
    let unexpected = |problem: String| StoreError::Unexpected(format!("batch_jobs, job `{name_text}`: {problem}"));
    let job = JobName::read(&name_text).ok_or_else(|| unexpected(format!("accepted: {}", JobName::ACCEPTS)))?;
    let texts = serde_json::from_str(&texts).map_err(|error| unexpected(error.to_string()))?;
    Ok(JobRow {
        settings: JobSettings { name: job, texts },
        version: column(row, "version")?,
        state: name(row, "state")?,
        applied_at: utc(column(row, "applied_at")?),
        applied_by: column(row, "applied_by")?,
    })
}

/// Describes a job, which is new or was described otherwise, by the next version of it.
///
/// # Errors
/// Its settings cannot be written as JSON.
pub fn put(job: &JobSettings) -> Result<Statement<()>, StoreError> {
    let texts = serde_json::to_string(&job.texts).map_err(|error| StoreError::Unexpected(error.to_string()))?;
    let sql = "INSERT INTO `batch_jobs` (`name`, `version`, `settings`, `state`, `applied_at`, `applied_by`) \
               VALUES (:name, 1, :settings, 'active', UTC_TIMESTAMP(3), LEFT(USER(), 320)) \
               ON DUPLICATE KEY UPDATE `version` = `version` + 1, `settings` = VALUES(`settings`), \
                 `state` = IF(`state` = 'removed', 'active', `state`), `applied_at` = VALUES(`applied_at`), \
                 `applied_by` = VALUES(`applied_by`)";
    Ok(Statement::change("describing a job", sql, params! { "name" => job.name.as_str(), "settings" => texts }))
}

/// Removes a job, pauses it, or lets ticks start it again.
pub fn set_state(job: &JobName, state: JobState) -> Statement<()> {
    let sql = "UPDATE `batch_jobs` SET `state` = :state WHERE `name` = :name";
    Statement::change("changing a job's state", sql, params! { "state" => state.name(), "name" => job.as_str() })
}

/// Whether ticks start the job of this name. Where none is described, that of the variables is the one job; where others
/// are, it is one only if that is said.
pub fn state(job: &JobName) -> Statement<JobState> {
    let sql = "SELECT COALESCE((SELECT `state` FROM `batch_jobs` WHERE `name` = :name), 'removed') AS `state`, \
                 EXISTS (SELECT 1 FROM `batch_jobs` WHERE `state` <> 'removed') AS `has_jobs`";
    let is_default = job.is_default();
    Statement::one("reading a job's state", sql, params! { "name" => job.as_str() }, move |row| {
        match name(row, "state")? {
            JobState::Removed if is_default && !column::<bool>(row, "has_jobs")? => Ok(JobState::Active),
            state => Ok(state),
        }
    })
}

/// The runs of a job that are not over, with the names of their tables: not only of the one that it scores now.
pub fn unfinished(job: &JobName) -> Statement<Vec<(RunId, String)>> {
    let sql = "SELECT `id`, `items_table` FROM `batch_runs` WHERE `job` = :job AND `unfinished` = 1 ORDER BY `id`";
    Statement::all("looking for unfinished runs", sql, params! { "job" => job.as_str() }, |row| {
        Ok((RunId(column(row, "id")?), column(row, "items_table")?))
    })
}

/// The job whose run that is, and the table that it scores, which the job may have left since.
pub fn of_run(run: RunId) -> Statement<Option<(JobName, TableName)>> {
    let sql = "SELECT `job`, `items_table` FROM `batch_runs` WHERE `id` = :id";
    Statement::first("looking whose run it is", sql, params! { "id" => run.0 }, |row| {
        let (job, table): (String, String) = (column(row, "job")?, column(row, "items_table")?);
        let named = JobName::read(&job).zip(TableName::read(&table));
        named.ok_or_else(|| StoreError::Unexpected(format!("run of the job `{job}` over the table `{table}`")))
    })
}

/// When a job opened a run last; `None`: never, or there is no table of runs yet.
///
/// # Errors
/// As [`known`].
pub async fn last_opened(conn: &mut impl Queryable, table: &ItemsTable) -> Result<Option<Time>, StoreError> {
    let sql = "SELECT MAX(`started_at`) AS `last` FROM `batch_runs` WHERE `items_table` = :table AND `job` = :job";
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    let last =
        Statement::one("looking for the last run", sql, params, |row| Ok(column::<Option<_>>(row, "last")?.map(utc)));
    match last.ask(conn).await {
        Err(error) if error.lacks_table() => Ok(None),
        last => last,
    }
}
