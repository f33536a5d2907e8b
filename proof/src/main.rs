//! Explores the models and says what was found.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use rowscore_proof::setup::{Event, Guard, Setup};
use rowscore_proof::{calm, setups, told};
use stateright::{Checker, HasDiscoveries, Model};

/// Explores the models of the hop's protocol.
#[derive(Parser)]
struct Args {
    /// The model with this name only
    #[arg(long)]
    only: Option<String>,
    /// Threads
    #[arg(long, default_value_t = 2)]
    threads: usize,
    #[arg(long)]
    without: Option<String>,
    #[arg(long)]
    events: Option<String>,
    #[arg(long)]
    quiet: bool,
    #[arg(long)]
    limit: Option<usize>,
    #[arg(long)]
    ends_by_itself: Option<bool>,
}

fn events(text: &str) -> &'static [(Event, u8)] {
    let all = [
        Event::Kill,
        Event::Cut,
        Event::Lost,
        Event::Again,
        Event::Pause,
        Event::Cancel,
        Event::Release,
        Event::Reinsert,
        Event::Deploy,
        Event::Failover,
        Event::Forget,
    ];
    let v: Vec<_> = text
        .split(',')
        .filter(|t| !t.is_empty())
        .map(|t| {
            let (name, n) = t.split_once('=').unwrap_or((t, "1"));
            (*all.iter().find(|e| format!("{e:?}") == name).expect("event"), n.parse().expect("number"))
        })
        .collect();
    v.leak()
}

fn main() -> ExitCode {
    let args = Args::parse();
    let mut is_proven = true;
    for setup in setups::SHORT.iter().filter(|setup| args.only.as_deref().is_none_or(|only| only == setup.name)) {
        let mut setup = setup.clone();
        if let Some(w) = &args.without {
            setup.without = Guard::ALL.iter().copied().find(|g| format!("{g:?}") == *w);
            assert!(setup.without.is_some());
        }
        if let Some(e) = &args.events {
            setup.events = events(e);
        }
        if let Some(e) = args.ends_by_itself {
            setup.ends_by_itself = e;
        }
        is_proven &= explore(&setup, &args);
    }
    if is_proven { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn explore(setup: &Setup, args: &Args) -> bool {
    let begun = Instant::now();
    let mut b = setup.clone().checker().threads(args.threads).finish_when(HasDiscoveries::Any);
    if let Some(l) = args.limit {
        b = b.target_state_count(l);
    }
    let checker = b.spawn_bfs().join();
    let (states, depth, seconds) = (checker.unique_state_count(), checker.max_depth(), begun.elapsed().as_secs_f64());
    println!("{:<12} {states:>10} states {depth:>4} steps deep {seconds:>7.1} s", setup.name);
    for (promise, path) in checker.discoveries() {
        let way = path.into_vec();
        println!("  broken: {promise} ({} steps)", way.len() - 1);
        if args.quiet {
            continue;
        }
        for pair in way.windows(2) {
            println!("    {:?}", pair[0].1.as_ref().map(|action| format!("{action:?}")).unwrap_or_default());
            for line in told::changes(setup, &pair[0].0, &pair[1].0) {
                println!("        {line}");
            }
        }
        let last = &way[way.len() - 1].0;
        if promise == calm::ENDS || promise == calm::ENDS_BY_ITSELF {
            let rest = calm::why_not(setup, last, promise == calm::ENDS);
            println!("    and in peace ({} moments):", rest.len());
            for pair in rest.windows(2).take(80) {
                let lines = told::changes(setup, &pair[0], &pair[1]);
                println!("      * {}", lines.join("\n        "));
            }
        }
    }
    checker.discoveries().is_empty()
}
