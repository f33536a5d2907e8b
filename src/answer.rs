//! What every invocation answers: one JSON object.

use std::time::Duration;

use serde::Serialize;

use crate::config::JobName;
use crate::drift::Ratios;
use crate::event::Continuation;
use crate::run::{Backfill, Counts, RunId, RunKind, RunState, named};
use crate::window::Time;

named! {
    /// How a hop ended.
    pub enum Outcome {
        /// The run's last lane is done, and this hop finished the run.
        Finished = "finished",
        /// This worker's lanes are done; other workers of the run are still at theirs.
        LanesFinished = "lanes_finished",
        /// Time was up before the lanes were done; the continuation goes on with them.
        Continued = "continued",
        /// The window holds no pending item, or the tick's run is over already.
        NothingToDo = "nothing_to_do",
        /// Another invocation holds the lanes.
        AlreadyRunning = "already_running",
        /// The message is older than the state of its lanes, or another invocation took them over.
        Stale = "stale",
        /// The run is paused, or was stopped, by an operator or by a brake.
        Stopped = "stopped",
        /// The database is being started; a message waits on for it.
        Waking = "waking",
        /// The database is in trouble, or is to be left alone for a while; a later message looks again.
        Waiting = "waiting",
        /// A message was not understood; it goes back to the queue and from there to its dead letters.
        Refused = "refused",
        /// A message's hop failed; it goes back to the queue.
        Failed = "failed",
        /// There are several jobs to do: a message for each was sent to the queue.
        Sent = "sent",
        /// There were several jobs to do, one after the other: each has an outcome of its own.
        Each = "each",
        /// Nothing was asked for but the state.
        Status = "status",
        /// Everything was tried out: the checkup says how each step went.
        Examined = "examined",
    }
}

// Serde asks with a reference.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The answer of one invocation. The counts are the run's; time and rate are this hop's.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The job whose work it was, if it is another than `default`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobName>,
    /// The run that was worked on, if one was.
    pub run_id: Option<RunId>,
    /// How the hop ended.
    pub outcome: Outcome,
    /// The run's state afterwards.
    pub state: Option<RunState>,
    /// The run's counts afterwards.
    #[serde(flatten)]
    pub counts: Counts,
    /// Items that others had locked whenever they were looked at; they are pending. Absent where there are none.
    #[serde(skip_serializing_if = "is_zero")]
    pub skipped: u64,
    /// What the run changes, if it is a backfill.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backfill: Option<Backfill>,
    /// Seconds from the run's end, or from now, to its deadline; negative: too late. Absent without
    /// a deadline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spare_seconds: Option<i64>,
    /// The same to the finish that is forecast from the run's rate; negative: it will be late. Absent
    /// without a deadline, a rate or a known number of items, and when the run is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast_spare_seconds: Option<i64>,
    /// Age of the oldest item of the run's window that is still pending, in seconds; 0: none is.
    /// Absent where it was not looked for: at a run's begin and end and for its status, it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_pending_seconds: Option<u64>,
    /// How far the items of a finished run are from the training rows: the worst feature's population
    /// stability index in units of its threshold, from 1 on it is drift. Absent where it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_ratio: Option<f64>,
    /// The same for the predicted classes, against those of earlier runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_drift_ratio: Option<f64>,
    /// Whether predictions, as far as their truth is known, are worse than `QUALITY_BOUND`. Absent where there is no
    /// bound, or too little truth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_quality_missed: Option<bool>,
    /// This hop's wall time, in milliseconds.
    pub elapsed_ms: u64,
    /// Items that this hop predicted or set aside, per second of its wall time.
    pub rows_per_second: u64,
    /// One per worker that goes on: what was sent, or would be with a queue. Empty when all is done.
    pub continuations: Vec<Continuation>,
    /// What this hop did of each run that it had to do with, in order: one that it took up may come first. Absent
    /// where it only looked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<Part>,
    /// Where there were several jobs to do: what became of each. The counts are their sums then.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<OfJob>,
    /// What the run waits for, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<Waiting>,
    /// The run's kind. For metrics.
    #[serde(skip)]
    pub kind: Option<RunKind>,
    /// Whether the table lacks the column in which the truth is to arrive. For metrics.
    #[serde(skip)]
    pub is_truth_missing: bool,
    /// What this hop alone did, of all runs. For metrics.
    #[serde(skip)]
    pub hop: HopWork,
}

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// In words.
    #[serde(rename = "for")]
    pub why: String,
    /// Since when.
    pub since: Time,
    /// When is looked again.
    pub next_look: Time,
}

/// What became of one job of several.
#[derive(Clone, Debug, Serialize)]
pub struct OfJob {
    /// Its name.
    pub job: JobName,
    /// Why its hop failed; absent if it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its hop's answer; absent where a message was sent to the queue instead, or it failed.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// What one hop did of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Part {
    /// The run.
    pub run_id: RunId,
    /// Whether it came first, and the run that was asked for after it.
    pub taken_up: bool,
    /// The run's state afterwards.
    pub state: RunState,
    /// The hop's work on it.
    #[serde(flatten)]
    pub work: HopWork,
    /// What the run saw, if the hop finished it. For metrics.
    #[serde(skip)]
    pub drift: Ratios,
}

/// What one hop did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HopWork {
    /// Items that it predicted.
    pub predicted: u64,
    /// Items that it set aside.
    pub failed: u64,
    /// Pages that it committed.
    pub pages: u64,
    /// The longest of them, from reading to commit.
    #[serde(skip)]
    pub longest_page: Duration,
}

impl HopWork {
    /// Together with `other` work.
    pub fn add(&mut self, other: Self) {
        self.predicted += other.predicted;
        self.failed += other.failed;
        self.pages += other.pages;
        self.longest_page = self.longest_page.max(other.longest_page);
    }
}

impl Answer {
    /// An answer about no run.
    pub fn without_run(outcome: Outcome) -> Self {
        Self {
            job: None,
            run_id: None,
            outcome,
            state: None,
            counts: Counts::default(),
            skipped: 0,
            backfill: None,
            spare_seconds: None,
            forecast_spare_seconds: None,
            oldest_pending_seconds: None,
            drift_ratio: None,
            class_drift_ratio: None,
            is_quality_missed: None,
            elapsed_ms: 0,
            rows_per_second: 0,
            continuations: Vec::new(),
            runs: Vec::new(),
            jobs: Vec::new(),
            waiting: None,
            kind: None,
            is_truth_missing: false,
            hop: HopWork::default(),
        }
    }

    /// What became of a job whose hop answered so.
    pub fn of(self, job: JobName) -> OfJob {
        OfJob { job, error: None, answer: Some(Self { job: None, ..self }) }
    }

    /// The answer about several jobs, worked on one after the other.
    pub fn of_each(jobs: Vec<OfJob>) -> Self {
        let is_well = jobs.iter().all(|job| job.error.is_none());
        let mut sum = Self::without_run(if is_well { Outcome::Each } else { Outcome::Failed });
        for answer in jobs.iter().filter_map(|job| job.answer.as_ref()) {
            sum.counts = sum.counts.plus(answer.counts);
            sum.skipped += answer.skipped;
            sum.elapsed_ms += answer.elapsed_ms;
            sum.hop.add(answer.hop);
            sum.continuations.extend(answer.continuations.iter().cloned());
        }
        sum.rows_per_second = (sum.hop.predicted + sum.hop.failed) * 1000 / sum.elapsed_ms.max(1);
        Self { jobs, ..sum }
    }

    /// The answer with what its run saw.
    pub(crate) fn with_drift(self, drift: Ratios) -> Self {
        Self { drift_ratio: drift.features, class_drift_ratio: drift.classes, ..self }
    }

    /// The answer with what its hop did, run by run, and how long that took.
    pub(crate) fn with_work(self, runs: Vec<Part>, elapsed: Duration) -> Self {
        let mut hop = HopWork::default();
        runs.iter().for_each(|part| hop.add(part.work));
        let rows = hop.predicted + hop.failed;
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let rows_per_second = (rows as f64 / elapsed.as_secs_f64().max(1e-3)) as u64;
        Self { elapsed_ms, rows_per_second, runs, hop, ..self }
    }
}
