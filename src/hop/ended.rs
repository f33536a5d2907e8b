//! What others are told of a run that ended, and how many were.

use serde::Serialize;

use crate::config::{ItemsTable, JobName};
use crate::run::{Mode, RunId, RunKind, RunState};
use crate::store::status::StatusLine;
use crate::window::Time;

/// The version of what is told. A later one has more fields, or others; new fields alone make no new version.
const VERSION: u32 = 1;

/// A run that ended, as others are told of it. docs/EVENTS.md says what each field is.
#[derive(Clone, Debug, Serialize)]
pub struct Ended {
    /// The version of these fields.
    pub version: u32,
    /// The same however often it is told: job, run and attempt. No other end in the database has it.
    pub id: String,
    /// The database.
    pub database: String,
    /// What was scored.
    pub table: String,
    /// Where the predictions are, if they are not in the table; `None` also where the job has left the table since.
    pub score_table: Option<String>,
    /// The job.
    pub job: JobName,
    /// The run.
    pub run_id: RunId,
    /// Which attempt ended; one that failed as a whole is tried again.
    pub attempt: u32,
    /// Window, sweep or backfill.
    pub kind: RunKind,
    /// Whether nothing was written, for it was a backfill that only compares.
    #[serde(rename = "dry_run", serialize_with = "Mode::as_dry_run")]
    pub mode: Mode,
    /// How it ended.
    pub state: RunState,
    /// Why, if not well: a thousand characters at most.
    pub why: Option<String>,
    /// The schedule's time; `None`: opened by hand, or instead of another.
    pub tick: Option<Time>,
    /// Where its window begins; `None`: with the first item.
    pub window_from: Option<Time>,
    /// Where its window ends.
    pub window_to: Time,
    /// The version of the model that scored.
    pub model_version: String,
    /// Items that it had to do with: those of the next three together.
    pub items: u64,
    /// Of these, how many were predicted.
    pub predicted: u64,
    /// How many were set aside.
    pub failed: u64,
    /// How many are left.
    pub pending: u64,
    /// Of those that are left, how many others had locked.
    pub skipped: u64,
    /// When it was opened.
    pub started_at: Time,
    /// When it ended.
    pub finished_at: Option<Time>,
    /// Seconds from its deadline to its end; negative: it was early. `None`: it had no deadline.
    pub lateness_seconds: Option<i64>,
}

/// What a hop told others, by all ways together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often it told somebody.
    pub told: u32,
    /// How often it could not. A later hop tries again.
    pub failed: u32,
    /// Runs that were over for so long that nobody is told any more.
    pub given_up: u32,
}

impl Ended {
    /// A run over `table` of `database`, as its line has it.
    pub(super) fn new(database: &str, table: &ItemsTable, line: StatusLine) -> Self {
        // What could not be opened is one run, however often it was tried: it is told the first time.
        let attempt = if line.is_refused { 1 } else { line.attempt };
        let predicted = line.done.saturating_sub(line.failed);
        let pending = line.pending.unwrap_or(0);
        Self {
            version: VERSION,
            id: format!("{}/{}/{attempt}", table.job, line.id),
            database: database.to_owned(),
            table: table.as_str().to_owned(),
            score_table: table.target.scores().map(|scores| scores.name.as_str().to_owned()),
            job: table.job.clone(),
            run_id: line.id,
            attempt,
            kind: line.kind,
            mode: line.backfill.filter(|backfill| backfill.dry_run).map_or(Mode::Write, |_| Mode::DryRun),
            state: line.state,
            why: line.last_error,
            tick: line.tick,
            window_from: line.window.from,
            window_to: line.window.to,
            model_version: line.model_version,
            items: predicted + line.failed + pending,
            predicted,
            failed: line.failed,
            pending,
            skipped: line.skipped,
            started_at: line.started_at,
            finished_at: line.finished_at,
            lateness_seconds: line.spare_seconds.map(|spare| -spare),
        }
    }
}
