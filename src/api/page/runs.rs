//! The history of the runs.

use maud::{Markup, html};

use super::history::{Entry, Idle, folded, merged};
use super::view::View;
use crate::run::RunState;
use crate::store::status::StatusLine;
use crate::window::Time;
use crate::words;

/// The history.
pub(super) fn runs(view: &View) -> Markup {
    let facts = &view.standing.facts;
    let all = merged(view.worked.iter().chain(&facts.runs));
    let has_deadlines = all.iter().any(|run| run.spare_seconds.is_some());
    html! {
        section id="runs" aria-labelledby="runs-title" {
            h2 id="runs-title" { "Runs" }
            @if all.is_empty() {
                p class="none" { "There is none yet." }
            } @else {
                p class="note" { "The latest first; times are in UTC. All of them, as JSON: " a href="/runs" { "/runs" } "." }
                table {
                    thead {
                        tr {
                            th { "Run" } th { "State" } th class="number" { "Items" }
                            th class="number wide" { "Set aside" } th class="number wide" { "Rows/s" }
                            th class="number wide" { "Took" }
                            @if has_deadlines { th class="wide" { "Deadline" } }
                            th { "Begun" }
                        }
                    }
                    tbody {
                        @for entry in folded(&all) {
                            @match entry {
                                Entry::Run(run) => (line(run, facts.now, has_deadlines)),
                                Entry::Idle(idle) => (idle_line(&idle, facts.now, has_deadlines)),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Many that say the same, in one line. It keeps its place by the run that it begins with.
fn idle_line(idle: &Idle, now: Time, has_deadlines: bool) -> Markup {
    html! {
        tr class="idle" data-key={ "idle-" (idle.first) } {
            td class="run" { (idle.first) "–" (idle.last) }
            td { (idle.runs) " with nothing to do" }
            td class="number" { "0" }
            td class="wide" colspan=(if has_deadlines { 4 } else { 3 }) {}
            td { (moment(idle.at, now)) }
        }
    }
}

fn line(run: &StatusLine, now: Time, has_deadlines: bool) -> Markup {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    html! {
        tr data-key=(run.id) {
            td class="run" { a href={ "/run/" (run.id) } { (run.id) } small { (kind(run)) } }
            td {
                (tag(run))
                @if let Some(error) = &run.last_error { small class="error" { (words::cut(error, 200)) } }
            }
            td class="number" {
                (words::count(run.done))
                @if let Some(total) = run.total.filter(|total| *total != run.done) { small { "of " (words::count(total)) } }
            }
            td class="number wide" { (words::count(run.failed)) }
            td class="number wide" { (or_dash(run.rows_per_second.map(words::count))) }
            td class="number wide" { (or_dash(run.finished_at.map(|end| words::took(end - run.started_at)))) }
            @if has_deadlines { td class="wide" { (or_dash(run.spare_seconds.map(words::spare))) } }
            td { (moment(run.started_at, now)) }
        }
    }
}

/// `window`, `backfill, dry run`.
pub(super) fn kind(run: &StatusLine) -> String {
    match run.backfill {
        Some(backfill) if backfill.dry_run => format!("{}, dry run", run.kind),
        _ => run.kind.to_string(),
    }
}

/// A run's state, in a word and a colour.
pub(super) fn tag(run: &StatusLine) -> Markup {
    let (tone, word) = match run.state {
        _ if run.is_refused => ("poor", "not opened"),
        RunState::Running => ("busy", words::state(run.state)),
        RunState::Succeeded => ("good", words::state(run.state)),
        RunState::SucceededWithFailures | RunState::Paused | RunState::Cancelled => ("fair", words::state(run.state)),
        RunState::Failed => ("poor", words::state(run.state)),
    };
    html! { span class={ "tag " (tone) } { (word) } }
}

/// A time, and how long ago that is.
pub(super) fn moment(time: Time, now: Time) -> Markup {
    let minute = words::minute(time);
    html! {
        time datetime=(words::rfc3339(time)) {
            // A line may end between date and time, and not at the date's hyphens.
            @for part in minute.split(' ') { span { (part) } " " }
            small { (words::ago(time, now)) }
        }
    }
}
