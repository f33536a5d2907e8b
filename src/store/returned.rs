//! Whether a canary's message came back: its hop leaves a lane that has nothing to do and is finished.

use mysql_async::prelude::Queryable;
use mysql_async::{Row, params};

use super::StoreError;
use super::lanes::FIRST;
use super::row::column;
use super::statement::Statement;
use crate::run::RunId;

/// Notes that the message of a canary came back. Delivered twice, it says nothing more.
///
/// # Errors
/// Those of [`Statement::ask`].
pub async fn note(conn: &mut impl Queryable, run: RunId) -> Result<(), StoreError> {
    // Where it is there, MariaDB would want more rights for `ON DUPLICATE KEY UPDATE` than the login has.
    let sql = "INSERT INTO `batch_lanes` (`run_id`, `lane`, `worker`, `source`, `low_id`, `high_id`, `cursor_id`, `page_size`, \
                 `hop`, `claim`, `finished_at`) \
               VALUES (:run, 0, :worker, 'items', 0, 0, 0, 0, :hop, 0, UTC_TIMESTAMP(3))";
    let params = params! { "run" => run.0, "worker" => FIRST.worker, "hop" => FIRST.hop };
    match Statement::change("noting that the canary's message came back", sql, params).ask(conn).await {
        Err(error) if error.is_duplicate() => Ok(()),
        noted => noted,
    }
}

/// Whether the message of a canary came back.
pub fn is_back(run: RunId) -> Statement<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM `batch_lanes` WHERE `run_id` = :run) AS `back`";
    let is_back = |row: &Row| column(row, "back");
    Statement::one("looking whether the canary's message came back", sql, params! { "run" => run.0 }, is_back)
}
