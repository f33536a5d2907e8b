//! Runs that are long over, and of which nothing is left: an administrator has them forgotten, a few at a time.

use mysql_async::{Params, params};

use super::places::joined;
use super::row::column;
use super::statement::Statement;
use crate::config::ItemsTable;
use crate::run::RunId;
use crate::window::Time;

/// So many are forgotten at once, at most: some milliseconds.
const AT_ONCE: u32 = 1000;

/// The oldest runs over `table` that are over, began before `before`, and have no item. An item that was
/// predicted, or set aside, names its run. Where the windows ended is known by the last of them.
pub fn empty(table: &ItemsTable, before: Time) -> Statement<Vec<RunId>> {
    let sql = format!(
        "SELECT `id` FROM `batch_runs` FORCE INDEX (`empty_runs`) \
         WHERE `items_table` = :table AND `job` = :job AND `empty_since` < CAST(:before AS DATETIME(3)) \
           AND (`chain_end` IS NULL OR `chain_end` < (SELECT MAX(`chain_end`) FROM `batch_runs` \
             WHERE `items_table` = :table AND `job` = :job)) \
         ORDER BY `empty_since` LIMIT {AT_ONCE}"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str(), "before" => before.naive_utc() };
    Statement::all("looking for runs to forget", &sql, params, |row| column(row, "id").map(RunId))
}

/// Forgets runs, with their lanes. The login of the function may not.
pub fn forget(runs: &[RunId]) -> Statement<()> {
    if runs.is_empty() {
        return Statement::nothing();
    }
    let (doing, list) = ("forgetting old runs", joined(runs, ","));
    let delete = |table: &str, id: &str| {
        Statement::change(doing, &format!("DELETE FROM `{table}` WHERE `{id}` IN ({list})"), Params::Empty)
    };
    delete("batch_lanes", "run_id").then(delete("batch_runs", "id"))
}
