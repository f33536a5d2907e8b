//! A run as it is asked for, and the rules by which its parts go together: the same for an event and
//! for the command line.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::run::{FailurePolicy, Mode, RunKind};
use crate::window::Time;

/// A run as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Window, sweep, backfill or canary.
    #[serde(rename = "run")]
    pub kind: RunKind,
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

/// What is asked of a run, before it is known to go together. What is not asked is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// As [`Request::tick`].
    pub tick: Option<Time>,
    /// As [`Request::from`].
    pub from: Option<Time>,
    /// As [`Request::to`].
    pub to: Option<Time>,
    /// As [`Request::policy`].
    pub policy: Option<FailurePolicy>,
    /// As [`Request::deliver_within`].
    pub deliver_within: Option<Duration>,
    /// Whether a backfill only compares.
    pub dry_run: Option<bool>,
}

/// Why what is asked does not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A canary with a span of time, a policy or a deadline.
    #[error("a canary has no `from`, `to`, `policy` or `deliver_within`: it works on no window")]
    CanaryWithWindow,
    /// A sweep with a begin.
    #[error("a sweep has no `from`: it takes every pending item; use a window for a span of time")]
    SweepFrom,
    /// A backfill as one piece.
    #[error(
        "`policy` is retry_all; a backfill accepts retry_failed or leave, because it replaces old predictions page by page"
    )]
    BackfillAsOnePiece,
    /// A dry run of anything else.
    #[error("`dry_run` is for a backfill only")]
    DryRun,
    /// A tick with bounds.
    #[error("`scheduled_time` is for a schedule; `from` and `to` are for a window by hand")]
    TickWithBounds,
    /// A window that ends before it begins.
    #[error("`from` {from} is not before `to` {to}")]
    Reversed {
        /// The begin.
        from: Time,
        /// The end.
        to: Time,
    },
}

impl Request {
    /// A run of `kind`, if all that is asked of it goes together.
    ///
    /// # Errors
    /// The first part that does not.
    pub fn new(kind: RunKind, asked: Asked) -> Result<Self, RequestError> {
        let Asked { tick, from, to, policy, deliver_within, dry_run } = asked;
        let has_bounds = from.is_some() || to.is_some();
        if kind == RunKind::Canary && (has_bounds || policy.is_some() || deliver_within.is_some()) {
            return Err(RequestError::CanaryWithWindow);
        }
        if kind == RunKind::Sweep && from.is_some() {
            return Err(RequestError::SweepFrom);
        }
        if kind == RunKind::Backfill && policy == Some(FailurePolicy::RetryAll) {
            return Err(RequestError::BackfillAsOnePiece);
        }
        if kind != RunKind::Backfill && dry_run.is_some() {
            return Err(RequestError::DryRun);
        }
        if tick.is_some() && has_bounds {
            return Err(RequestError::TickWithBounds);
        }
        if let (Some(from), Some(to)) = (from, to)
            && from >= to
        {
            return Err(RequestError::Reversed { from, to });
        }
        let mode = if dry_run == Some(true) { Mode::DryRun } else { Mode::Write };
        Ok(Self { kind, tick, from, to, policy, deliver_within, mode })
    }

    /// Whether it is the request of a tick, and a run was opened for that.
    pub(crate) fn is_of_tick(&self, tick: Option<Time>) -> bool {
        self.tick.is_some() && self.tick == tick
    }

    /// A run of `kind` that reaches to now, with the configured policy.
    pub fn by_hand(kind: RunKind) -> Self {
        Self { kind, tick: None, from: None, to: None, policy: None, deliver_within: None, mode: Mode::Write }
    }
}
