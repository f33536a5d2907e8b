//! What a run is to be, from what was asked for.

use chrono::TimeDelta;

use super::means::Means;
use crate::config::WorkConfig;
use crate::event::Request;
use crate::run::{Channels, FailurePolicy, RunKind};
use crate::store::earlier::Ends;
use crate::store::runs::NewRun;
use crate::window::{self, Time, Window};

/// The run that a request at `now` is for, where the windows before ended like this. Its items are not
/// counted yet.
pub(super) fn new_run(means: Means<'_>, request: &Request, ends: Ends, now: Time) -> NewRun {
    let work = means.work;
    let window = window_of(work, request, ends, now);
    NewRun {
        kind: request.kind,
        mode: request.mode,
        tick: request.tick,
        window,
        chained: request.kind == RunKind::Window && request.from.is_none(),
        policy: policy_of(work, request),
        model: means.model.version().shown(),
        lanes: work.lanes,
        workers: work.workers,
        items: None,
        now,
        deadline: deadline_of(work, request, window),
        // A canary scores nothing that anybody waits for; an alarm tells where it fails.
        tells: if request.kind == RunKind::Canary { Channels::default() } else { work.tells },
    }
}

/// A backfill is never one piece: the old predictions stay page by page.
fn policy_of(work: &WorkConfig, request: &Request) -> FailurePolicy {
    match request.policy.unwrap_or(work.failure_policy) {
        FailurePolicy::RetryAll if request.kind == RunKind::Backfill => FailurePolicy::RetryFailed,
        policy => policy,
    }
}

/// When a run's predictions are due. Nobody waits for those of a backfill: there are older ones.
fn deadline_of(work: &WorkConfig, request: &Request, window: Window) -> Option<Time> {
    let wanted = match request.kind {
        RunKind::Backfill => None,
        RunKind::Sweep => work.sweep_deliver_within.or(work.deliver_within),
        RunKind::Window | RunKind::Canary => work.deliver_within,
    };
    let span = request.deliver_within.or(wanted)?;
    window::after(window.to, TimeDelta::from_std(span).ok()?)
}

/// Where a window ends that somebody asks for at `now`: with the second of that, so that what they have just
/// inserted is in it. What arrives in the rest of this second belongs to the next window.
pub(super) fn end_by_hand(now: Time) -> Time {
    let this = window::second(now);
    window::after(this, TimeDelta::seconds(1)).unwrap_or(this)
}

fn window_of(work: &WorkConfig, request: &Request, ends: Ends, now: Time) -> Window {
    let to = request.to.or(request.tick).unwrap_or_else(|| end_by_hand(now));
    match request.kind {
        RunKind::Sweep => return Window::everything_before(to),
        RunKind::Canary => return Window { from: Some(to), to },
        RunKind::Backfill => return Window { from: request.from, to },
        RunKind::Window => {}
    }
    if let Some(from) = request.from {
        return Window { from: Some(from), to };
    }
    let lookback = TimeDelta::from_std(work.lookback).unwrap_or(TimeDelta::MAX);
    let window = Window::following(ends.last, lookback, to);
    match policy_of(work, request) {
        // It does not reach back over a window that is one piece and failed.
        FailurePolicy::RetryAll => Window { from: window.from.max(ends.failed.map(|end| end.min(to))), ..window },
        FailurePolicy::RetryFailed | FailurePolicy::Leave => window,
    }
}
