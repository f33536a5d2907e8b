//! The runs that a request for a run comes after: what is said to `batch_runs` before one is opened.

use chrono::NaiveDateTime;
use mysql_async::{Params, params};

use super::StoreError;
use super::refusals::IS_REFUSAL;
use super::row::column;
use super::runs::{COLUMNS, Run, run, utc};
use super::statement::Statement;
use crate::config::ItemsTable;
use crate::run::RunKind;
use crate::window::Time;

/// Runs of one kind over a table, as they stand.
#[derive(Clone, Debug)]
pub(crate) struct Earlier {
    /// The run that an earlier delivery of the tick opened.
    pub of_tick: Option<Run>,
    /// The run that is not over; there is one at most.
    pub unfinished: Option<Run>,
    /// The oldest run that failed under `retry_all` and has attempts left, if it was not attempted since the hop began.
    pub to_try_again: Option<Run>,
}

/// Where windows ended. One whose end lay in the future when it was opened ended when it was opened; one that
/// had to skip items, where the oldest of them was created.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ends {
    /// That of the last finished one: up to there every window has been worked off. One that failed under
    /// `retry_all` counts: it is tried again by itself.
    pub last: Option<Time>,
    /// That of the last one which failed under `retry_all`: it is one piece, of which no other takes a part.
    pub failed: Option<Time>,
}

/// Which runs of `kind` come before one that is asked for by a hop that began `now`.
pub(crate) fn earlier(
    table: &ItemsTable,
    kind: RunKind,
    tick: Option<Time>,
    max_attempts: u32,
    now: Time,
) -> Statement<Earlier> {
    let of_kind = |which: &str| {
        let sql = format!(
            "SELECT {COLUMNS} FROM `batch_runs` WHERE `items_table` = :table AND `job` = :job AND `kind` = :kind AND {which}"
        );
        Statement::first("looking for earlier runs", &sql, params(table, kind, tick), run)
    };
    let of_tick = of_kind("`tick` = :tick");
    let unfinished = of_kind("`unfinished` = 1");
    of_tick
        .and(unfinished)
        .and(to_try_again(table, kind, max_attempts, now))
        .map(|((of_tick, unfinished), to_try_again)| Earlier { of_tick, unfinished, to_try_again })
}

fn params(table: &ItemsTable, kind: RunKind, tick: Option<Time>) -> Params {
    let tick = tick.map(|tick| tick.naive_utc());
    params! { "table" => table.as_str(), "job" => table.job.as_str(), "kind" => kind.name(), "tick" => tick }
}

fn to_try_again(table: &ItemsTable, kind: RunKind, max_attempts: u32, now: Time) -> Statement<Option<Run>> {
    // Named, since the order of the ids alone would lead through the whole history.
    let sql = format!(
        "SELECT {COLUMNS} FROM `batch_runs` FORCE INDEX (`windows_to_try_again`) \
         WHERE `items_table` = :table AND `job` = :job AND `kind` = :kind AND `state` = 'failed' \
           AND `policy` = 'retry_all' AND `attempt` < :max_attempts \
           AND `attempted_at` < CAST(:now AS DATETIME(3)) ORDER BY `id` LIMIT 1"
    );
    let params = params! {
        "table" => table.as_str(), "job" => table.job.as_str(), "kind" => kind.name(),
        "max_attempts" => max_attempts, "now" => now.naive_utc(),
    };
    Statement::first("looking for earlier runs", &sql, params, run)
}

/// The latest times of a table's schedule, the latest first.
pub(crate) fn ticks(table: &ItemsTable) -> Statement<Vec<Time>> {
    let sql = format!(
        "SELECT `tick` FROM `batch_runs` WHERE `items_table` = :table AND `job` = :job AND `kind` = 'window' AND `tick` IS NOT NULL \
         ORDER BY `tick` DESC LIMIT {TICKS}"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::all("reading the schedule's times", &sql, params, |row| column(row, "tick").map(utc))
}

/// A window that is over, or that could not be opened.
#[derive(Clone, Copy, Debug)]
pub struct WindowOver {
    /// The schedule's time; `None`: opened by hand, or not at all.
    pub tick: Option<Time>,
    /// Whether it could not be opened.
    pub is_refused: bool,
    /// When it was opened.
    pub began: Time,
    /// When it was over.
    pub ended: Time,
}

/// Windows that tell how often they come, at most.
const WINDOWS: u32 = 20;

/// The latest windows that are over, whoever opened them, the latest first.
pub(crate) fn windows(table: &ItemsTable) -> Statement<Vec<WindowOver>> {
    let sql = format!(
        "SELECT `tick`, {IS_REFUSAL} AS `refused`, `started_at`, COALESCE(`finished_at`, `started_at`) AS `ended` \
         FROM `batch_runs` FORCE INDEX (`one_unfinished_run_of_a_kind`) \
         WHERE `items_table` = :table AND `job` = :job AND `kind` = 'window' AND `unfinished` IS NULL \
         ORDER BY `id` DESC LIMIT {WINDOWS}"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::all("reading when windows came", &sql, params, |row| {
        Ok(WindowOver {
            tick: column::<Option<_>>(row, "tick")?.map(utc),
            is_refused: column(row, "refused")?,
            began: utc(column(row, "started_at")?),
            ended: utc(column(row, "ended")?),
        })
    })
}

/// Ticks that tell what a schedule is like: some weeks of one that rests at the weekend.
const TICKS: u32 = 200;

/// Windows that are looked through for one that failed. A look-back reaches over some hours.
const LOOKED_THROUGH: u32 = 30;

/// Where windows ended. One that ends in the future tells of a clock that was wrong then, and is not believed. The present
/// is that of the look, not that of the hop's begin: meanwhile later ticks may have come and gone.
pub(crate) fn ends(table: &ItemsTable, present: Time) -> Statement<Ends> {
    let sql = format!(
        "SELECT MAX(`chain_end`) AS `last`, MAX(IF(`state` = 'failed', `chain_end`, NULL)) AS `failed` \
         FROM (SELECT `chain_end`, `state` FROM `batch_runs` FORCE INDEX (`end_of_the_chain`) \
               WHERE `items_table` = :table AND `job` = :job AND `chain_end` <= CAST(:present AS DATETIME(3)) \
               ORDER BY `chain_end` DESC LIMIT {LOOKED_THROUGH}) r"
    );
    let params = params! { "table" => table.as_str(), "job" => table.job.as_str(), "present" => present.naive_utc() };
    Statement::one("looking for earlier runs", &sql, params, |row| {
        let end = |name| Ok::<_, StoreError>(column::<Option<NaiveDateTime>>(row, name)?.map(utc));
        Ok(Ends { last: end("last")?, failed: end("failed")? })
    })
}
