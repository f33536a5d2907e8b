//! Schedules, played, audited and replayed.

use std::process::Stdio;

use crate::report::{Report, Tally};
use crate::schedules::{Traces, Weather, folder, play_all, replayed, seeds};

/// Schedules of the short form and of the full one, on each server.
const FEW: usize = 12;
const MANY: usize = 500;

/// Where they stand in the table that is printed.
const PLACE: usize = 1000;

/// Plays `times` schedules on each server, beginning with that of `seed`.
pub(crate) fn run(short: bool, seed: u64, times: Option<usize>, shapes: &str) -> Report {
    let times = times.unwrap_or(if short { FEW } else { MANY });
    let traces = &folder("schedules");
    let seeds: Vec<u64> = seeds(seed, shapes).take(times).collect();
    let outcome = play_all(&seeds, Weather::Drawn, traces);
    let mut report = Report::default();
    for (server, played) in outcome.played {
        let tally = Tally { tried: played, struck: played, ..Tally::default() };
        report.add((PLACE, server as usize), &format!("schedules          {server:?}"), tally);
    }
    outcome.wrongs.into_iter().for_each(|wrong| report.problem(wrong));
    if replayed(traces, Stdio::inherit()) == Traces::Part {
        report.problem(format!("code and model part, see above; the traces are in {}", traces.display()));
    }
    report
}
