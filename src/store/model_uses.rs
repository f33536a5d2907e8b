//! All SQL of `batch_model_uses`: which model a job uses. Of its rows the latest counts; none is ever changed.

use mysql_async::{Conn, Params, Row, params};

use super::row::column;
use super::runs::utc;
use super::statement::{Statement, begin, commit, rollback};
use super::{StoreError, models};
use crate::config::ItemsTable;
use crate::model::ModelVersion;
use crate::window::Time;

/// A use of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Its number.
    pub id: u64,
    /// The table that is scored.
    pub table: String,
    /// The job that scores it.
    pub job: String,
    /// All digits of the model's version; `None`: the one that is built in.
    pub version: Option<String>,
    /// Since when.
    pub since: Time,
    /// By which login.
    pub by: String,
    /// The number of the use that this one is, or returned to. 0: before the first.
    base: u64,
}

/// The condition that a use is one of a job, whatever table it scored then. The variables' job is another one over each
/// table: deployments may share a database.
const OF_JOB: &str = "u.`job` = :job AND (u.`job` <> 'default' OR u.`items_table` = :table)";

/// The latest use of each job.
const LATEST: &str = "SELECT MAX(`id`) AS `id` FROM `batch_model_uses` \
                      GROUP BY `job`, IF(`job` = 'default', `items_table`, '')";

const COLUMNS: &str = "u.`id`, u.`items_table`, u.`job`, u.`version`, u.`used_at`, u.`used_by`, \
                       COALESCE(u.`back_to`, u.`id`) AS `base` FROM `batch_model_uses` u";

fn of(row: &Row) -> Result<Use, StoreError> {
    Ok(Use {
        id: column(row, "id")?,
        table: column(row, "items_table")?,
        job: column(row, "job")?,
        version: column(row, "version")?,
        since: utc(column(row, "used_at")?),
        by: column(row, "used_by")?,
        base: column(row, "base")?,
    })
}

/// A stored model that a job uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InUse {
    table: String,
    job: String,
    /// Its version.
    pub version: ModelVersion,
}

impl InUse {
    /// Whether it is the job of `table` that uses it.
    pub fn is_of(&self, table: &ItemsTable) -> bool {
        self.job == table.job.as_str() && (!table.job.is_default() || self.table == table.as_str())
    }
}

/// The stored model that the job of `table` uses, if it uses one.
pub fn in_use(table: &ItemsTable) -> Statement<Vec<InUse>> {
    let sql = format!(
        "SELECT u.`items_table`, u.`job`, u.`version` FROM `batch_model_uses` u WHERE {OF_JOB} ORDER BY u.`id` DESC LIMIT 1"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::all("looking which model is used", &sql, params, used).map(stored)
}

/// The stored models that all jobs use.
pub fn all_in_use() -> Statement<Vec<InUse>> {
    let sql = format!(
        "SELECT u.`items_table`, u.`job`, u.`version` FROM `batch_model_uses` u JOIN ({LATEST}) l ON l.`id` = u.`id`"
    );
    Statement::all("looking which models are used", &sql, Params::Empty, used).map(stored)
}

fn used(row: &Row) -> Result<Option<InUse>, StoreError> {
    let Some(digits) = column::<Option<String>>(row, "version")? else { return Ok(None) };
    let version = ModelVersion::from_digits(&digits)
        .ok_or_else(|| StoreError::Unexpected(format!("`batch_model_uses` has `{digits}`, which is no version")))?;
    Ok(Some(InUse { table: column(row, "items_table")?, job: column(row, "job")?, version }))
}

/// Those of the uses that are not of the model that is built in.
fn stored(uses: Vec<Option<InUse>>) -> Vec<InUse> {
    uses.into_iter().flatten().collect()
}

/// The latest use of each job. One that was removed uses none.
pub fn latest() -> Statement<Vec<Use>> {
    let sql = format!(
        "SELECT {COLUMNS} JOIN ({LATEST}) l ON l.`id` = u.`id` \
         LEFT JOIN `batch_jobs` j ON j.`name` = u.`job` AND j.`state` = 'removed' AND u.`job` <> 'default' \
         WHERE j.`name` IS NULL ORDER BY u.`items_table`, u.`job`"
    );
    Statement::all("listing the uses of models", &sql, Params::Empty, of)
}

fn latest_of(table: &str, job: &str) -> Statement<Option<Use>> {
    let sql = format!("SELECT {COLUMNS} WHERE {OF_JOB} ORDER BY u.`id` DESC LIMIT 1");
    Statement::first("looking which model is used", &sql, params! { "table" => table, "job" => job }, of)
}

/// The use that a job returns to from `present`: the latest before it, of another model that is still there.
/// `None`: there is none, and the model that is built in was before it.
fn before(present: &Use) -> Statement<Option<Use>> {
    let sql = format!(
        "SELECT {COLUMNS} WHERE {OF_JOB} AND u.`id` < :base \
           AND NOT (u.`version` <=> :version) \
           AND (u.`version` IS NULL OR u.`version` IN (SELECT m.`version` FROM `batch_models` m)) \
         ORDER BY u.`id` DESC LIMIT 1"
    );
    let params = params! {
        "table" => &present.table, "job" => &present.job, "base" => present.base, "version" => &present.version,
    };
    Statement::first("looking which model was used before", &sql, params, of)
}

fn insert(table: &ItemsTable, version: Option<&str>, back_to: Option<u64>) -> Statement<()> {
    let sql = "INSERT INTO `batch_model_uses` (`items_table`, `job`, `version`, `back_to`, `used_at`, `used_by`) \
               VALUES (:table, :job, :version, :back_to, UTC_TIMESTAMP(3), LEFT(CURRENT_USER(), 300))";
    let params = params! {
        "table" => table.as_str(), "job" => table.job.as_str(), "version" => version, "back_to" => back_to,
    };
    Statement::change("noting which model is used", sql, params)
}

/// What became of a wish to use a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Noted {
    /// The job uses it from now on.
    Done,
    /// The job uses it already.
    Before,
    /// Somebody has removed it meanwhile.
    Gone,
}

/// Lets the job of `table` use the model of a version; `None`: the one that is built in.
///
/// # Errors
/// The login may not.
pub async fn note(conn: &mut Conn, table: &ItemsTable, version: Option<&str>) -> Result<Noted, StoreError> {
    let is_there = version.map_or_else(|| Statement::nothing().map(|()| true), models::lock);
    let present = latest_of(table.as_str(), table.job.as_str());
    let (is_there, present) = begin().then(is_there.and(present)).ask(conn).await?;
    let noted = match present.and_then(|present| present.version) {
        _ if !is_there => Noted::Gone,
        present if present.as_deref() == version => Noted::Before,
        _ => {
            insert(table, version, None).then(commit()).ask(conn).await?;
            return Ok(Noted::Done);
        }
    };
    rollback().ask(conn).await?;
    Ok(noted)
}

/// The version of the model that the job of `table` would return to, if it uses any that is stored, or did.
///
/// # Errors
/// The database's.
pub async fn to_return_to(conn: &mut Conn, table: &ItemsTable) -> Result<Option<Return>, StoreError> {
    let Some(present) = latest_of(table.as_str(), table.job.as_str()).ask(conn).await? else { return Ok(None) };
    let before = before(&present).ask(conn).await?;
    let (version, base) = before.map_or((None, 0), |before| (before.version, before.base));
    Ok((version != present.version).then_some(Return { version, base, from: present.id }))
}

/// A use that a job can return to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// All digits of its model's version; `None`: the one that is built in.
    pub version: Option<String>,
    base: u64,
    /// The use that counted.
    from: u64,
}

/// Lets the job of `table` return, if its latest use is still the one that was looked at.
///
/// # Errors
/// The login may not.
pub async fn go_back(conn: &mut Conn, table: &ItemsTable, to: &Return) -> Result<Noted, StoreError> {
    let is_there = to.version.as_deref().map_or_else(|| Statement::nothing().map(|()| true), models::lock);
    let present = latest_of(table.as_str(), table.job.as_str());
    let (is_there, present) = begin().then(is_there.and(present)).ask(conn).await?;
    if !is_there || present.is_none_or(|present| present.id != to.from) {
        rollback().ask(conn).await?;
        return Ok(Noted::Gone);
    }
    insert(table, to.version.as_deref(), Some(to.base)).then(commit()).ask(conn).await?;
    Ok(Noted::Done)
}

/// Takes a stored model away, unless a job uses it or would return to it. Answers the use that is in the way.
///
/// # Errors
/// The login may not.
pub async fn remove(conn: &mut Conn, version: &str) -> Result<Option<Use>, StoreError> {
    let (_, present) = begin().then(models::lock(version).and(latest())).ask(conn).await?;
    for present in present {
        let earlier = before(&present).ask(conn).await?;
        let is_of = |used: &Use| used.version.as_deref() == Some(version);
        if is_of(&present) || earlier.as_ref().is_some_and(is_of) {
            rollback().ask(conn).await?;
            return Ok(Some(present));
        }
    }
    models::delete(version).then(commit()).ask(conn).await?;
    Ok(None)
}
