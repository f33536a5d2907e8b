//! A run as it is asked for, and the rules by which its parts go together: the same for an event and
//! for the command line.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::config::{JobName, ScheduleName};
use crate::run::{FailurePolicy, Mode, RunKind};
use crate::window::{self, Time};

/// A run as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Window, sweep, backfill or canary.
    #[serde(rename = "run")]
    pub kind: RunKind,
    /// The job that is to do it; `None`: every job of the schedule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobName>,
    /// The schedule whose jobs are to do it; `None`: the jobs without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleName>,
    /// The rule of EventBridge's that fired: as `schedule`, if any job has one of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<ScheduleName>,
    /// The schedule's time, which two deliveries of one tick share; `None` by hand.
    #[serde(rename = "scheduled_time", skip_serializing_if = "Option::is_none")]
    pub tick: Option<Time>,
    /// Begin of the window; `None`: where the last finished one ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// End of the window; `None`: the tick, or now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
    /// Instead of `FAILURE_POLICY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<FailurePolicy>,
    /// Instead of `DELIVER_WITHIN`, in seconds, so that each schedule has a deadline of its own.
    #[serde(serialize_with = "in_seconds", skip_serializing_if = "Option::is_none")]
    pub deliver_within: Option<Duration>,
    /// Whether a backfill replaces predictions. Every other run does write.
    #[serde(rename = "dry_run", skip_serializing_if = "Mode::is_write", serialize_with = "Mode::as_dry_run")]
    pub mode: Mode,
}

fn in_seconds<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match span {
        Some(span) => serializer.collect_str(&format_args!("{}s", span.as_secs())),
        None => serializer.serialize_none(),
    }
}

/// Why the parts of a request do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RequestError(Cow<'static, str>);

impl Request {
    /// The request, if all its parts go together, with its times in whole seconds: as the database keeps
    /// them, so that the second delivery of a tick is known again.
    ///
    /// # Errors
    /// Says which do not.
    pub fn checked(self) -> Result<Self, RequestError> {
        let request = self.in_seconds()?;
        let Self { kind, tick, from, to, policy, deliver_within, mode, .. } = request;
        let has_bounds = from.is_some() || to.is_some();
        let has_window = has_bounds || policy.is_some() || deliver_within.is_some();
        let refusal = match (kind, from.zip(to)) {
            (RunKind::Canary, _) if has_window => {
                "a canary has no `from`, `to`, `policy` or `deliver_within`: it works on no window"
            }
            (RunKind::Sweep, _) if from.is_some() => {
                "a sweep has no `from`: it takes every pending item; use a window for a span of time"
            }
            (RunKind::Backfill, _) if policy == Some(FailurePolicy::RetryAll) => {
                "`policy` is retry_all; a backfill accepts retry_failed or leave, because it replaces old predictions \
                 page by page"
            }
            (RunKind::Window | RunKind::Sweep | RunKind::Canary, _) if !mode.writes() => {
                "`dry_run` is for a backfill only"
            }
            _ if request.job.is_some() && request.schedule.is_some() => {
                "`job` and `schedule` are both given; accepted: one of them"
            }
            _ if tick.is_some() && has_bounds => {
                "`scheduled_time` is for a schedule; `from` and `to` are for a window by hand"
            }
            (_, Some((from, to))) if from >= to => {
                return Err(RequestError(format!("`from` {from} is not before `to` {to}").into()));
            }
            _ => return Ok(request),
        };
        Err(RequestError(refusal.into()))
    }

    fn in_seconds(self) -> Result<Self, RequestError> {
        let second = |name: &str, time: Option<Time>| match time {
            Some(time) if !window::is_known_to_sql(time) => {
                Err(RequestError(format!("`{name}` is {time}; accepted: {}", window::ACCEPTED).into()))
            }
            time => Ok(time.map(window::second)),
        };
        let tick = second("scheduled_time", self.tick)?;
        Ok(Self { tick, from: second("from", self.from)?, to: second("to", self.to)?, ..self })
    }

    /// Whether it is the request of a tick, and a run was opened for that.
    pub(crate) fn is_of_tick(&self, tick: Option<Time>) -> bool {
        self.tick.is_some() && self.tick == tick
    }

    /// A run of `kind` that reaches to now, with the configured policy.
    pub fn by_hand(kind: RunKind) -> Self {
        Self {
            kind,
            job: None,
            schedule: None,
            rule: None,
            tick: None,
            from: None,
            to: None,
            policy: None,
            deliver_within: None,
            mode: Mode::Write,
        }
    }
}
