//! What time it is for a hop, and when it has to end.

use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use crate::store::turn;
use crate::window::{self, Time};

/// A hop's clock. After a certain moment the hop begins no further page. What time it is, the database
/// is asked for once, when the hop begins: of the machines that ask for a run, none decides. A clock can
/// also be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    started: Instant,
    told: Option<Began>,
    stop_at: Instant,
    give_up_at: Instant,
    halt: Option<Halt>,
}

/// What ends hops before their time, from outside: where it is true, they begin no further page.
#[derive(Clone, Copy, Debug)]
struct Halt(&'static AtomicBool);

impl PartialEq for Halt {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self.0, other.0)
    }
}

impl Eq for Halt {}

/// The least that is left of the function's own time when a hop gives up what does not succeed: enough to
/// note why.
const LEAST_LEFT: Duration = Duration::from_secs(2);

/// How long a hop that may take its time still tries to end what it has begun.
const PATIENCE: Duration = Duration::from_secs(30);

impl Clock {
    /// The clock of a hop that starts now: it stops `margin` before the function's end, and after
    /// `budget` in any case. `time_left` is `None` where the end is unknown.
    pub fn starting(time_left: Option<Duration>, margin: Duration, budget: Duration) -> Self {
        let allowed = time_left.map_or(budget, |left| left.saturating_sub(margin).min(budget));
        let tried = match time_left {
            // Half of the margin is left for the last words.
            Some(left) => left - (margin / 2).max(LEAST_LEFT).min(left / 2),
            None => budget + PATIENCE,
        };
        let started = Instant::now();
        Self { started, told: None, stop_at: started + allowed, give_up_at: started + tried, halt: None }
    }

    /// As [`Clock::starting`], for a hop to which it is `now` in any case.
    pub fn new(now: Time, time_left: Option<Duration>, margin: Duration, budget: Duration) -> Self {
        Self { told: Some(Began::now(now)), ..Self::starting(time_left, margin, budget) }
    }

    /// That of a hop that is over after one page of each lane; for tests.
    pub fn immediately(now: Time) -> Self {
        Self::new(now, None, Duration::ZERO, Duration::ZERO)
    }

    /// The same, which allows nothing more as soon as `halt` is true.
    #[must_use]
    pub fn until_halted(self, halt: &'static AtomicBool) -> Self {
        Self { halt: Some(Halt(halt)), ..self }
    }

    /// That of a hop which has this one's time to itself for one of so many parts of what is left.
    #[must_use]
    pub fn shared_by(self, parts: u32) -> Self {
        let (now, parts) = (Instant::now(), parts.max(1));
        let share = |end: Instant| now + end.saturating_duration_since(now) / parts;
        Self { started: now, stop_at: share(self.stop_at), give_up_at: share(self.give_up_at), ..self }
    }

    /// The same, of a hop that works for so long at most.
    #[must_use]
    pub fn for_at_most(self, budget: Duration) -> Self {
        Self { stop_at: self.stop_at.min(self.started + budget), ..self }
    }

    /// When the hop began, if the clock was told.
    pub(super) fn told(&self) -> Option<Began> {
        self.told
    }

    /// Whether there is time for something that takes as long as `next`.
    pub fn allows(&self, next: Duration) -> bool {
        let is_halted = self.halt.is_some_and(|halt| halt.0.load(Ordering::Relaxed));
        !is_halted && Instant::now() + next < self.stop_at
    }

    /// When nothing is tried again any more: what fails until then is noted before the function's own end.
    pub fn gives_up_at(&self) -> Instant {
        self.give_up_at
    }

    /// How long the hop has taken so far.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// When a hop began, and so what time it is at every later moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Began {
    /// The time that it was.
    pub time: Time,
    then: Instant,
}

impl Began {
    /// It begins at this moment, when it is `time`.
    pub(super) fn now(time: Time) -> Self {
        Self { time, then: turn::now() }
    }

    /// It has been at work for so long.
    #[cfg(test)]
    pub(super) fn before(self, took: Duration) -> Self {
        Self { then: self.then - took, ..self }
    }

    /// What time it is.
    pub(super) fn present(self) -> Time {
        let took = TimeDelta::from_std(turn::since(self.then)).unwrap_or_default();
        window::after(self.time, took).unwrap_or(self.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn allowed(time_left: Option<Duration>, margin: Duration, budget: Duration) -> Duration {
        let clock = Clock::new(Time::UNIX_EPOCH, time_left, margin, budget);
        clock.stop_at - clock.started
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
    fn what_fails_is_given_up_in_time_to_note_it_before_the_function_ends() {
        for (left, margin, tried) in [(60, 5, 57.5), (60, 20, 50.0), (60, 0, 58.0), (3, 5, 1.5), (0, 5, 0.0)] {
            let clock = Clock::new(Time::UNIX_EPOCH, Some(left * SECOND), margin * SECOND, 10 * SECOND);
            assert_eq!((clock.gives_up_at() - clock.started).as_secs_f64(), tried, "{left} s left, margin {margin} s");
        }
    }

    #[test]
    fn several_jobs_share_what_is_left_and_a_job_may_take_less() {
        let whole = Clock::new(Time::UNIX_EPOCH, None, SECOND, 60 * SECOND);
        let of = |clock: Clock| (clock.stop_at - clock.started).as_secs_f64().round();
        assert_eq!((of(whole.shared_by(4)), of(whole.shared_by(0))), (15.0, 60.0));
        assert_eq!((of(whole.for_at_most(7 * SECOND)), of(whole.for_at_most(70 * SECOND))), (7.0, 60.0));
    }

    #[test]
    fn an_unknown_end_leaves_the_budget() {
        assert_eq!(allowed(None, 5 * SECOND, 20 * SECOND), 20 * SECOND);
    }

    #[test]
    fn a_hop_that_is_halted_has_no_time_left() {
        static HALT: AtomicBool = AtomicBool::new(false);
        let clock = Clock::new(Time::UNIX_EPOCH, None, SECOND, 600 * SECOND).until_halted(&HALT);
        assert!(clock.allows(SECOND));
        HALT.store(true, Ordering::Relaxed);
        assert!(!clock.allows(Duration::ZERO));
    }

    #[test]
    fn a_margin_longer_than_the_time_left_leaves_no_time() {
        assert_eq!(allowed(Some(3 * SECOND), 5 * SECOND, 20 * SECOND), Duration::ZERO);
        assert!(!Clock::immediately(Time::UNIX_EPOCH).allows(Duration::ZERO));
    }
}
