//! Whether a run that should be worked on is, or what it waits for.

use chrono::TimeDelta;

use super::trouble::{Patience, Trouble};
use crate::store::hold::Attendance;
use crate::store::status::StatusLine;
use crate::store::waits::{Cause, RunWaits};
use crate::window::Time;

/// Without a hop for so long, nobody is at work: longer than the pause between two hops.
const UNATTENDED: TimeDelta = TimeDelta::seconds(30);

/// So long after the time of its next look, a run that waits is known not to be looked at: longer than a queue takes.
const LOOKS_AGAIN: TimeDelta = TimeDelta::minutes(2);

/// Without a page for so long, whoever is at work is held up: longer than any page.
const HELD_UP: TimeDelta = TimeDelta::seconds(120);

/// A run that has waited for so long does not go on by itself. Quiet hours end, however long they are.
const TOO_LONG: TimeDelta = TimeDelta::days(1);

/// Whether a run that should be worked on is.
pub fn attended(run: &StatusLine, Attendance { is_held, last_page }: Attendance, now: Time) -> Option<Trouble> {
    let silent_for = now - last_page.unwrap_or(run.started_at);
    if let Some(waits) = run.waits.clone().filter(|waits| now - waits.until < LOOKS_AGAIN) {
        let patience = patience(&waits, now);
        let RunWaits { why, since, .. } = waits;
        return Some(Trouble::Waits { run: run.id, why, since, patience });
    }
    match is_held {
        true if silent_for > HELD_UP => Some(Trouble::HeldUp { run: run.id, silent_for }),
        false if silent_for > UNATTENDED => {
            Some(Trouble::Unattended { run: run.id, silent_for, reason: run.last_error.clone() })
        }
        _ => None,
    }
}

fn patience(waits: &RunWaits, now: Time) -> Patience {
    match waits.cause() {
        Cause::Quiet => Patience::Lasts,
        _ if now - waits.since > TOO_LONG => Patience::Ended,
        Cause::Unseen => Patience::Blind,
        Cause::Sign => Patience::Lasts,
    }
}
