//! The lock that says who works on a worker's lanes.
//!
//! Two things keep workers apart. The *hold* is a named lock of the server's, bound to a
//! connection: it tells at once that somebody is at work, and is gone when they are. It is a
//! courtesy. The *claim* is a fencing token in the lane row, checked under the row's lock in every
//! page's transaction: it alone decides whose page is committed.

use mysql_async::{Params, params};

use super::row::column;
use super::runs::utc;
use super::statement::Statement;
use crate::run::RunId;
use crate::window::Time;

/// Holds a worker's lanes on this connection, until it ends or [`release`]s them; answers whether nobody
/// else does.
pub fn hold(run: RunId, worker: u16) -> Statement<bool> {
    let sql = format!("SELECT GET_LOCK({HOLD_NAME}, 0) AS `got`");
    let params = params! { "run" => run.0, "worker" => worker };
    Statement::one("holding the lanes", &sql, params, |row| Ok(column::<Option<u8>>(row, "got")? == Some(1)))
}

/// Whether somebody holds a worker's lanes.
pub fn is_held(run: RunId, worker: u16) -> Statement<bool> {
    let sql = format!("SELECT IS_USED_LOCK({HOLD_NAME}) AS `holder`");
    let params = params! { "run" => run.0, "worker" => worker };
    Statement::one(
        "asking who holds the lanes",
        &sql,
        params,
        |row| Ok(column::<Option<u64>>(row, "holder")?.is_some()),
    )
}

/// Who works on a run, as far as can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attendance {
    /// Whether somebody holds some of its lanes, on the server that is asked.
    pub is_held: bool,
    /// When a page was committed last.
    pub last_page: Option<Time>,
}

/// Whether anybody works on a run, and when a page of it was committed last.
pub fn attendance(run: RunId) -> Statement<Attendance> {
    let held = HOLD_NAME.replace(":worker", "`worker`");
    let sql = format!(
        "SELECT COALESCE(MAX(`finished_at` IS NULL AND IS_USED_LOCK({held}) IS NOT NULL), FALSE) AS `held`, \
           MAX(`updated_at`) AS `last` FROM `batch_lanes` WHERE `run_id` = :run"
    );
    Statement::one("looking who works on the run", &sql, params! { "run" => run.0 }, |row| {
        Ok(Attendance { is_held: column(row, "held")?, last_page: column::<Option<_>>(row, "last")?.map(utc) })
    })
}

/// The same of each of some runs.
pub fn attendances(runs: &[RunId]) -> Statement<Vec<(RunId, Attendance)>> {
    runs.iter().fold(Statement::none(), |before, run| {
        let run = *run;
        before.and(attendance(run)).map(move |(mut all, attendance)| {
            all.push((run, attendance));
            all
        })
    })
}

/// Lets go of every hold on this connection.
pub fn release() -> Statement<()> {
    Statement::change("releasing the lanes", "DO RELEASE_ALL_LOCKS()", Params::Empty)
}

/// Named locks are the server's, not a database's, and at most 64 characters long.
const HOLD_NAME: &str = "CONCAT('rowscore:', LEFT(SHA2(DATABASE(), 256), 12), ':', :run, ':', :worker)";
