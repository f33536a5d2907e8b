//! When a hop has to end.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::window::Time;

/// The moment after which a hop begins no further page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    started: Instant,
    stop_at: Instant,
    /// The time when the hop started, if that was told.
    began: Option<Time>,
}

impl Deadline {
    /// A hop that started now: it stops `margin` before the function's end, and after `budget` in
    /// any case. `time_left` is `None` where the end is unknown.
    pub fn new(time_left: Option<Duration>, margin: Duration, budget: Duration) -> Self {
        let allowed = time_left.map_or(budget, |left| left.saturating_sub(margin).min(budget));
        let started = Instant::now();
        Self { started, stop_at: started + allowed, began: None }
    }

    /// The same of a hop of which it is known that it starts at `now`.
    pub(super) fn of_hop_at(self, now: Time) -> Self {
        let before = TimeDelta::from_std(self.started.elapsed()).unwrap_or_default();
        Self { began: Some(now - before), ..self }
    }

    /// The present time, as the hop was told it.
    pub(super) fn now(&self) -> Option<Time> {
        Some(self.began? + TimeDelta::from_std(self.elapsed()).ok()?)
    }

    /// A hop that is over after one page of each lane.
    pub fn immediately() -> Self {
        Self::new(None, Duration::ZERO, Duration::ZERO)
    }

    /// Whether there is time for something that takes as long as `next`.
    pub fn allows(&self, next: Duration) -> bool {
        Instant::now() + next < self.stop_at
    }

    /// How long the hop has taken so far.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn allowed(time_left: Option<Duration>, margin: Duration, budget: Duration) -> Duration {
        let deadline = Deadline::new(time_left, margin, budget);
        deadline.stop_at - deadline.started
    }

    #[test]
    fn a_hop_ends_a_margin_before_the_function_does() {
        assert_eq!(allowed(Some(60 * SECOND), 5 * SECOND, 600 * SECOND), 55 * SECOND);
    }

    #[test]
    fn a_hop_never_works_longer_than_its_budget() {
        assert_eq!(allowed(Some(60 * SECOND), 5 * SECOND, 20 * SECOND), 20 * SECOND);
    }

    #[test]
    fn an_unknown_deadline_leaves_the_budget() {
        assert_eq!(allowed(None, 5 * SECOND, 20 * SECOND), 20 * SECOND);
    }

    #[test]
    fn a_margin_longer_than_the_time_left_leaves_no_time() {
        assert_eq!(allowed(Some(3 * SECOND), 5 * SECOND, 20 * SECOND), Duration::ZERO);
        assert!(!Deadline::immediately().allows(Duration::ZERO));
    }
}
