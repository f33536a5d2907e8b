//! All SQL of `batch_runs`. What is asked before one is opened is in `earlier`, that of the view over it in `status`.

use chrono::NaiveDateTime;
use mysql_async::{Params, Row, params};

use super::StoreError;
use super::places::joined;
use super::row::{column, name};
use super::statement::Statement;
use super::tellings;
use crate::config::ItemsTable;
use crate::model::ShownVersion;
use crate::run::{Changes, Channels, Counts, FailurePolicy, Mode, Pass, RunId, RunKind, RunState};
use crate::window::{Time, Window};

/// A run as it was opened, and its state when it was read.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// Window, sweep, backfill or canary.
    pub kind: RunKind,
    /// What becomes of its scores.
    pub mode: Mode,
    /// The schedule's time; `None`: opened by hand.
    pub tick: Option<Time>,
    /// The span it is answerable for.
    pub window: Window,
    /// Whether the next window may begin where this one ends.
    pub chained: bool,
    /// What becomes of items that cannot be scored.
    pub policy: FailurePolicy,
    /// The version of the model that it was opened with, whose scores it writes.
    pub model: ShownVersion,
    /// How far it has come.
    pub state: RunState,
    /// Which pass over its window it is in.
    pub pass: Pass,
    /// Attempts at the whole window, this one included.
    pub attempt: u32,
    /// Pending items when it was opened, or settled when it finished; `None`: not counted.
    pub items: Option<u64>,
    /// When its predictions are due.
    pub deadline: Option<Time>,
    /// Seconds from its end, or from when it was read, to its deadline; negative: too late.
    pub spare_seconds: Option<i64>,
    /// Whether it waits, as far as was noted.
    pub waits: bool,
}

impl Run {
    /// Whether it writes what it has checked as a whole. No brake ends it then: it would fail with some of its predictions
    /// visible, and be tried again. It comes to its end all the same, since every hop makes progress.
    pub(crate) fn writes_one_piece(&self) -> bool {
        self.policy == FailurePolicy::RetryAll && self.pass == Pass::Write
    }
}

pub(super) const COLUMNS: &str = "`id`, `kind`, `mode`, `tick`, `window_from`, `window_to`, `chained`, `policy`, \
                       `model_version`, `state`, `pass`, `attempt`, `items`, \
                       `deadline`, `waiting_since` IS NOT NULL AS `waits`, \
                       TIMESTAMPDIFF(SECOND, COALESCE(`finished_at`, UTC_TIMESTAMP()), `deadline`) AS `spare_seconds`";

/// Named, since the order of the ids alone would lead through the runs of all other tables.
pub(super) const OF_A_TABLE: &str = "FORCE INDEX (`runs_of_a_table`)";

pub(super) fn utc(time: NaiveDateTime) -> Time {
    time.and_utc()
}

pub(super) fn run(row: &Row) -> Result<Run, StoreError> {
    Ok(Run {
        id: RunId(column(row, "id")?),
        kind: name(row, "kind")?,
        mode: name(row, "mode")?,
        tick: column::<Option<_>>(row, "tick")?.map(utc),
        window: Window { from: column::<Option<_>>(row, "window_from")?.map(utc), to: utc(column(row, "window_to")?) },
        chained: column(row, "chained")?,
        policy: name(row, "policy")?,
        model: ShownVersion::new(column(row, "model_version")?),
        state: name(row, "state")?,
        pass: name(row, "pass")?,
        attempt: column(row, "attempt")?,
        items: column(row, "items")?,
        deadline: column::<Option<_>>(row, "deadline")?.map(utc),
        spare_seconds: column(row, "spare_seconds")?,
        waits: column(row, "waits")?,
    })
}

/// The run numbered `id`, if it is one over `table`.
pub fn find(table: &ItemsTable, id: RunId) -> Statement<Option<Run>> {
    let sql =
        format!("SELECT {COLUMNS} FROM `batch_runs` WHERE `id` = :id AND `items_table` = :table AND `job` = :job");
    let params = params! { "id" => id.0, "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::first("reading a run", &sql, params, run)
}

/// The latest run over `table`.
pub fn latest(table: &ItemsTable) -> Statement<Option<Run>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM `batch_runs` {OF_A_TABLE} \
         WHERE `items_table` = :table AND `job` = :job AND `kind` <> 'canary' ORDER BY `id` DESC LIMIT 1"
    );
    Statement::first(
        "reading the last run",
        &sql,
        params! { "table" => table.as_str(), "job" => table.job.as_str() },
        run,
    )
}

/// How often runs over the same window as `run` were replaced, one by the next, without having done anything.
pub fn idle_takeovers(table: &ItemsTable, run: &Run) -> Statement<u64> {
    let sql = "SELECT COUNT(*) AS `takeovers` FROM `batch_runs` \
               WHERE `id` < :id AND `id` >= :oldest AND `items_table` = :table AND `job` = :job AND `kind` = :kind \
                 AND `window_from` <=> CAST(:from AS DATETIME) AND `window_to` = :to AND `state` = 'cancelled' \
                 AND `last_error` IS NOT NULL AND `predicted` = 0 AND (`policy` = 'retry_all' OR `failed` = 0)";
    let params = params! {
        "id" => run.id.0, "oldest" => run.id.0.saturating_sub(TAKEOVERS_LOOKED_AT), "table" => table.as_str(),
        "job" => table.job.as_str(),
        "kind" => run.kind.name(), "from" => run.window.from.map(|from| from.naive_utc()),
        "to" => run.window.to.naive_utc(),
    };
    Statement::one("counting takeovers", sql, params, |row| column(row, "takeovers"))
}

/// Runs that are looked through for those that replaced each other: they come one after the other.
const TAKEOVERS_LOOKED_AT: u64 = 1000;

/// A run to be opened.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Window, sweep, backfill or canary.
    pub kind: RunKind,
    /// What becomes of its scores.
    pub mode: Mode,
    /// The schedule's time.
    pub tick: Option<Time>,
    /// The span it is answerable for.
    pub window: Window,
    /// Whether the next window may begin where this one ends.
    pub chained: bool,
    /// What becomes of items that cannot be scored.
    pub policy: FailurePolicy,
    /// The version of the model whose scores it writes.
    pub model: ShownVersion,
    /// Lanes of one worker.
    pub lanes: u16,
    /// Workers.
    pub workers: u16,
    /// Pending items, if they were counted.
    pub items: Option<u64>,
    /// When it is opened.
    pub now: Time,
    /// When its predictions are due.
    pub deadline: Option<Time>,
    /// By which ways its end is to be told.
    pub tells: Channels,
}

/// The pass that a run begins with.
fn first_pass(policy: FailurePolicy) -> Pass {
    match policy {
        FailurePolicy::RetryAll => Pass::Check,
        FailurePolicy::RetryFailed | FailurePolicy::Leave => Pass::Write,
    }
}

/// Opens a run over `table`, in state `running`. Fails with a duplicate key when the kind has an unfinished
/// run or the tick has a run.
pub fn insert(table: &ItemsTable, new: &NewRun) -> Statement<()> {
    let (column, value) = if new.tells.is_empty() { ("", "") } else { (", `to_tell`", ", :tells") };
    let sql = format!(
        "INSERT INTO `batch_runs` (`items_table`, `job`, `kind`, `mode`, `tick`, `window_from`, `window_to`, `chained`, \
           `policy`, `model_version`, `lanes`, `workers`, `state`, `pass`, `items`, `started_at`, `attempted_at`, `deadline`{column}) \
         VALUES (:table, :job, :kind, :mode, :tick, :from, :to, :chained, \
           :policy, :model, :lanes, :workers, 'running', :pass, :items, :now, :now, :deadline{value})"
    );
    let naive = |time: Time| time.naive_utc();
    let params = params! {
        "table" => table.as_str(), "job" => table.job.as_str(), "kind" => new.kind.name(), "mode" => new.mode.name(),
        "tick" => new.tick.map(naive),
        "from" => new.window.from.map(naive), "to" => naive(new.window.to), "chained" => new.chained,
        "policy" => new.policy.name(), "model" => new.model.as_str(), "lanes" => new.lanes, "workers" => new.workers,
        "pass" => first_pass(new.policy).name(), "items" => new.items, "now" => naive(new.now),
        "deadline" => new.deadline.map(naive), "tells" => tellings::text(new.tells),
    };
    Statement::change("opening a run", &sql, params)
}

/// The run that this connection opened last.
pub fn opened() -> Statement<Run> {
    let sql = format!("SELECT {COLUMNS} FROM `batch_runs` WHERE `id` = LAST_INSERT_ID()");
    Statement::one("reading the new run", &sql, Params::Empty, run)
}

/// Locks the run's row and reads its state, so that of two who would end it one does.
pub fn lock(id: RunId) -> Statement<Option<RunState>> {
    let sql = "SELECT `state` FROM `batch_runs` WHERE `id` = :id FOR UPDATE";
    Statement::first("locking a run", sql, params! { "id" => id.0 }, |row| name(row, "state"))
}

/// Ends a run that [`lock`] holds: its state and its counts are settled. What went wrong on the way to a
/// good end is forgotten.
pub fn finish(id: RunId, state: RunState, counts: Counts, error: Option<&str>) -> Statement<()> {
    let last_error = match state {
        RunState::Succeeded | RunState::SucceededWithFailures => "NULL",
        _ => "COALESCE(LEFT(:error, 1000), `last_error`)",
    };
    let sql = format!(
        "UPDATE `batch_runs` SET `state` = :state, `items` = :items, `predicted` = :predicted, \
           `failed` = :failed, `pending` = :pending, `finished_at` = UTC_TIMESTAMP(3), \
           `waiting_for` = NULL, `waiting_since` = NULL, `waiting_until` = NULL, `last_error` = {last_error} WHERE `id` = :id"
    );
    let params = params! {
        "state" => state.name(), "items" => counts.predicted + counts.failed + counts.pending,
        "predicted" => counts.predicted, "failed" => counts.failed, "pending" => counts.pending,
        "error" => error, "id" => id.0,
    };
    Statement::change("finishing a run", &sql, params)
}

/// Settles how many items were skipped, on a row that [`lock`] holds, and since when they have been pending;
/// `None`: since ever.
pub fn leave_skipped(id: RunId, skipped: u64, since: Option<Time>) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `skipped` = :skipped, `pending_since` = COALESCE(:since, '1000-01-01') WHERE `id` = :id";
    let params = params! { "skipped" => skipped, "since" => since.map(|time| time.naive_utc()), "id" => id.0 };
    Statement::change("settling what was skipped", sql, params)
}

/// Settles what a backfill changes, on a row that [`lock`] holds.
pub fn settle_changes(id: RunId, changes: Changes) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `compared` = :compared, `changed_class` = :changed_class, \
               `absolute_change` = :absolute_change WHERE `id` = :id";
    let Changes { compared, changed_class, absolute_change } = changes;
    let params = params! {
        "compared" => compared, "changed_class" => changed_class, "absolute_change" => absolute_change, "id" => id.0,
    };
    Statement::change("settling what a backfill changes", sql, params)
}

/// Goes from the first pass to the second, on a row that [`lock`] holds.
pub fn begin_writing(id: RunId) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `pass` = 'write' WHERE `id` = :id";
    Statement::change("beginning to write", sql, params! { "id" => id.0 })
}

/// Begins another attempt at a failed run, on a row that [`lock`] holds. Fails with a duplicate key when
/// the kind has an unfinished run.
pub fn try_again(id: RunId, items: Option<u64>, now: Time, tells: Channels) -> Statement<()> {
    let telling = if tells.is_empty() { "" } else { ", `to_tell` = :tells" };
    let sql = format!(
        "UPDATE `batch_runs` SET `state` = 'running', `pass` = 'check', `attempt` = `attempt` + 1, \
           `attempted_at` = :now, `items` = :items, `predicted` = NULL, `failed` = NULL, `pending` = NULL, \
           `finished_at` = NULL, `last_error` = NULL{telling} WHERE `id` = :id"
    );
    let params = params! { "now" => now.naive_utc(), "items" => items, "id" => id.0, "tells" => tellings::text(tells) };
    Statement::change("trying a run again", &sql, params)
}

/// Whether any table's run is at work: the database is needed.
pub fn is_any_running() -> Statement<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM `batch_runs` WHERE `unfinished` = 1 AND `state` = 'running') AS `any`";
    Statement::one("looking for runs at work", sql, Params::Empty, |row| column(row, "any"))
}

/// Pauses a run or lets it go on, on a row that [`lock`] holds.
pub fn set_state(id: RunId, state: RunState) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `state` = :state WHERE `id` = :id";
    Statement::change("changing a run's state", sql, params! { "state" => state.name(), "id" => id.0 })
}

/// Notes on the run's row why a hop failed.
pub fn note_error(id: RunId, error: &str) -> Statement<()> {
    let sql = "UPDATE `batch_runs` SET `last_error` = LEFT(:error, 1000) WHERE `id` = :id";
    Statement::change("noting a run's error", sql, params! { "error" => error, "id" => id.0 })
}

/// What a run's row says beyond its line in `batch_status`.
#[derive(Clone, Debug)]
pub struct Record {
    /// The schedule's time; `None`: opened by hand.
    pub tick: Option<Time>,
    /// What becomes of items that cannot be scored.
    pub policy: FailurePolicy,
    /// Which pass over its window it is in.
    pub pass: Pass,
    /// Attempts at the whole window, this one included.
    pub attempt: u32,
    /// When its predictions are due.
    pub deadline: Option<Time>,
    /// Items predicted, set aside and still pending; `None`: not settled yet.
    pub settled: Option<(u64, u64, u64)>,
}

/// The record of the run numbered `id`, if it is one over `table`.
pub fn record(table: &ItemsTable, id: RunId) -> Statement<Option<Record>> {
    let sql = "SELECT `tick`, `policy`, `pass`, `attempt`, `deadline`, `predicted`, `failed`, `pending` FROM `batch_runs` \
               WHERE `id` = :id AND `items_table` = :table AND `job` = :job";
    let params = params! { "id" => id.0, "table" => table.as_str(), "job" => table.job.as_str() };
    Statement::first("reading a run's record", sql, params, recorded)
}

fn recorded(row: &Row) -> Result<Record, StoreError> {
    let count = |name| column::<Option<u64>>(row, name);
    let settled = match (count("predicted")?, count("failed")?, count("pending")?) {
        (Some(predicted), Some(failed), Some(pending)) => Some((predicted, failed, pending)),
        _ => None,
    };
    Ok(Record {
        tick: column::<Option<_>>(row, "tick")?.map(utc),
        policy: name(row, "policy")?,
        pass: name(row, "pass")?,
        attempt: column(row, "attempt")?,
        deadline: column::<Option<_>>(row, "deadline")?.map(utc),
        settled,
    })
}

/// Those of `runs` that are of a version of a model.
pub fn of_model(runs: &[RunId], version: &ShownVersion) -> Statement<Vec<RunId>> {
    if runs.is_empty() {
        return Statement::none();
    }
    let sql =
        format!("SELECT `id` FROM `batch_runs` WHERE `id` IN ({}) AND `model_version` = :model", joined(runs, ","));
    let params = params! { "model" => version.as_str() };
    Statement::all("looking for the runs of a model", &sql, params, |row| column(row, "id").map(RunId))
}

/// The version of the model that the run numbered `id` scored with.
pub fn model_version(id: RunId) -> Statement<Option<String>> {
    let sql = "SELECT `model_version` FROM `batch_runs` WHERE `id` = :id";
    Statement::first("reading a run's model version", sql, params! { "id" => id.0 }, |row| column(row, "model_version"))
}
