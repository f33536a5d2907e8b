//! The span of arrival times that one run is answerable for.

use chrono::TimeDelta;
use rowscore::window::{Time, Window, minute};

fn at(text: &str) -> Time {
    text.parse().unwrap()
}

#[test]
fn the_first_window_begins_at_the_beginning() {
    let window = Window::following(None, TimeDelta::hours(1), at("2026-11-22T15:19:00Z"));
    assert_eq!(window, Window::everything_before(at("2026-11-22T15:19:00Z")));
}

#[test]
fn the_next_window_begins_where_the_last_ended_less_the_look_back() {
    let window = Window::following(Some(at("2026-11-22T14:19:00Z")), TimeDelta::hours(1), at("2026-11-22T15:19:00Z"));
    assert_eq!(window.from, Some(at("2026-11-22T13:19:00Z")));
}

#[test]
fn a_tick_older_than_what_is_finished_has_an_empty_window() {
    let window = Window::following(Some(at("2026-11-22T15:19:00Z")), TimeDelta::minutes(5), at("2026-11-22T10:19:00Z"));
    assert_eq!(window.from, Some(window.to));
}

#[test]
fn a_moment_is_cut_to_its_minute() {
    assert_eq!(minute(at("2026-11-22T15:19:59.999Z")), at("2026-11-22T15:19:00Z"));
}
