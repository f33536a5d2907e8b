//! The parts of the status page below the sentence on top.

use maud::{Markup, html};

use super::charts;
use super::view::{EXCERPT, View};
use crate::api::keys::in_path;
use crate::config::ItemsTable;
use crate::drift::{Report, Unusual};
use crate::model::{Model, PredictionKind};
use crate::run::RunId;
use crate::store::failures::LOOK;
use crate::store::predicted::Predicted;
use crate::words;

/// Predictions that are shown.
const PREDICTIONS: usize = 10;

/// What the run on top comes to, in numbers.
pub(super) fn figures(view: &View) -> Markup {
    let Some(run) = view.current() else { return html! {} };
    let share = run.total.filter(|total| *total > 0).map(|total| run.done as f64 / total as f64);
    html! {
        section id="figures" aria-label={ "Run " (run.id) " in numbers" } {
            @if let Some(share) = share.filter(|_| !run.state.is_over()) {
                (charts::progress(share, &format!("{} done", words::percent(share))))
            }
            dl {
                div {
                    dt { "done" }
                    dd { (words::count(run.done)) @if let Some(total) = run.total { small { " of " (words::count(total)) } } }
                }
                div { dt { "set aside" } dd { (words::count(run.failed)) } }
                @if let Some(rate) = run.rows_per_second {
                    div { dt { "rows a second" } dd { (words::count(rate)) } }
                }
                @if let Some(end) = run.finished_at {
                    div { dt { "took" } dd { (words::took(end - run.started_at)) } }
                }
                @if let Some(eta) = run.eta_seconds {
                    div { dt { "to go, about" } dd { (words::span(eta)) } }
                }
                @if let Some(spare) = run.spare_seconds {
                    div { dt { "deadline" } dd class=[(spare < 0).then_some("late")] { (words::spare(spare)) } }
                }
            }
        }
    }
}

/// The classes of what was predicted: of the run at work, run by run, or of the latest items where no run has a profile.
pub(super) fn classes(model: &Model, view: &View) -> Markup {
    let names = model.classes();
    let fits = |profile: &Report| profile.classes.len() == names.len() && profile.classes.iter().any(|n| *n > 0);
    let runs: Vec<_> = view.profiles.iter().filter(|(_, profile)| fits(profile)).collect();
    let under_way = view.under_way.as_ref().filter(|counts| counts.iter().any(|n| *n > 0));
    let latest = of_latest(model, view);
    html! {
        section id="classes" aria-labelledby="classes-title" {
            h2 id="classes-title" { "Classes" }
            @if let Some(counts) = under_way {
                p class="note" { "Of what the run at work has predicted so far, by most probable class." }
                (divided(names, counts, "the run at work"))
                (legend(names, counts))
            } @else if let Some((run, profile)) = runs.last() {
                p class="note" { "Predictions by most probable class, run by run; the numbers are those of run " (run) "." }
                div class="columns" {
                    @for (run, profile) in &runs {
                        @let shares = charts::shares(&profile.classes);
                        div data-key=(run) {
                            (charts::column(&shares, &described(&format!("run {run}"), names, &shares)))
                            span { (run) }
                        }
                    }
                }
                (legend(names, &profile.classes))
            } @else if latest.iter().any(|n| *n > 0) {
                p class="note" {
                    "Of the latest " (words::items(latest.iter().sum())) " with a prediction, by most probable class."
                }
                (divided(names, &latest, "latest items"))
                (legend(names, &latest))
            } @else {
                p class="none" { "There is no prediction yet." }
            }
        }
    }
}

fn divided(names: &[String], counts: &[u64], what: &str) -> Markup {
    let shares = charts::shares(counts);
    charts::divided(&shares, &described(what, names, &shares))
}

fn of_latest(model: &Model, view: &View) -> Vec<u64> {
    let mut counts = vec![0; model.classes().len()];
    for item in &view.latest {
        if let Some(predicted) = Predicted::of(model, item) {
            predicted.class.into_iter().for_each(|class| counts[class] += 1);
        }
    }
    counts
}

pub(super) fn described(what: &str, names: &[String], shares: &[f64]) -> String {
    let each: Vec<String> =
        names.iter().zip(shares).map(|(name, share)| format!("{name} {}", words::percent(*share))).collect();
    format!("{what}: {}", each.join(", "))
}

fn legend(names: &[String], counts: &[u64]) -> Markup {
    let shares = charts::shares(counts);
    html! {
        ul class="legend" {
            @for (class, ((name, count), share)) in names.iter().zip(counts).zip(&shares).enumerate() {
                li {
                    svg class="key" viewBox="0 0 1 1" aria-hidden="true" {
                        rect class=(charts::colour(class)) width="1" height="1" {}
                    }
                    span class="name" { (name) }
                    span class="number" { (words::count(*count)) }
                    span class="share" { (words::percent(*share)) }
                }
            }
        }
    }
}

/// How far each feature is from what the model was trained on.
pub(super) fn drift(view: &View) -> Markup {
    let last = view.profiles.iter().rev().find(|(_, profile)| !profile.drift.is_empty());
    let Some((run, profile)) = last else {
        return html! {
            section id="drift" aria-labelledby="drift-title" {
                h2 id="drift-title" { "Drift" }
                p class="none" { "No run has measured it yet." }
            }
        };
    };
    html! {
        section id="drift" aria-labelledby="drift-title" {
            h2 id="drift-title" { "Drift" }
            p class="note" {
                "How far each feature is from the training rows (population stability index), run by run; "
                "the numbers are those of run " (run) "."
            }
            table {
                thead {
                    tr {
                        th { "Feature" } th class="wide" { "Runs" } th class="number" { "Index" }
                        th class="number wide" { "Limit" } th { "State" }
                    }
                }
                tbody {
                    @for drift in &profile.drift {
                        tr data-key=(drift.feature) {
                            th scope="row" { (drift.feature) }
                            td class="wide" {
                                div class="columns low" {
                                    @for (run, ratio) in ratios(view, &drift.feature) {
                                        // Half of the room is the limit.
                                        @let said = format!("run {run}: {} of the limit", words::percent(ratio));
                                        (charts::bar(ratio / 2.0, moved(ratio).0, &said))
                                    }
                                }
                            }
                            td class="number" { (format!("{:.3}", drift.psi)) }
                            td class="number wide" { (format!("{:.3}", drift.threshold)) }
                            td { span class={ "tag " (moved(drift.ratio()).0) } { (moved(drift.ratio()).1) } }
                        }
                    }
                }
            }
            @if !profile.unusual.is_empty() {
                p class="note" { "Run " (run) " scored " (unusual(profile)) "." }
            }
        }
    }
}

/// How far a feature was from it in each run.
fn ratios<'v>(view: &'v View, feature: &'v str) -> impl Iterator<Item = (RunId, f64)> + 'v {
    view.profiles.iter().filter_map(move |(run, profile)| {
        let drift = profile.drift.iter().find(|drift| drift.feature == feature)?;
        Some((*run, drift.ratio()))
    })
}

/// Like `12 items without age, 3 with an unseen city`.
fn unusual(profile: &Report) -> String {
    let each = profile.unusual.iter().flat_map(|Unusual { feature, missing, unseen }| {
        let missing = (*missing > 0).then(|| format!("{} without {feature}", words::items(*missing)));
        let unseen = (*unseen > 0).then(|| format!("{} with an unseen {feature}", words::items(*unseen)));
        missing.into_iter().chain(unseen)
    });
    each.collect::<Vec<_>>().join(", ")
}

/// A ratio for the style sheet and in a word.
fn moved(ratio: f64) -> (&'static str, &'static str) {
    if ratio >= 1.0 { ("poor", "moved") } else { ("good", "steady") }
}

/// What was set aside, and why.
pub(super) fn aside(view: &View) -> Markup {
    let looked_at: u64 = view.reasons.iter().map(|reason| reason.items).sum();
    html! {
        section id="aside" aria-labelledby="aside-title" {
            h2 id="aside-title" { "Set aside" }
            @if view.reasons.is_empty() {
                p class="none" { "Nothing: every item that was tried could be scored." }
            } @else {
                @if looked_at >= u64::from(LOOK) {
                    p class="note" { "Counted among the " (words::count(LOOK.into())) " with the highest keys." }
                }
                div class="reasons" {
                    @for reason in &view.reasons {
                        div data-key=(reason.code) {
                            h3 { code { (reason.code) } " " span { (words::items(reason.items)) } }
                            ul {
                                @for failure in &reason.examples {
                                    li data-key=(failure.item) {
                                        a href={ "/items/" (in_path(&failure.item)) } { "item " (failure.item) }
                                        " " (words::plain(&failure.reason))
                                        @if let Some(values) = view.excerpts.get(&failure.item) {
                                            code class="values" { (words::cut(values, EXCERPT)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The latest predictions.
pub(super) fn latest(model: &Model, table: &ItemsTable, view: &View) -> Markup {
    let names = model.classes();
    let predicted = view.latest.iter().filter_map(|item| Some((item, Predicted::of(model, item)?)));
    let shown: Vec<_> = predicted.take(PREDICTIONS).collect();
    let kind = model.outputs().kind;
    let are_probabilities = kind == PredictionKind::Probabilities;
    let heads = match kind {
        PredictionKind::Probabilities => ("Class", "Probabilities"),
        PredictionKind::Margins => ("Class", "Margins"),
        PredictionKind::Score => ("Class", "Score"),
        PredictionKind::Value => ("", "Prediction"),
    };
    html! {
        section id="latest" aria-labelledby="latest-title" {
            h2 id="latest-title" { "Latest predictions" }
            @if shown.is_empty() {
                p class="none" { "None of the latest items has a prediction." }
            } @else {
                p class="note" { "Of table " code { (table.as_str()) } ", in column " code { (table.prediction.as_str()) } "." }
                table {
                    thead { tr { th { code { (table.key) } } th { (heads.0) } th class="bars" { (heads.1) } } }
                    tbody {
                        @for (item, Predicted { class, outputs }) in &shown {
                            tr data-key=(item.key) {
                                td {
                                    a href={ "/items/" (in_path(&item.key)) } { (item.key) }
                                    @if let Some(values) = &item.values {
                                        code class="values" { (words::cut(values, EXCERPT)) }
                                    }
                                }
                                td {
                                    @if let Some(class) = class { (names[*class]) }
                                    @if let (Some(class), Some(all), true) = (class, outputs, are_probabilities) {
                                        small { (words::percent(all[*class])) }
                                    }
                                }
                                td class="bars" {
                                    @match outputs {
                                        Some(all) if are_probabilities => {
                                            (charts::divided(all, &described(&format!("item {}", item.key), names, all)))
                                        }
                                        Some(all) => { span class="number" { (words::numbers(all)) } }
                                        None => {}
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
