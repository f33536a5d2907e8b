//! What a run's lanes come to together.

use mysql_async::{Row, params};

use super::StoreError;
use super::ids::Ids;
use super::lanes::changes;
use super::row::column;
use super::statement::Statement;
use super::tempo::RATE;
use crate::run::{Changes, Counts, RunId};

/// A run's lanes, summed up.
#[derive(Clone, Debug, PartialEq)]
pub struct Totals {
    /// Lanes that are not finished.
    pub unfinished: u64,
    /// Predicted, set aside and pages; `pending` is left at 0, for who knows the run's items.
    pub counts: Counts,
    /// What the run changes, if it is a backfill.
    pub changes: Changes,
    /// Items of the window that were worked off: not those that earlier runs set aside.
    pub fresh_done: u64,
    /// Of these, set aside.
    pub fresh_failed: u64,
    /// Items that others had locked at every look.
    pub skipped: u64,
    /// The keys of the run; of texts all.
    pub ids: Ids,
    /// Items a second, by the latest pages of the lanes at work; 0: there is none.
    pub rows_per_second: f64,
}

/// Sums up a run's lanes.
pub fn of(run: RunId) -> Statement<Totals> {
    let sql = format!(
        "SELECT COALESCE(SUM(`finished_at` IS NULL), 0) AS `unfinished`, COALESCE(SUM(`predicted`), 0) AS `predicted`, \
                 COALESCE(SUM(`failed`), 0) AS `failed`, COALESCE(SUM(`pages`), 0) AS `pages`, \
                 COALESCE(SUM(IF(`source` <> 'failures', `predicted` + `failed`, 0)), 0) AS `fresh_done`, \
                 COALESCE(SUM(IF(`source` <> 'failures', `failed`, 0)), 0) AS `fresh_failed`, \
                 COALESCE(SUM(`skipped`), 0) AS `skipped`, COALESCE(SUM(`compared`), 0) AS `compared`, \
                 COALESCE(SUM(`changed_class`), 0) AS `changed_class`, \
                 COALESCE(SUM(`absolute_change`), 0) AS `absolute_change`, \
                 COALESCE(MIN(`low_id`), 0) AS `low`, COALESCE(MAX(`high_id`), 0) AS `high`, \
                 COALESCE(SUM(`high_key` IS NOT NULL), 0) AS `by_text`, \
                 COALESCE({RATE}, 0) AS `rows_per_second` \
               FROM `batch_lanes` WHERE `run_id` = :run"
    );
    Statement::one("summing up the lanes", &sql, params! { "run" => run.0 }, sum)
}

fn sum(row: &Row) -> Result<Totals, StoreError> {
    Ok(Totals {
        unfinished: column(row, "unfinished")?,
        counts: Counts {
            predicted: column(row, "predicted")?,
            failed: column(row, "failed")?,
            pending: 0,
            pages: column(row, "pages")?,
        },
        changes: changes(row)?,
        fresh_done: column(row, "fresh_done")?,
        fresh_failed: column(row, "fresh_failed")?,
        skipped: column(row, "skipped")?,
        ids: match column(row, "by_text")? {
            0_u64 => Ids::new(column::<i64>(row, "low")?, column::<i64>(row, "high")?),
            _ => Ids::ALL,
        },
        rows_per_second: column(row, "rows_per_second")?,
    })
}
