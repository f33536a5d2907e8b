//! What `batch_runs` keeps of requests for runs that could not be opened: an outage is a row that says why, not a
//! row that is missing.

use mysql_async::{Row, params};

use super::row::column;
use super::runs::OF_A_TABLE;
use super::statement::Statement;
use crate::config::ItemsTable;
use crate::run::{RunId, RunKind};
use crate::window::Time;

/// A run that was not opened has no lanes. The same in SQL.
pub(super) const IS_REFUSAL: &str = "`state` = 'failed' AND `lanes` = 0";

/// Rows that are looked through: the latest tell.
const LOOKED_AT: u32 = 100;

/// Where the next refusal is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// On the run of the kind that is not over.
    Unfinished(RunId),
    /// On the latest run of the kind, which is a refusal like it.
    Again(RunId),
    /// In a row of its own.
    Anew,
}

/// Looks where the refusal of a run of `kind` is to be noted.
pub fn place(table: &ItemsTable, kind: RunKind) -> Statement<Noted> {
    let sql = format!(
        "SELECT `id`, `unfinished` IS NOT NULL AS `unfinished`, {IS_REFUSAL} AS `refusal` \
         FROM (SELECT * FROM `batch_runs` {OF_A_TABLE} WHERE `items_table` = :table AND `job` = :job \
               ORDER BY `id` DESC LIMIT {LOOKED_AT}) r \
         WHERE `kind` = :kind ORDER BY `unfinished` DESC, `id` DESC LIMIT 1"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str(), "kind" => kind.name() };
    let noted = |row: &Row| {
        let id = RunId(column(row, "id")?);
        Ok(match (column(row, "unfinished")?, column(row, "refusal")?) {
            (true, _) => Noted::Unfinished(id),
            (false, true) => Noted::Again(id),
            (false, false) => Noted::Anew,
        })
    };
    let found = Statement::first("looking for the latest run", &sql, params, noted);
    found.map(|found| found.unwrap_or(Noted::Anew))
}

/// Notes one more refusal in the row of the one before: an outage of a week is one row.
pub fn again(id: RunId, error: &str, now: Time) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `attempt` = `attempt` + 1, `attempted_at` = :now, \
                 `finished_at` = UTC_TIMESTAMP(3), `last_error` = LEFT(:error, 1000) WHERE `id` = :id";
    let params = params! { "now" => now.naive_utc(), "error" => error, "id" => id.0 };
    Statement::change("noting why no run was opened", sql, params)
}
