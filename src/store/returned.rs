//! Whether a canary's message came back: its hop leaves a lane that has nothing to do and is finished.

use mysql_async::{Row, params};

use super::lanes::FIRST;
use super::row::column;
use super::statement::Statement;
use crate::run::RunId;

/// The message of a canary came back. Delivered twice, it says nothing more.
pub fn note(run: RunId) -> Statement<()> {
    let sql = "INSERT INTO `batch_lanes` (`run_id`, `lane`, `worker`, `source`, `low_id`, `high_id`, `cursor_id`, `page_size`, \
                 `hop`, `claim`, `finished_at`) \
               VALUES (:run, 0, :worker, 'items', 0, 0, 0, 0, :hop, 0, UTC_TIMESTAMP(3)) \
               ON DUPLICATE KEY UPDATE `hop` = :hop";
    let params = params! { "run" => run.0, "worker" => FIRST.worker, "hop" => FIRST.hop };
    Statement::change("noting that the canary's message came back", sql, params)
}

/// Whether the message of a canary came back.
pub fn is_back(run: RunId) -> Statement<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM `batch_lanes` WHERE `run_id` = :run) AS `back`";
    let is_back = |row: &Row| column(row, "back");
    Statement::one("looking whether the canary's message came back", sql, params! { "run" => run.0 }, is_back)
}
