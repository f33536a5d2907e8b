//! What is looked at to say how things stand.

use std::cmp::Reverse;
use std::time::Duration;

use chrono::TimeDelta;
use mysql_async::Conn;

use crate::config::{ColumnName, ItemsTable, JobName, QualityBound, WorkConfig};
use crate::drift::Report;
use crate::run::{RunId, RunKind, RunState};
use crate::store::backlog::{self, Backlog};
use crate::store::earlier::WindowOver;
use crate::store::hold::{self, Attendance};
use crate::store::jobs::{self, JobState};
use crate::store::qualities::Qualities;
use crate::store::status::{self, StatusLine};
use crate::store::{StoreError, clock, earlier, measures, truths};
use crate::window::Time;

/// Runs that are looked through: idle ticks hide what happened before them.
const RUNS: u32 = 50;

/// What is to be expected of a table.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// How far windows reach back.
    pub lookback: Duration,
    /// At least how often a tick comes; `None`: as the schedule's history has it.
    pub tick_every: Option<Duration>,
    /// How long after a run its truth is waited for.
    pub truth_within: Duration,
    /// How good predictions have to be; `None`: no matter how good.
    pub quality_bound: Option<QualityBound>,
}

impl From<&WorkConfig> for Expected {
    fn from(work: &WorkConfig) -> Self {
        let &WorkConfig { lookback, tick_every, truth_within, quality_bound, .. } = work;
        Self { lookback, tick_every, truth_within, quality_bound }
    }
}

/// What the tables say.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The database's clock.
    pub now: Time,
    /// Whose runs they are.
    pub job: JobName,
    /// Whether ticks start it.
    pub job_state: JobState,
    /// The latest runs, and those that are not over, the latest first.
    pub runs: Vec<StatusLine>,
    /// Who is at work on each run that should be worked on.
    pub attendances: Vec<(RunId, Attendance)>,
    /// What the latest finished run saw that did something.
    pub seen: Option<(RunId, Report)>,
    /// What waits; `None`: not even what arrived of late was found in time.
    pub backlog: Option<Backlog>,
    /// Whether the whole table was looked through for it.
    pub is_whole: bool,
    /// Up to where windows are worked off for good.
    pub reach: Option<Time>,
    /// The latest times of the schedule, the latest first.
    pub ticks: Vec<Time>,
    /// The latest windows that are over, whoever opened them, the latest first.
    pub windows: Vec<WindowOver>,
    /// At least how often one comes, where that is known.
    pub tick_every: Option<TimeDelta>,
    /// What predictions came to, as far as their truth is known.
    pub qualities: Qualities,
    /// How good they have to be.
    pub quality_bound: Option<QualityBound>,
    /// The column in which the truth is to arrive, where the table has none of that name.
    pub missing_truth: Option<ColumnName>,
}

impl Facts {
    /// Looks at a table, in some short statements.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(conn: &mut Conn, table: &ItemsTable, expected: Expected) -> Result<Self, StoreError> {
        let now = clock::present().ask(conn).await?;
        let runs = runs(conn, table).await?;
        let at_work = runs.iter().filter(|run| is_opened(run) && run.state == RunState::Running);
        let at_work: Vec<RunId> = at_work.map(|run| run.id).collect();
        let of_runs = earlier::ends(table, now)
            .and(earlier::ticks(table))
            .and(earlier::windows(table))
            .and(hold::attendances(&at_work));
        let ((((ends, ticks), windows), attendances), job_state) =
            of_runs.and(jobs::state(&table.job)).ask(conn).await?;
        let seen = seen(conn, &runs).await?;
        let lookback = TimeDelta::from_std(expected.lookback).unwrap_or(TimeDelta::MAX);
        let reach = ends.last.and_then(|last| last.checked_sub_signed(lookback));
        let (backlog, is_whole) = match (backlog::whole(conn, table, reach).await?, reach) {
            (Some(backlog), _) => (Some(backlog), true),
            (None, Some(reach)) => (backlog::fresh(conn, table, reach).await?, false),
            (None, None) => (None, false),
        };
        let qualities = truths::known(conn, table, now - expected.truth_within).await?;
        let is_there = truths::is_there(table).ask(conn).await?;
        Ok(Self {
            now,
            job: table.job.clone(),
            job_state,
            runs,
            attendances,
            seen,
            backlog,
            is_whole,
            reach,
            ticks,
            windows,
            tick_every: expected.tick_every.and_then(|every| TimeDelta::from_std(every).ok()),
            qualities,
            quality_bound: expected.quality_bound,
            missing_truth: table.truth.clone().filter(|_| !is_there),
        })
    }

    /// Who is at work on a run, if it should be worked on.
    pub(super) fn attendance(&self, run: RunId) -> Option<Attendance> {
        self.attendances.iter().find(|(of, _)| *of == run).map(|(_, attendance)| *attendance)
    }
}

/// The runs that are looked through, the latest first.
async fn runs(conn: &mut Conn, table: &ItemsTable) -> Result<Vec<StatusLine>, StoreError> {
    let mut runs = status::recent(conn, table, RUNS).await?;
    if !runs.iter().any(|run| is_settled(run) && takes_what_waits(run)) {
        // However long ago that was, and whatever there was since.
        runs.extend(status::settled(conn, table).await?);
        runs.sort_unstable_by_key(|run| Reverse(run.id));
        runs.dedup_by_key(|run| run.id);
    }
    Ok(runs)
}

/// What the latest run saw that is over and did something.
async fn seen(conn: &mut Conn, runs: &[StatusLine]) -> Result<Option<(RunId, Report)>, StoreError> {
    let Some(run) = runs.iter().find(|run| did_something(run) && run.state.is_over()) else { return Ok(None) };
    let profile = measures::watched(run.id).ask(conn).await?.profile;
    Ok(profile.and_then(|profile| Some((run.id, serde_json::from_str(&profile).ok()?))))
}

/// Whether it is a run that was opened, and no canary.
pub(super) fn is_opened(run: &StatusLine) -> bool {
    run.kind != RunKind::Canary && !run.is_refused
}

/// Whether a run had items to work off: no canary, no idle tick, and none that was never opened.
pub(super) fn did_something(run: &StatusLine) -> bool {
    is_opened(run) && (run.total != Some(0) || run.done > 0)
}

/// Whether a run is over items that have no prediction yet.
pub(super) fn takes_what_waits(run: &StatusLine) -> bool {
    matches!(run.kind, RunKind::Window | RunKind::Sweep)
}

/// Whether a run only tried what another would do.
pub(super) fn is_tried(run: &StatusLine) -> bool {
    run.backfill.is_some_and(|backfill| backfill.dry_run)
}

/// Whether a run is over after which things are otherwise than before.
pub(super) fn is_settled(run: &StatusLine) -> bool {
    run.state.is_over() && did_something(run) && !is_tried(run)
}
