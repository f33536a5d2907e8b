//! When a run will be done, by the rate at which it works, so that a deadline that cannot be kept is
//! known before it is missed.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use crate::run::{FailurePolicy, Pass, RunId, RunKind};
use crate::store::runs::Run;
use crate::store::totals::Totals;
use crate::window::Time;

/// Pages after which a hop's rate says something: the first alone has the connection to open.
const TELLING_PAGES: u64 = 2;

/// A run that will miss its deadline at the rate at which it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// The run.
    pub run: RunId,
    /// Its kind.
    pub kind: RunKind,
    /// Seconds from the forecast finish to the deadline, negative.
    pub forecast_spare_seconds: i64,
}

/// Work of a run, in items. An item that is checked before it is written counts twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Progress {
    done: u64,
    total: u64,
}

impl Progress {
    /// Where a run stands of which `done` items are worked off in its present pass; `None` where
    /// they were too many to be counted.
    fn of(run: &Run, done: u64) -> Option<Self> {
        let items = run.items?;
        let (before, total) = match (run.policy, run.pass) {
            (FailurePolicy::RetryAll, Pass::Check) => (0, 2 * items),
            (FailurePolicy::RetryAll, Pass::Write) => (items, 2 * items),
            (FailurePolicy::RetryFailed | FailurePolicy::Leave, _) => (0, items),
        };
        Some(Self { done: before + done, total })
    }

    /// Items that are still to be worked off.
    fn rest(self) -> f64 {
        self.total.saturating_sub(self.done) as f64
    }

    /// Seconds until the rest is done, if the last `rows` took so long.
    fn seconds_left(self, rows: u64, seconds: f64) -> Option<f64> {
        (rows > 0).then(|| self.rest() * seconds / rows as f64)
    }
}

/// Seconds from a finish `seconds_left` after `now` to the deadline.
fn spare_seconds(now: Time, seconds_left: f64, deadline: Time) -> i64 {
    // Saturates, and a century either way is as good as for ever.
    (deadline - now).num_seconds().saturating_sub(seconds_left.ceil() as i64)
}

/// Seconds from the forecast finish of a run to its deadline; negative: it will be late. By the rate of its
/// latest pages. `None` where a deadline, a total or a rate is missing.
pub(super) fn of_run(run: &Run, totals: &Totals, now: Time) -> Option<i64> {
    let deadline = run.deadline?;
    let progress = Progress::of(run, totals.counts.predicted + totals.counts.failed)?;
    let rate = Some(totals.rows_per_second).filter(|rate| *rate > 0.0)?;
    Some(spare_seconds(now, progress.rest() / rate, deadline))
}

/// The forecast of a hop under way, by its own rate. Shared by its lanes.
#[derive(Debug)]
pub(super) struct Forecast {
    run: RunId,
    kind: RunKind,
    deadline: Time,
    /// When the hop's lanes began, by both clocks.
    began: Time,
    clock: Instant,
    /// Before the hop.
    progress: Progress,
    /// Workers that have lanes to work off: the others are taken to be as quick as this one.
    workers: u64,
    rows: AtomicU64,
    pages: AtomicU64,
    is_told: AtomicBool,
}

impl Forecast {
    /// The forecast of a hop whose lanes begin `now`, when `totals` were read. `None` where the items were
    /// too many to be counted.
    pub(super) fn new(run: &Run, deadline: Time, totals: &Totals, workers: usize, now: Time) -> Option<Self> {
        Some(Self {
            run: run.id,
            kind: run.kind,
            deadline,
            began: now,
            clock: Instant::now(),
            progress: Progress::of(run, totals.counts.predicted + totals.counts.failed)?,
            workers: workers as u64,
            rows: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            is_told: AtomicBool::new(false),
        })
    }

    /// A page of one of the lanes was committed. Answers, once, that the run will be late.
    pub(super) fn page(&self, rows: u64) -> Option<Late> {
        let rows = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        let pages = self.pages.fetch_add(1, Ordering::Relaxed) + 1;
        if pages < TELLING_PAGES {
            return None;
        }
        let seconds = self.clock.elapsed().as_secs_f64();
        let rows = rows * self.workers;
        let progress = Progress { done: self.progress.done + rows, ..self.progress };
        let left = progress.seconds_left(rows, seconds)?;
        let now = self.began + chrono::TimeDelta::from_std(self.clock.elapsed()).ok()?;
        self.judge(spare_seconds(now, left, self.deadline))
    }

    /// What a forecast comes to: answers, once, that the run will be late.
    pub(super) fn judge(&self, forecast_spare_seconds: i64) -> Option<Late> {
        let is_news = forecast_spare_seconds < 0 && !self.is_told.swap(true, Ordering::Relaxed);
        is_news.then(|| {
            let Self { run, kind, .. } = *self;
            tracing::warn!(%run, forecast_spare_seconds, "at this rate the run will miss its deadline (DELIVER_WITHIN)");
            Late { run, kind, forecast_spare_seconds }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Time {
        time.parse().unwrap()
    }

    #[test]
    fn what_is_left_takes_as_long_as_what_was_done() {
        let progress = Progress { done: 200, total: 1000 };
        assert_eq!(progress.seconds_left(200, 10.0), Some(40.0));
        assert_eq!(progress.seconds_left(0, 10.0), None);
        assert_eq!(Progress { done: 1200, total: 1000 }.seconds_left(200, 10.0), Some(0.0));
    }

    #[test]
    fn the_spare_time_is_what_lies_between_finish_and_deadline() {
        let (now, deadline) = (at("2024-03-05T10:00:00Z"), at("2024-03-05T10:30:00Z"));
        assert_eq!(spare_seconds(now, 600.0, deadline), 1200);
        assert_eq!(spare_seconds(now, 1800.5, deadline), -1);
        assert!(spare_seconds(now, 1e300, deadline) < -1_000_000_000);
    }

    fn forecast(deadline: &str) -> Forecast {
        Forecast {
            run: RunId(1),
            kind: RunKind::Window,
            deadline: at(deadline),
            began: at("2024-03-05T10:00:00Z"),
            clock: Instant::now() - std::time::Duration::from_secs(10),
            progress: Progress { done: 0, total: 10_000 },
            workers: 2,
            rows: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            is_told: AtomicBool::new(false),
        }
    }

    #[test]
    fn a_deadline_that_cannot_be_kept_is_told_once_and_with_the_second_page() {
        // Two workers do 100 rows in ten seconds: they need a thousand seconds, some 17 minutes.
        let tight = forecast("2024-03-05T10:15:00Z");
        assert_eq!(tight.page(25), None);
        let late = tight.page(25).unwrap();
        assert!((-110..-90).contains(&late.forecast_spare_seconds), "{late:?}");
        assert_eq!(tight.page(25), None);
        assert_eq!(tight.judge(-5), None);
    }

    #[test]
    fn a_deadline_that_can_be_kept_is_not_spoken_of() {
        let roomy = forecast("2024-03-05T10:18:00Z");
        assert_eq!((roomy.page(25), roomy.page(25), roomy.judge(0)), (None, None, None));
    }
}
