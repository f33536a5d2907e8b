//! The lanes of a run as readers see them.

use mysql_async::{Row, params};

use super::ids::Ids;
use super::key::Key;
use super::lanes::Source;
use super::row::{column, key_text, name};
use super::runs::utc;
use super::statement::Statement;
use crate::run::RunId;
use crate::window::Time;

/// A lane as a reader sees it.
#[derive(Clone, Debug)]
pub struct LaneLine {
    /// Counted from 0 over all workers of the run.
    pub number: u16,
    /// Whose.
    pub worker: u16,
    /// Where its items come from.
    pub source: Source,
    /// The keys that it works off.
    pub ids: Ids,
    /// Every key up to here is worked off.
    pub cursor: Key,
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
    let sql = "SELECT `lane`, `worker`, `source`, `low_id`, `high_id`, `cursor_id`, `low_key`, `high_key`, \
                 `cursor_key`, `hop`, `pages`, `predicted`, `failed`, \
                 `updated_at`, `finished_at` FROM `batch_lanes` WHERE `run_id` = :run ORDER BY `lane`";
    let line = |row: &Row| {
        let (ids, cursor) = match key_text(row, "high_key") {
            Some(upto) => {
                let or_start = |name| key_text(row, name).unwrap_or(Key::Start);
                (Ids { after: or_start("low_key"), upto }, or_start("cursor_key"))
            }
            None => {
                let id = |name| column::<i64>(row, name);
                (Ids::new(id("low_id")?, id("high_id")?), Key::Id(id("cursor_id")?))
            }
        };
        Ok(LaneLine {
            number: column(row, "lane")?,
            worker: column(row, "worker")?,
            source: name(row, "source")?,
            ids,
            cursor,
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
