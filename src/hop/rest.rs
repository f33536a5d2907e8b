//! The database is to be left alone for a while: the hop ends, and a message comes later that looks again.

use chrono::TimeDelta;

use super::brake::Wait;
use super::error::HopError;
use super::next::Next;
use super::under_way::Hop;
use crate::answer::{Outcome, Waiting};
use crate::store::lanes::{self, Due, FIRST as FIRST_HOP};
use crate::store::runs::Run;
use crate::store::waits;
use crate::window::{self, Time};

/// The first wait before another look. From then on it waits as long again as it has waited so far,
const FIRST: TimeDelta = TimeDelta::seconds(30);
/// at most so long.
const LONGEST: TimeDelta = TimeDelta::minutes(15);

/// The longest wait where its end is known: a message may not be put off for longer than twelve hours.
const FARTHEST: TimeDelta = TimeDelta::hours(11);

/// What the clocks of the machines may differ by.
const SLACK: TimeDelta = TimeDelta::seconds(15);

/// Lets a worker's lanes rest. The hop that is due stays so, but for the first: who waits uses up no hop.
pub(super) async fn rest(hop: &mut Hop<'_>, run: &Run, due: Due, wait: Wait) -> Result<Next, HopError> {
    let (id, now) = (run.id, window::second(hop.began.present()));
    let due = claiming(hop, run, due).await?;
    let (since, coming) = hop.session.ask(|| waits::standing(id, due.worker)).await?;
    let (since, relay) = (since.unwrap_or(now), hop.relay);
    // Another trigger, such as a tick, found the run waiting: the message that looks again is under way already.
    let coming = coming.filter(|at| relay.brings_back() && is_to_come(*at, now));
    let next_look = coming.or_else(|| window::after(now, pause(now - since, wait.until.map(|end| end - now))));
    let next_look = next_look.unwrap_or(now);
    hop.session.ask(|| waits::begin(id, &wait.why, since, next_look)).await?;
    if coming.is_none() {
        let sent = hop.send_later(id, due, next_look).await?;
        // Only then: whoever finds it noted sends none.
        if relay.brings_back() {
            hop.session.ask(|| waits::look_at(id, due.worker, next_look)).await?;
        }
        hop.done.sent.push(sent);
    }
    tracing::info!(run = %id, worker = due.worker, why = wait.why, %since, %next_look, "the run waits");
    hop.done.waiting = Some(Waiting { why: wait.why, since, next_look });
    Ok(Next::Over(Some(id), Outcome::Waiting))
}

/// Whether a message is under way by which a worker of a run that waits looks again: nobody needs to send it off.
pub(super) async fn looks_again(hop: &mut Hop<'_>, run: &Run, worker: u16) -> Result<bool, HopError> {
    if !run.waits || !hop.relay.brings_back() {
        return Ok(false);
    }
    let now = window::second(hop.began.present());
    let (_, coming) = hop.session.ask(|| waits::standing(run.id, worker)).await?;
    Ok(coming.is_some_and(|at| is_to_come(at, now)))
}

fn is_to_come(at: Time, now: Time) -> bool {
    at > window::after(now, SLACK).unwrap_or(now)
}

/// The hop that looks again. Who opens a run has the first worker's lanes from their birth, without claiming them;
/// whoever looks again claims them, and so is the second hop at least.
async fn claiming(hop: &mut Hop<'_>, run: &Run, due: Due) -> Result<Due, HopError> {
    let second = FIRST_HOP.next();
    if due.worker != second.worker || due.hop > second.hop {
        return Ok(due);
    }
    hop.session.ask(|| lanes::hand_over(run.id, second)).await?;
    Ok(second)
}

/// How long to wait before the next look of a run that has waited so long; to the end, where that is known. Where it has come
/// by the clock of the machine that delivered the message, and has not by the database's, a look at the same moment would be
/// the same message to the queue, which drops it.
fn pause(waited: TimeDelta, to_end: Option<TimeDelta>) -> TimeDelta {
    match to_end {
        Some(left) if left > SLACK => left.min(FARTHEST),
        Some(_) => FIRST,
        None => waited.clamp(FIRST, LONGEST),
    }
}

/// Whether a message is to be put off until a time that is yet to come, and for how many seconds.
#[must_use]
pub fn seconds_until(not_before: Option<Time>, now: Time) -> Option<i32> {
    let left = (not_before? - now).min(FARTHEST);
    (left > TimeDelta::zero()).then(|| i32::try_from(left.num_milliseconds().div_euclid(1000) + 1).unwrap_or(i32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_looks_again_as_long_after_as_it_has_waited_so_far() {
        let (mut waited, mut looks) = (TimeDelta::zero(), Vec::new());
        for _ in 0..8 {
            let next = pause(waited, None);
            waited += next;
            looks.push(next.num_seconds());
        }
        assert_eq!(looks, [30, 30, 60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn where_the_end_is_known_it_is_waited_for_and_never_longer_than_a_message_can_be_put_off() {
        let hours = |hours| pause(TimeDelta::zero(), Some(TimeDelta::hours(hours))).num_hours();
        assert_eq!((hours(3), hours(30)), (3, 11));
        let seconds = |seconds| pause(TimeDelta::hours(9), Some(TimeDelta::seconds(seconds))).num_seconds();
        assert_eq!([-1, 0, 15, 16].map(seconds), [30, 30, 30, 16]);
    }

    #[test]
    fn a_message_is_put_off_until_its_time_has_come() {
        let at = |text: &str| text.parse::<Time>().unwrap();
        let now = at("2026-03-05T10:00:00Z");
        assert_eq!(seconds_until(None, now), None);
        assert_eq!(seconds_until(Some(now), now), None);
        assert_eq!(seconds_until(Some(at("2026-03-05T10:00:29.5Z")), now), Some(30));
        assert_eq!(seconds_until(Some(at("2026-03-07T10:00:00Z")), now), Some(39_601));
    }
}
