//! Plays schedules in a storm until something is wrong with one, as `scripts/faults mutations` does with each mutation:
//! a program of its own, since what is built for it is little.
//!
//! Exit status: 0 nothing was wrong; 1 something was. The servers are those of `scripts/with-database`.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on says so by panicking")]

#[path = "../tests/faults/schedules/mod.rs"]
mod schedules;

use std::process::{ExitCode, Stdio};

use clap::Parser;
use rowscore_tests as support;
use schedules::{Traces, Weather, folder, play_all, replayed, seeds};

/// Play schedules in a storm until something is wrong with one
#[derive(Parser)]
struct Args {
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Schedules on each server, at most
    #[arg(long, default_value_t = 150)]
    times: usize,
    /// Only schedules whose shapes have these words, such as `policy=retry_all workers=2`
    #[arg(long, default_value = "")]
    shapes: String,
}

/// Schedules on each server that are played before they are looked at; then four times as many.
const AT_FIRST: usize = 6;

fn main() -> ExitCode {
    let Args { seed, times, shapes } = Args::parse();
    let mut left = seeds(seed, &shapes).take(times);
    let (mut at_once, mut played) = (AT_FIRST, 0);
    loop {
        let some: Vec<u64> = left.by_ref().take(at_once).collect();
        if some.is_empty() {
            break;
        }
        let traces = &folder("storm");
        let outcome = play_all(&some, Weather::Storm, traces);
        let is_unexplained = replayed(traces, Stdio::null()) == Traces::Part;
        played += some.len();
        let by: Vec<&str> = [("audit", !outcome.wrongs.is_empty()), ("replay", is_unexplained)]
            .into_iter()
            .filter_map(|(by, is_noticed)| is_noticed.then_some(by))
            .collect();
        if !by.is_empty() {
            println!("noticed by the {} within {} schedules", by.join(" and the "), 2 * played);
            return ExitCode::FAILURE;
        }
        at_once *= 4;
    }
    println!("unnoticed in {} schedules", 2 * played);
    ExitCode::SUCCESS
}
