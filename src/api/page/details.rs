//! A page of its own for each run and each item, with what is behind it.

use maud::{Markup, html};

use super::runs::{kind, moment, tag};
use crate::api::data::ItemDetail;
use crate::api::keys::in_path;
use crate::store::failures::Reasoned;
use crate::store::lane_lines::LaneLine;
use crate::store::status::StatusLine;
use crate::window::Time;
use crate::words;

/// A run, with its lanes and what it set aside.
pub(super) fn run(line: &StatusLine, lanes: &[LaneLine], reasons: &[Reasoned], now: Time) -> Markup {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
    html! {
        section id="state" {
            h1 { "Run " (line.id) }
            p class="detail" { (tag(line)) " " (kind(line)) }
            @if let Some(error) = &line.last_error { p class="detail error" { (words::plain(error)) } }
        }
        section class="sheet" aria-labelledby="run-title" {
            h2 id="run-title" { "The run" }
            dl class="facts" {
                div { dt { "Window" } dd { (or_dash(line.window.from.map(words::rfc3339))) " to " (words::rfc3339(line.window.to)) } }
                div {
                    dt { "Items" }
                    dd {
                        (words::count(line.done)) " of " (or_dash(line.total.map(words::count))) ", "
                        (words::count(line.failed)) " set aside"
                    }
                }
                div { dt { "Left pending" } dd { (or_dash(line.pending.map(words::count))) } }
                div { dt { "Begun" } dd { (moment(line.started_at, now)) } }
                div { dt { "Over" } dd { @if let Some(end) = line.finished_at { (moment(end, now)) } @else { "–" } } }
                div { dt { "Rows a second" } dd { (or_dash(line.rows_per_second.map(words::count))) } }
                div { dt { "Deadline" } dd { (or_dash(line.spare_seconds.map(words::spare))) } }
                div { dt { "Model" } dd { code { (words::plain(&line.model_version)) } } }
            }
            p class="note" { "The same as JSON: " a href={ "/runs/" (line.id) } { "/runs/" (line.id) } "." }
        }
        (all_lanes(lanes))
        (set_aside(reasons))
    }
}

fn all_lanes(lanes: &[LaneLine]) -> Markup {
    html! {
        section class="sheet" aria-labelledby="lanes-title" {
            h2 id="lanes-title" { "Lanes" }
            @if lanes.is_empty() {
                p class="none" { "It has none." }
            } @else {
                table {
                    thead {
                        tr {
                            th { "Lane" } th class="number" { "Predicted" } th class="number" { "Set aside" }
                            th class="number wide" { "Pages" } th { "Stands at" }
                        }
                    }
                    tbody {
                        @for lane in lanes {
                            tr data-key=(lane.number) {
                                td { (lane.number) }
                                td class="number" { (words::count(lane.predicted)) }
                                td class="number" { (words::count(lane.failed)) }
                                td class="number wide" { (words::count(lane.pages)) }
                                td {
                                    "item " (lane.cursor)
                                    small { @if lane.finished_at.is_some() { "its end" } @else { "of " (lane.ids.upto) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn set_aside(reasons: &[Reasoned]) -> Markup {
    html! {
        section class="sheet" aria-labelledby="aside-title" {
            h2 id="aside-title" { "Set aside" }
            @if reasons.is_empty() { p class="none" { "Nothing that still is." } }
            @for reason in reasons {
                h3 { code { (reason.code) } " " span { (words::items(reason.items)) } }
                ul class="examples" {
                    @for failure in &reason.examples {
                        li {
                            a href={ "/items/" (in_path(&failure.item)) } { "item " (failure.item) }
                            " " (words::plain(&failure.reason))
                        }
                    }
                }
            }
        }
    }
}

/// An item, with what its prediction rests on.
pub(super) fn item(item: &ItemDetail) -> Markup {
    html! {
        section id="state" {
            h1 { "Item " (item.key) }
            p class="detail" {
                @match (&item.label, &item.failure) {
                    (Some(label), _) => (words::plain(label)),
                    (None, Some(failure)) => { "Set aside: " (words::plain(&failure.reason)) }
                    (None, None) if item.prediction.is_none() => "It waits for its prediction.",
                    (None, None) => "It has a prediction.",
                }
            }
            @if let Some(note) = &item.note { p class="note" { "Beware: " (note) "." } }
        }
        section class="sheet" aria-labelledby="item-title" {
            h2 id="item-title" { "The item" }
            dl class="facts" {
                @if let Some(values) = &item.values {
                    div { dt { "Values" } dd { code { (words::cut(values.get(), 2000)) } } }
                }
                @if let Some(prediction) = &item.prediction {
                    div { dt { "Prediction" } dd { code { (words::cut(prediction.get(), 2000)) } } }
                }
                @for (class, probability) in item.probabilities.iter().flat_map(|by_class| by_class.pairs()) {
                    div { dt { "Probability of " (class) } dd { (words::percent(probability)) } }
                }
                @if let Some(run) = item.run_id { div { dt { "Written by" } dd { a href={ "/run/" (run) } { "run " (run) } } } }
                @if let Some(time) = item.created_datetime { div { dt { "Arrived" } dd { (words::rfc3339(time)) } } }
                @if let Some(time) = item.updated_datetime { div { dt { "Changed" } dd { (words::rfc3339(time)) } } }
                @if let Some(failure) = &item.failure {
                    div {
                        dt { "Set aside by" }
                        dd { a href={ "/run/" (failure.run_id) } { "run " (failure.run_id) } ", attempts: " (failure.attempts) }
                    }
                }
            }
            p class="note" { "The same as JSON: " a href={ "/data/" (in_path(&item.key)) } { "/data/" (in_path(&item.key)) } "." }
        }
    }
}
