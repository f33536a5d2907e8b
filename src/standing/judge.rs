//! From what the tables say to how things stand.

use super::attended::attended;
use super::facts::{Facts, did_something, is_opened, is_settled, is_tried, takes_what_waits};
use super::mood::Mood;
use super::silence::{left_waiting, silence};
use super::trouble::{Lateness, Trouble};
use crate::config::TELLING_ITEMS;
use crate::run::{RunKind, RunState};
use crate::store::jobs::JobState;
use crate::store::status::StatusLine;
use crate::words;

/// A share of items set aside that is many, in percent.
const MANY_PERCENT: u64 = 10;

/// How things stand.
#[derive(Clone, Debug)]
pub struct Standing {
    /// What it asks of its reader: the worst of its troubles, or else whether something is at work.
    pub mood: Mood,
    /// What is wrong, the worst first.
    pub troubles: Vec<Trouble>,
    /// The run at work, or else the latest that did something, or else the latest.
    pub current: Option<StatusLine>,
    /// What it was judged by.
    pub facts: Facts,
}

impl Standing {
    /// Judges.
    pub fn of(facts: Facts) -> Self {
        let current = current(&facts.runs).cloned();
        let mut troubles = match facts.job_state {
            JobState::Removed => of_removed(&facts),
            JobState::Active | JobState::Paused => of_described(&facts),
        };
        // Stable: of equal ones the first stays the first.
        troubles.sort_by_key(|trouble| std::cmp::Reverse(trouble.mood()));
        let is_busy = facts.runs.iter().any(|run| run.state == RunState::Running);
        let least = if is_busy { Mood::Busy } else { Mood::Calm };
        let mood = troubles.iter().map(Trouble::mood).max().unwrap_or(least);
        Self { mood, troubles, current, facts }
    }
}

/// What is the matter with a job that is one.
fn of_described(facts: &Facts) -> Vec<Trouble> {
    [silence(facts), paused(facts), canary(facts), refused(facts)]
        .into_iter()
        .chain(judged(facts).into_iter().flat_map(|run| of_run(run, facts)))
        .chain([waiting(facts), left_waiting(facts), drifted(facts), missed(facts), unjudged(facts)])
        .flatten()
        .collect()
}

/// What is the matter with a job that is none any more: nobody misses its ticks, and nobody scores what waits.
fn of_removed(facts: &Facts) -> Vec<Trouble> {
    let left = facts.runs.iter().filter(|run| is_opened(run) && !run.state.is_over());
    let removed = Trouble::JobRemoved { job: facts.job.clone() };
    [removed].into_iter().chain(left.flat_map(|run| of_run(run, facts)).flatten()).collect()
}

impl Standing {
    /// What to do about one of its troubles, in one sentence or two. What is paused goes on only when it is resumed.
    pub fn remedy(&self, trouble: &Trouble) -> String {
        let Facts { job, job_state, .. } = &self.facts;
        match (job_state, trouble) {
            (JobState::Removed, Trouble::Unattended { run, .. } | Trouble::Paused { run, .. }) => {
                format!("`rowscore cancel {run}` ends it.")
            }
            (JobState::Paused, trouble) if trouble.wants_a_run() => {
                format!("{} But `rowscore resume {job}` comes first.", trouble.remedy())
            }
            (_, trouble) => trouble.remedy(),
        }
    }

    /// What waits, in one sentence.
    pub fn waiting(&self) -> String {
        let Some(backlog) = self.facts.backlog else {
            return "The table is too large to look in time for what waits.".into();
        };
        let least = if backlog.more { "At least " } else { "" };
        let oldest = backlog
            .oldest
            .map_or_else(String::new, |oldest| format!("; the oldest arrived {}", words::ago(oldest, self.facts.now)));
        match (backlog.items, self.facts.is_whole) {
            (0, true) => "Nothing waits.".into(),
            (0, false) => {
                "Nothing waits of what arrived of late; the table is too large to look through in time.".into()
            }
            (1, _) => format!("1 item waits{oldest}."),
            (items, _) => format!("{least}{} wait{oldest}.", words::items(items)),
        }
    }
}

fn current(runs: &[StatusLine]) -> Option<&StatusLine> {
    let opened = || runs.iter().filter(|run| is_opened(run));
    opened()
        .find(|run| !run.state.is_over())
        .or_else(|| opened().find(|run| did_something(run) && !is_tried(run)))
        .or_else(|| opened().next())
}

/// The runs that tell how things stand, the latest first of each sort: those that are not over; the latest that is, and
/// what became of it; and the latest that took what waits, for a backfill mends no window that failed before it.
fn judged(facts: &Facts) -> Vec<&StatusLine> {
    let mut judged: Vec<&StatusLine> = facts.runs.iter().filter(|run| is_opened(run) && !run.state.is_over()).collect();
    // What was left by one that was cancelled, a later one of its kind takes.
    let is_taken_over = |run: &StatusLine| judged.iter().any(|later| later.kind == run.kind && later.id > run.id);
    let over: Vec<&StatusLine> = facts
        .runs
        .iter()
        .filter(|run| is_settled(run) && !(run.state == RunState::Cancelled && is_taken_over(run)))
        .collect();
    let last = over.first().copied();
    let took = over.into_iter().find(|run| takes_what_waits(run));
    let is_another = |run: &&StatusLine| last.is_none_or(|last| last.id != run.id);
    judged.extend(last.into_iter().chain(took.filter(is_another)));
    judged
}

/// That ticks pass the job by.
fn paused(facts: &Facts) -> Option<Trouble> {
    (facts.job_state == JobState::Paused).then(|| Trouble::JobPaused { job: facts.job.clone() })
}

fn reason(run: &StatusLine) -> String {
    run.last_error.clone().unwrap_or_else(|| "without a reason".into())
}

fn canary(facts: &Facts) -> Option<Trouble> {
    let latest = facts.runs.iter().find(|run| run.kind == RunKind::Canary)?;
    (latest.state == RunState::Failed).then(|| Trouble::CanaryFailed { run: latest.id, reason: reason(latest) })
}

/// The latest run, if it could not be opened.
fn refused(facts: &Facts) -> Option<Trouble> {
    let latest = facts.runs.iter().find(|run| run.kind != RunKind::Canary)?;
    latest.is_refused.then(|| Trouble::Refused {
        run: latest.id,
        kind: latest.kind,
        times: latest.attempt,
        since: latest.started_at,
        reason: reason(latest),
    })
}

fn of_run(run: &StatusLine, facts: &Facts) -> Vec<Option<Trouble>> {
    let state = match run.state {
        RunState::Running => facts.attendance(run.id).and_then(|attendance| attended(run, attendance, facts.now)),
        RunState::Paused => {
            let with = (facts.job_state == JobState::Paused).then(|| facts.job.clone());
            Some(Trouble::Paused { run: run.id, with })
        }
        RunState::Failed => Some(Trouble::Failed { run: run.id, kind: run.kind, reason: reason(run) }),
        RunState::Cancelled => Some(Trouble::Cancelled { run: run.id, reason: run.last_error.clone() }),
        RunState::Succeeded | RunState::SucceededWithFailures => None,
    };
    let late = run.spare_seconds.filter(|spare| *spare < 0).map(|spare| Trouble::Late {
        run: run.id,
        seconds: spare.unsigned_abs(),
        lateness: match run.eta_seconds {
            _ if run.state.is_over() => Lateness::Was,
            Some(_) => Lateness::WillBe,
            None => Lateness::Is,
        },
    });
    let (items, of) = (run.failed, run.done);
    let many = of >= TELLING_ITEMS && items * 100 >= of * MANY_PERCENT;
    vec![state, late, many.then_some(Trouble::ManySetAside { run: run.id, items, of })]
}

/// What no run will take. While one of those that take what waits is at work, it may.
fn waiting(facts: &Facts) -> Option<Trouble> {
    let backlog = facts.backlog?;
    let is_at_work = facts.runs.iter().any(|run| run.state == RunState::Running && takes_what_waits(run));
    if is_at_work || backlog.items == 0 {
        return None;
    }
    if !facts.runs.iter().any(is_opened) {
        return Some(Trouble::NeverRun);
    }
    (facts.reach.is_some() && backlog.unreached > 0).then_some(Trouble::Unreached { items: backlog.unreached })
}

fn drifted(facts: &Facts) -> Option<Trouble> {
    let (run, report) = facts.seen.as_ref()?;
    let ratios = report.ratios();
    let feature = report.worst().map(|worst| worst.feature.clone());
    let by_feature = ratios.features.filter(|ratio| *ratio >= 1.0).map(|ratio| (ratio, feature));
    let (ratio, feature) =
        by_feature.or_else(|| ratios.classes.filter(|ratio| *ratio >= 1.0).map(|ratio| (ratio, None)))?;
    Some(Trouble::Drifted { run: *run, ratio, feature })
}

/// Whether predictions of the model that scores are worse than they may be. It is that of the latest run.
fn missed(facts: &Facts) -> Option<Trouble> {
    let (bound, latest) = (facts.quality_bound?, current(&facts.runs)?);
    let (model, figure) = (latest.model_version.clone(), facts.qualities.figure(&latest.model_version, bound)?);
    bound.is_missed_by(figure).then_some(Trouble::QualityMissed { model, bound, figure })
}

/// That no truth is ever found.
fn unjudged(facts: &Facts) -> Option<Trouble> {
    facts.missing_truth.as_ref().map(|column| Trouble::TruthMissing { column: column.as_str().to_owned() })
}
