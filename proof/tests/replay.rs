//! A trace of the code, and the same with one thing changed: the replay says where it is no path of the model.

use rowscore_proof::replay::replay;

/// Two workers, two lanes each; hops are killed, and messages come twice.
const TRACE: &str = include_str!("traces/workers.jsonl");

/// Where code and model part, if they do.
fn parts(trace: &str) -> Option<usize> {
    replay(trace).err().map(|parting| parting.line)
}

/// The first line that has all of these words, counted from 1 behind the setup.
fn line_of(words: &[&str]) -> usize {
    TRACE.lines().position(|line| words.iter().all(|word| line.contains(word))).expect("there is such a line")
}

/// The trace with a line changed.
fn with(at: usize, change: impl Fn(&str) -> String) -> String {
    let lines = TRACE.lines().enumerate().map(|(place, line)| if place == at { change(line) } else { line.to_owned() });
    lines.map(|line| line + "\n").collect()
}

#[test]
fn what_the_code_did_is_a_path_of_the_model() {
    assert_eq!(parts(TRACE), None);
}

#[test]
fn another_number_is_noticed_where_it_is_seen() {
    let at = line_of(&["did", "claim_lanes"]);
    let changed = with(at, |line| line.replace("\"number\":", "\"number\":9"));
    assert_eq!(parts(&changed), Some(at));
}

#[test]
fn a_page_that_leaves_out_a_row_is_noticed() {
    let at = line_of(&["did", "read_page", "\"found\":[\"1\""]);
    let changed = with(at, |line| line.replace("\"found\":[\"1\"", "\"found\":[\"8\""));
    assert_eq!(parts(&changed), Some(at));
}

#[test]
fn a_message_that_nobody_sent_is_noticed() {
    let at = line_of(&["starts", "worker"]);
    let changed = with(at, |line| line.replace("\"number\":", "\"number\":5"));
    assert_eq!(parts(&changed), Some(at));
}

#[test]
fn a_step_that_is_left_out_is_noticed_at_the_next() {
    let at = line_of(&["did", "hand_over_release"]);
    let changed: String =
        TRACE.lines().filter(|line| !line.contains("hand_over_release")).map(|line| format!("{line}\n")).collect();
    assert!(parts(&changed).is_some_and(|line| line <= at + 2), "{:?}", parts(&changed));
}

/// A message is sent and the answer lost, so that its hop fails; long afterwards the message is delivered.
const LOST: &str = include_str!("traces/lost.jsonl");

#[test]
fn what_was_made_and_never_answered_may_be_seen_when_its_hop_is_gone() {
    assert_eq!(parts(LOST), None);
}

/// A window in one piece failed, and is to be tried again; in that moment somebody cancels it.
const CANCELLED: &str = include_str!("traces/cancelled.jsonl");

#[test]
fn who_would_try_a_run_again_leaves_one_that_is_cancelled_meanwhile() {
    assert_eq!(parts(CANCELLED), None);
}
