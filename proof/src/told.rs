//! A moment in a few words, for whoever reads a counterexample.

use crate::setup::Setup;
use crate::state::{Db, Hop, Run, RunState, State, Trigger};

/// The parts of a moment that differ from the one before it, one line each.
pub fn changes(setup: &Setup, before: &State, after: &State) -> Vec<String> {
    let (before, after) = (lines(setup, before), lines(setup, after));
    after.into_iter().filter(|line| !before.contains(line)).collect()
}

/// A moment, part by part.
pub fn lines(setup: &Setup, state: &State) -> Vec<String> {
    let runs = state.db.runs.iter().enumerate().filter(|(_, run)| run.state != RunState::None).map(run);
    let hops = state.hops.iter().filter(|hop| hop.trigger != Trigger::Nobody).map(hop);
    let messages = state
        .queue
        .messages()
        .map(|message| format!("queue: run {} worker {} hop {}", message.run + 1, message.worker, message.hop));
    runs.chain([items(setup, &state.db)]).chain(messages).chain(hops).collect()
}

fn run((place, run): (usize, &Run)) -> String {
    let lanes = run.lanes.iter().filter(|lane| lane.high > 0).map(|lane| {
        let end = if lane.finished { " done" } else { "" };
        format!("[{}..{} at {} hop {} claim {}{end}]", lane.low, lane.high, lane.cursor, lane.hop, lane.claim)
    });
    let lanes = lanes.collect::<Vec<_>>().join(" ");
    let Run { state, tick, from, to, model, pass, .. } = run;
    format!("run {}: {state:?} {pass:?} tick {tick} window {from}..{to} model {model} {lanes}", place + 1)
}

fn items(setup: &Setup, db: &Db) -> String {
    let one = |item: &crate::state::Item| match item {
        item if !item.present => "-".to_owned(),
        item if item.predicted => "+".repeat(item.writes.into()),
        item if item.aside > 0 => "x".to_owned(),
        _ => "o".to_owned(),
    };
    let items = db.items.iter().take(setup.items.len()).map(one);
    format!("items: {}", items.collect::<Vec<_>>().join(" "))
}

fn hop(hop: &Hop) -> String {
    let Hop { trigger, stage, run, worker, due, holds, in_page, asked, model, .. } = hop;
    let started = match trigger {
        Trigger::Nobody => String::new(),
        Trigger::Tick(tick) => format!("tick {tick}"),
        Trigger::Message(message, _) => format!("message of worker {} hop {}", message.worker, message.hop),
    };
    let holds = if *holds { " holds" } else { "" };
    let page = if *in_page { " in a page" } else { "" };
    format!(
        "hop of {started}: next {stage:?} run {} worker {worker} as hop {due} model {model} asked {asked}{holds}{page}",
        run + 1
    )
}
