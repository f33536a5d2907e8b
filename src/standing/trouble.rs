//! What may be wrong, each with its sentence and what to do about it.

use chrono::TimeDelta;

use super::mood::Mood;
use crate::config::{JobName, QualityBound};
use crate::run::{RunId, RunKind};
use crate::window::Time;
use crate::words;

/// Without a page for so long, nobody comes back to a run by themselves.
const FORSAKEN: TimeDelta = TimeDelta::days(1);

/// How late a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lateness {
    /// It is over.
    Was,
    /// It is not, and its deadline has passed. Nobody knows how long it still takes.
    Is,
    /// At its present rate.
    WillBe,
}

/// What was heard last of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// One of its ticks.
    Tick,
    /// A window that somebody opened without one.
    Window,
    /// Nothing yet: items arrived.
    Arrival,
}

/// How long a run that waits may go on with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// What it waits for may pass by itself.
    Lasts,
    /// What it waits for cannot be looked at.
    Blind,
    /// It has waited for a day.
    Ended,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// Runs cannot be opened.
    Refused {
        /// The row that stands for them.
        run: RunId,
        /// Of which kind they were to be.
        kind: RunKind,
        /// How often.
        times: u32,
        /// When it began.
        since: Time,
        /// The latest reason.
        reason: String,
    },
    /// The schedule was due and nothing came.
    Silent {
        /// When something came last.
        last: Time,
        /// What that was.
        heard: Heard,
        /// When the next one should have come at the latest.
        due: Time,
    },
    /// The latest run failed.
    Failed {
        /// The run.
        run: RunId,
        /// Its kind.
        kind: RunKind,
        /// Why.
        reason: String,
    },
    /// The latest canary failed.
    CanaryFailed {
        /// The canary.
        run: RunId,
        /// Why.
        reason: String,
    },
    /// Nobody is at work on a run that is not over.
    Unattended {
        /// The run.
        run: RunId,
        /// How long nothing has been heard of it.
        silent_for: TimeDelta,
        /// Why its last hop failed, if it did.
        reason: Option<String>,
    },
    /// Somebody is at work on a run and commits nothing.
    HeldUp {
        /// The run.
        run: RunId,
        /// How long no page has been committed.
        silent_for: TimeDelta,
    },
    /// A run waits, since the database is in trouble or is to be left alone.
    Waits {
        /// The run.
        run: RunId,
        /// For what.
        why: String,
        /// Since when.
        since: Time,
        /// Whether it may go on with that.
        patience: Patience,
    },
    /// A run was paused by its operator.
    Paused {
        /// The run.
        run: RunId,
        /// The job, where that is paused, too.
        with: Option<JobName>,
    },
    /// A job was paused by its operator: ticks pass it by.
    JobPaused {
        /// The job.
        job: JobName,
    },
    /// A job is described no more.
    JobRemoved {
        /// The job.
        job: JobName,
    },
    /// The latest run was cancelled.
    Cancelled {
        /// The run.
        run: RunId,
        /// Why, where it was not by an operator.
        reason: Option<String>,
    },
    /// A run missed its deadline, or will.
    Late {
        /// The run.
        run: RunId,
        /// By so many seconds.
        seconds: u64,
        /// Whether it is over, and whether its end is known.
        lateness: Lateness,
    },
    /// Items wait that no window reaches.
    Unreached {
        /// How many.
        items: u64,
    },
    /// Items wait much longer than there was between earlier windows.
    LeftWaiting {
        /// When the oldest of them arrived.
        arrived: Time,
        /// When the last window ended.
        last: Time,
    },
    /// Items wait, and no run was ever made.
    NeverRun,
    /// Items of the latest run are unlike the training rows.
    Drifted {
        /// The run.
        run: RunId,
        /// Of the feature that is most unlike, or of the classes: 1 is the bound.
        ratio: f64,
        /// The feature; `None`: the classes.
        feature: Option<String>,
    },
    /// Predictions are worse than they may be.
    QualityMissed {
        /// The version of the model.
        model: String,
        /// How good they have to be.
        bound: QualityBound,
        /// How good they are.
        figure: f64,
    },
    /// No prediction is judged: the table lacks the column in which the truth is to arrive.
    TruthMissing {
        /// The column.
        column: String,
    },
    /// Many of the latest run's items could not be scored.
    ManySetAside {
        /// The run.
        run: RunId,
        /// How many.
        items: u64,
        /// Of so many.
        of: u64,
    },
}

impl Trouble {
    /// How bad it is.
    pub fn mood(&self) -> Mood {
        match self {
            Self::Unattended { reason: Some(_), .. } => Mood::Bad,
            Self::Unattended { silent_for, .. } if *silent_for > FORSAKEN => Mood::Bad,
            Self::Refused { .. } | Self::Silent { .. } | Self::Failed { .. } | Self::CanaryFailed { .. } => Mood::Bad,
            Self::Waits { patience: Patience::Lasts, .. } => Mood::Busy,
            Self::Waits { patience: Patience::Ended, .. } => Mood::Bad,
            _ => Mood::Odd,
        }
    }

    /// Whether what is to be done about it is a run's to do, by a tick or by hand.
    pub(super) fn wants_a_run(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::Failed { .. }
                | Self::Cancelled { .. }
                | Self::Unattended { .. }
                | Self::Unreached { .. }
                | Self::LeftWaiting { .. }
                | Self::NeverRun
        )
    }

    /// Its name in metrics and in `/health`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Silent { .. } => "silent",
            Self::Failed { .. } => "failed",
            Self::CanaryFailed { .. } => "canary_failed",
            Self::Unattended { .. } => "unattended",
            Self::HeldUp { .. } => "held_up",
            Self::Waits { patience: Patience::Lasts, .. } => "waits",
            Self::Waits { patience: Patience::Blind, .. } => "waits_blindly",
            Self::Waits { patience: Patience::Ended, .. } => "waits_too_long",
            Self::Paused { .. } => "paused",
            Self::JobPaused { .. } => "job_paused",
            Self::JobRemoved { .. } => "job_removed",
            Self::Cancelled { .. } => "cancelled",
            Self::Late { .. } => "late",
            Self::Unreached { .. } => "unreached",
            Self::LeftWaiting { .. } => "left_waiting",
            Self::NeverRun => "never_run",
            Self::Drifted { .. } => "drifted",
            Self::QualityMissed { .. } => "quality_missed",
            Self::TruthMissing { .. } => "truth_missing",
            Self::ManySetAside { .. } => "many_set_aside",
        }
    }

    /// What is the matter, in one sentence.
    pub fn sentence(&self, now: Time) -> String {
        match self {
            Self::Refused { kind, times, since, reason, .. } => {
                let times =
                    if *times == 1 { String::new() } else { format!(", {} times", words::count((*times).into())) };
                let what = words::kind(*kind).to_lowercase();
                format!("No {what} can be opened since {}{times}: {}.", words::minute(*since), said(reason))
            }
            Self::Silent { last, heard, due } => {
                let (last, due, ago) = (words::minute(*last), words::minute(*due), words::ago(*due, now));
                match heard {
                    Heard::Tick => {
                        format!("No tick of the schedule since {last}; the next was due before {due}, {ago}.")
                    }
                    Heard::Window => format!("No window since {last}; the next was due before {due}, {ago}."),
                    Heard::Arrival => {
                        format!("No window yet, and items wait since {last}; the first was due before {due}, {ago}.")
                    }
                }
            }
            Self::Failed { run, kind, reason } => format!("{} {run} failed: {}.", words::kind(*kind), said(reason)),
            Self::CanaryFailed { run, reason } => format!("The last canary, run {run}, failed: {}.", said(reason)),
            Self::Unattended { run, silent_for, reason: Some(reason) } => format!(
                "Run {run} does not get on, and nobody has been at work on it for {}: {}.",
                span(*silent_for),
                said(reason)
            ),
            Self::Unattended { run, silent_for, reason: None } => {
                format!("Nobody is at work on run {run}: no hop for {}.", span(*silent_for))
            }
            Self::HeldUp { run, silent_for } => format!("Run {run} is held up: no page for {}.", span(*silent_for)),
            Self::Waits { run, why, since, .. } => {
                format!("Run {run} waits since {}, {}: {}.", words::minute(*since), words::ago(*since, now), said(why))
            }
            Self::Paused { run, .. } => format!("Run {run} is paused."),
            Self::JobPaused { job } => format!("Job `{job}` is paused."),
            Self::JobRemoved { job } => format!("Job `{job}` was removed."),
            Self::Cancelled { run, reason: None } => format!("Run {run} was cancelled."),
            Self::Cancelled { run, reason: Some(reason) } => format!("Run {run} was cancelled: {}.", said(reason)),
            Self::Late { run, seconds, lateness } => {
                let (is, already) = match lateness {
                    Lateness::Was => ("was", ""),
                    Lateness::Is => ("is", " already"),
                    Lateness::WillBe => ("will be", ""),
                };
                format!("Run {run} {is} {} too late{already}.", words::span(*seconds))
            }
            Self::Unreached { items: 1 } => "1 item waits that no window reaches.".into(),
            Self::Unreached { items } => format!("{} wait that no window reaches.", words::items(*items)),
            Self::LeftWaiting { arrived, last } => format!(
                "Items wait since {}, and no window was opened since {}; between earlier ones there was not half as long.",
                words::minute(*arrived),
                words::minute(*last)
            ),
            Self::NeverRun => "Items wait, and there was no run yet.".into(),
            Self::Drifted { run, ratio, feature } => {
                let what = feature.as_ref().map_or_else(|| "the classes".to_owned(), |feature| words::plain(feature));
                format!(
                    "The items of run {run} are unlike the training rows: {what} drifted to {ratio:.2} of the bound."
                )
            }
            Self::QualityMissed { model, bound, figure } => {
                format!("The predictions of model {model} miss {bound}: {} is {figure:.4}.", bound.measure)
            }
            Self::TruthMissing { column } => format!(
                "No prediction is judged: the table has no column `{}` for the truth, or it may not be read.",
                words::plain(column)
            ),
            Self::ManySetAside { run, items, of } => format!(
                "Run {run} set aside {} of {} items ({}).",
                words::count(*items),
                words::count(*of),
                words::percent(*items as f64 / *of as f64)
            ),
        }
    }

    /// What to do about it, in one sentence.
    pub fn remedy(&self) -> String {
        match self {
            Self::Refused { .. } => {
                "Mend what it names; the next tick tries again, and `rowscore run` does so now.".into()
            }
            Self::Silent { heard: Heard::Tick, .. } => {
                "Look at the schedule, and at the function's log; `rowscore run` does what is due.".into()
            }
            Self::Silent { .. } => "Look at what is to start it every TICK_EVERY; `rowscore run` does what is due.".into(),
            Self::LeftWaiting { .. } => {
                "`rowscore run` takes them; if it comes by a schedule, set TICK_EVERY, and a missing one is told sooner.".into()
            }
            Self::Failed { run, .. } => format!("See `rowscore status {run}`; the next tick takes what is pending."),
            Self::CanaryFailed { .. } => "`rowscore doctor` tries it again, step by step.".into(),
            Self::Unattended { .. } => "The next tick goes on with it; `rowscore run` does so now.".into(),
            Self::HeldUp { .. } => "Others may hold its rows locked; it goes on by itself.".into(),
            Self::Waits { patience: Patience::Lasts, .. } => "It goes on by itself when that is over.".into(),
            Self::Waits { patience: Patience::Blind, .. } => {
                "It goes on by itself as soon as that can be looked at; if it never can, correct WAIT_IF, WAIT_QUERY or \
                 REPLICAS."
                    .into()
            }
            Self::Waits { patience: Patience::Ended, .. } => {
                "End what it waits for, or correct WAIT_IF, WAIT_QUERY or REPLICAS; it goes on by itself then.".into()
            }
            Self::Paused { run, with: None } => format!("`rowscore resume {run}` lets it go on."),
            Self::Paused { with: Some(job), .. } => format!("`rowscore resume {job}` lets it go on."),
            Self::JobPaused { job } => format!("`rowscore resume {job}` lets ticks start it."),
            Self::JobRemoved { .. } => "`rowscore apply` describes it again.".into(),
            Self::Cancelled { .. } => "The next window takes what it left.".into(),
            Self::Late { lateness: Lateness::Was, .. } => "`rowscore plan` says how long the next one takes.".into(),
            Self::Late { .. } => "More LANES or WORKERS may help the next one; see `rowscore plan`.".into(),
            Self::Unreached { .. } => "`rowscore run --sweep` takes them.".into(),
            Self::NeverRun => "The schedule makes the first; `rowscore run` makes one now.".into(),
            Self::Drifted { run, .. } => format!("See `rowscore status {run}`; a model of newer rows may be due."),
            Self::QualityMissed { .. } => "See `rowscore quality`; a model of newer rows may be due.".into(),
            Self::TruthMissing { .. } => {
                "Correct TRUTH_COLUMN (`truth` in jobs.toml), or add the column; one that is there has to be granted."
                    .into()
            }
            Self::ManySetAside { run, .. } => format!("`rowscore failures {run}` says why."),
        }
    }
}

/// A reason as part of a sentence.
fn said(reason: &str) -> String {
    words::plain(reason.trim_end_matches('.'))
}

fn span(span: TimeDelta) -> String {
    words::span(u64::try_from(span.num_seconds()).unwrap_or(0))
}
