//! The lanes of a run as readers see them.

use mysql_async::{Row, params};

use super::lanes::Source;
use super::row::{column, name};
use super::runs::utc;
use super::statement::Statement;
use super::wanted::Ids;
use crate::run::RunId;
use crate::window::Time;

/// A lane as a reader sees it.
#[derive(Clone, Copy, Debug)]
pub struct LaneLine {
    /// Counted from 0 over all workers of the run.
    pub number: u16,
    /// Whose.
    pub worker: u16,
    /// Where its items come from.
    pub source: Source,
    /// The ids that it works off.
    pub ids: Ids,
    /// Every id up to here is worked off.
    pub cursor: i64,
    /// The hop that is due or at work; 0: none yet.
    pub hop: u32,
    /// Pages committed.
    pub pages: u64,
    /// Items predicted.
    pub predicted: u64,
    /// Items set aside.
    pub failed: u64,
    /// When a page was committed last.
    pub updated_at: Option<Time>,
    /// When it was worked off.
    pub finished_at: Option<Time>,
}

/// Every lane of a run, in order.
pub fn all(run: RunId) -> Statement<Vec<LaneLine>> {
    let sql = "SELECT `lane`, `worker`, `source`, `low_id`, `high_id`, `cursor_id`, `hop`, `pages`, `predicted`, `failed`, \
                 `updated_at`, `finished_at` FROM `batch_lanes` WHERE `run_id` = :run ORDER BY `lane`";
    let line = |row: &Row| {
        Ok(LaneLine {
            number: column(row, "lane")?,
            worker: column(row, "worker")?,
            source: name(row, "source")?,
            ids: Ids { after: column(row, "low_id")?, upto: column(row, "high_id")? },
            cursor: column(row, "cursor_id")?,
            hop: column(row, "hop")?,
            pages: column(row, "pages")?,
            predicted: column(row, "predicted")?,
            failed: column(row, "failed")?,
            updated_at: column::<Option<_>>(row, "updated_at")?.map(utc),
            finished_at: column::<Option<_>>(row, "finished_at")?.map(utc),
        })
    };
    Statement::all("reading the lanes", sql, params! { "run" => run.0 }, line)
}
