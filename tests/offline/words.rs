//! Numbers, times and errors as people say them.

use std::io::Write;

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

#[test]
fn what_a_row_or_a_server_says_stays_in_its_line_and_turns_nothing_around() {
    assert_eq!(plain("größer, \\ and \"quotes\""), "größer, \\ and \"quotes\"");
    assert_eq!(
        plain("a\u{1b}[2K\rrun 1 succeeded\n\tb\u{7f}\u{9b}31m\u{202e}\u{2028}"),
        "a\\u001b[2K\\rrun 1 succeeded\\n\\tb\\u007f\\u009b31m\\u202e\\u2028"
    );
    assert_eq!(plain(&plain("a\nb")), "a\\nb");
    assert_eq!(cut("a\nbc", 2), "a\\n…");
    assert_eq!(chain(&Failure::Plain("a\nb")), "a\\nb");
    // In what is JSON it is the same text as before.
    let json = serde_json::json!({"key\u{9b}": "\u{1b}\u{202e}"}).to_string();
    let back: serde_json::Value = serde_json::from_str(&plain(&json)).unwrap();
    assert_eq!(back.to_string(), json);
}

#[test]
fn a_record_of_the_log_is_one_line_without_colours() {
    let mut log = PlainLog(Vec::new());
    log.write_all(b"\x1b[33m WARN\x1b[0m refused: a\n2026-11-22 INFO forged\x1b]0;title\x07\x1b[2K\n").unwrap();
    assert_eq!(
        String::from_utf8(log.0).unwrap(),
        " WARN refused: a\\n2026-11-22 INFO forged\\u001b]0;title\\u0007\\u001b[2K\n"
    );
}

#[test]
fn commands_in_a_sentence_are_meant_for_a_job() {
    let text =
        "See `rowscore status 12`; `rowscore run --sweep` does so, `rowscore failures` says why, `rowscore resume 2`.";
    assert_eq!(of_job(text, "default"), text);
    assert_eq!(
        of_job(text, "churn"),
        "See `rowscore status 12`; `rowscore run churn --sweep` does so, `rowscore failures --job churn` says why, \
         `rowscore resume 2`."
    );
    assert_eq!(of_job("`rowscore doctor` tries it", "churn"), "`rowscore doctor churn` tries it");
    assert_eq!(of_job("nothing to do", "churn"), "nothing to do");
}
