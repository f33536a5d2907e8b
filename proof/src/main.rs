//! Explores the models and says what was found.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use rowscore_proof::setup::{Guard, Setup};
use rowscore_proof::shortest::{Way, shortest, steps};
use rowscore_proof::{calm, setups, told};
use stateright::{Checker, HasDiscoveries, Model};

/// Moments of the peace after a broken promise that are shown.
const SHOWN: usize = 80;

/// Explore the models of the hop's protocol
///
/// Exit status: 0 nothing is broken; 1 something is.
#[derive(Parser)]
struct Args {
    /// The model of this name only
    #[arg(long)]
    only: Option<String>,
    /// Take a guard away, by its name in src/setup.rs
    #[arg(long, value_parser = guard)]
    without: Option<Guard>,
    /// Go through about this many states of each model, the nearest first: what is broken soon is found, and nothing is
    /// proven
    #[arg(long)]
    limit: Option<usize>,
    /// Threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn guard(name: &str) -> Result<Guard, String> {
    let names = || Guard::ALL.iter().map(|guard| format!("{guard:?}"));
    let found = Guard::ALL.iter().find(|guard| format!("{guard:?}") == name);
    found.copied().ok_or_else(|| format!("accepted: {}", names().collect::<Vec<_>>().join(", ")))
}

fn main() -> ExitCode {
    let args = Args::parse();
    let is_asked = |setup: &&Setup| args.only.as_deref().is_none_or(|only| only == setup.name);
    let asked: Vec<&Setup> = setups::SHORT.iter().filter(is_asked).collect();
    if asked.is_empty() {
        let names: Vec<&str> = setups::SHORT.iter().map(|setup| setup.name).collect();
        eprintln!("no model has that name; accepted: {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    let (mut is_whole, mut states) = (true, 0);
    for setup in asked {
        let without = args.without.or(setup.without);
        let (found, seen) = explore(&Setup { without, ..setup.clone() }, &args);
        is_whole &= !found;
        states += seen;
    }
    println!("{states} states in all");
    if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether something was found that breaks a promise, and in how many states it was looked for.
fn explore(setup: &Setup, args: &Args) -> (bool, usize) {
    let begun = Instant::now();
    let mut checker = setup.clone().checker().threads(args.threads).finish_when(HasDiscoveries::Any);
    if let Some(limit) = args.limit {
        checker = checker.target_state_count(limit);
    }
    let checker = checker.spawn_bfs().join();
    let (states, depth, seconds) = (checker.unique_state_count(), checker.max_depth(), begun.elapsed().as_secs_f64());
    println!("{:<12} {states:>10} states {depth:>4} steps deep {seconds:>7.1} s", setup.name);
    let found = checker.discoveries();
    for (promise, path) in &found {
        // One that the checker found by way of others may not be found again with so many states.
        let way = shortest(setup, promise).unwrap_or_else(|| path.clone().into_vec());
        tell(setup, promise, &way);
    }
    let is_cut = args.limit.is_some_and(|limit| states >= limit);
    if is_cut {
        println!("  cut short: this proves nothing");
    }
    (!found.is_empty(), states)
}

/// The way to a state in which a promise is broken, and what does not happen from there on.
fn tell(setup: &Setup, promise: &str, way: &Way) {
    println!("  broken: {promise} ({} steps)", steps(way));
    for pair in way.windows(2) {
        let action = pair[0].1.as_ref().map_or_else(String::new, |action| format!("{action:?}"));
        println!("    * {action}");
        told::changes(setup, &pair[0].0, &pair[1].0).iter().for_each(|line| println!("        {line}"));
    }
    if ![calm::ENDS, calm::ENDS_BY_ITSELF].contains(&promise) {
        return;
    }
    let rest = way.last().map_or_else(Vec::new, |(last, _)| calm::why_not(setup, last, promise == calm::ENDS));
    println!("    and in peace ({} moments):", rest.len());
    for pair in rest.windows(2).take(SHOWN) {
        println!("      * {}", told::changes(setup, &pair[0], &pair[1]).join("\n        "));
    }
}
