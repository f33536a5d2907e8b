//! Numbers, times and errors as people say them.

use chrono::TimeDelta;
use rowscore::window::Time;
use rowscore::words::*;

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Plain(&'static str),
    #[error("sending")]
    Sending(#[source] Box<Failure>),
    #[error("reading: {0}")]
    Reading(#[source] Box<Failure>),
}

#[test]
fn each_cause_is_said_once() {
    let (refused, reset) = (Box::new(Failure::Plain("refused")), Box::new(Failure::Plain("reset")));
    assert_eq!(chain(&Failure::Sending(Box::new(Failure::Sending(refused)))), "sending: refused");
    assert_eq!(chain(&Failure::Sending(Box::new(Failure::Reading(reset)))), "sending: reading: reset");
}

#[test]
fn a_span_has_two_units_at_most() {
    let said = [0, 59, 60, 3599, 3600, 7500, 86_400, 90_000, 356_400].map(span);
    assert_eq!(said, ["0 s", "59 s", "1 min", "59 min", "1 h", "2 h 5 min", "1 d", "1 d 1 h", "4 d 3 h"]);
}

#[test]
fn a_clock_that_is_behind_is_now() {
    let now: Time = "2026-11-22T15:19:00Z".parse().unwrap();
    assert_eq!(ago(now + TimeDelta::seconds(5), now), "just now");
    assert_eq!(ago(now - TimeDelta::seconds(190), now), "3 min ago");
}

#[test]
fn a_text_is_cut_between_characters() {
    assert_eq!(cut("größer", 3), "grö…");
    assert_eq!(cut("größer", 6), "größer");
}
