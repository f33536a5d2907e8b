//! What is looked at to say how things stand.

use std::time::Duration;

use chrono::TimeDelta;
use mysql_async::Conn;

use crate::config::{ItemsTable, QualityBound, WorkConfig};
use crate::drift::Report;
use crate::run::{RunId, RunKind, RunState};
use crate::store::backlog::{self, Backlog};
use crate::store::hold::{self, Attendance};
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
    /// The latest runs, the latest first.
    pub runs: Vec<StatusLine>,
    /// Who is at work on the run that should be worked on.
    pub attendance: Option<Attendance>,
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
    /// At least how often one comes, where that is known.
    pub tick_every: Option<TimeDelta>,
    /// What predictions came to, as far as their truth is known.
    pub qualities: Qualities,
    /// How good they have to be.
    pub quality_bound: Option<QualityBound>,
}

impl Facts {
    /// Looks at a table, in some short statements.
    pub async fn read(conn: &mut Conn, table: &ItemsTable, expected: Expected) -> Result<Self, StoreError> {
        let now = clock::present().ask(conn).await?;
        let mut runs = status::latest(conn, table, None, RUNS).await?;
        if !runs.iter().any(did_something) {
            // However long ago that was.
            runs.extend(status::worked(conn, table, 1).await?);
        }
        let (ends, ticks) = earlier::ends(table, now).and(earlier::ticks(table)).ask(conn).await?;
        let attendance = match runs.iter().find(|run| run.state == RunState::Running) {
            Some(run) => Some(hold::attendance(run.id).ask(conn).await?),
            None => None,
        };
        let seen = match runs.iter().find(|run| did_something(run) && run.state.is_over()) {
            Some(run) => measures::watched(run.id).ask(conn).await?.profile.map(|profile| (run.id, profile)),
            None => None,
        };
        let seen = seen.and_then(|(run, profile)| Some((run, serde_json::from_str(&profile).ok()?)));
        let lookback = TimeDelta::from_std(expected.lookback).unwrap_or(TimeDelta::MAX);
        let reach = ends.last.and_then(|last| last.checked_sub_signed(lookback));
        let (backlog, is_whole) = match (backlog::whole(conn, table, reach).await?, reach) {
            (Some(backlog), _) => (Some(backlog), true),
            (None, Some(reach)) => (backlog::fresh(conn, table, reach).await?, false),
            (None, None) => (None, false),
        };
        let tick_every = expected.tick_every.and_then(|every| TimeDelta::from_std(every).ok());
        let qualities = truths::known(conn, table, now - expected.truth_within).await?;
        let quality_bound = expected.quality_bound;
        Ok(Self { now, runs, attendance, seen, backlog, is_whole, reach, ticks, tick_every, qualities, quality_bound })
    }
}

/// Whether a run had items to work off: no canary, no idle tick, and none that was never opened.
pub(super) fn did_something(run: &StatusLine) -> bool {
    run.kind != RunKind::Canary && !run.is_refused && (run.total != Some(0) || run.done > 0)
}
