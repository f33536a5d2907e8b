//! What rowscore does to a table when it is killed, doubled, delayed or cut off: nothing. Faults
//! are injected into the real programs on real servers, and what is left is compared with an
//! undisturbed run. Run through `make faults`, which starts the servers.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on says so by panicking")]

mod aws;
mod cluster;
mod crash;
mod endurance;
mod failover;
mod ledger;
mod matrix;
mod mutations;
mod network;
mod options;
mod packets;
mod politeness;
mod proxy;
mod report;
mod scheduled;
mod schedules;
mod soak;
mod tables;
mod workload;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use futures_util::future::{FutureExt, LocalBoxFuture};
use options::{Options, Scenario};
use report::Report;
use rowscore_tests as support;

/// Faults that the full form must have injected at least.
const FAULTS_IN_FULL: u64 = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let options = Options::read();
    let Options { short, seed, ref only, ref scenarios, .. } = options;
    let begun = Instant::now();
    let mut report = Report::default();
    for scenario in scenarios {
        let scenario_begun = Instant::now();
        let run: LocalBoxFuture<'_, Report> = match scenario {
            Scenario::Matrix => matrix::run(&options).boxed_local(),
            Scenario::Network => network::run(short, seed).boxed_local(),
            Scenario::Packets => packets::run().boxed_local(),
            Scenario::Crash => crash::run().boxed_local(),
            Scenario::Soak => match options.lasts {
                Some(lasts) => endurance::run(lasts, seed).boxed_local(),
                None => soak::run(seed).boxed_local(),
            },
            Scenario::Politeness => politeness::run(seed).boxed_local(),
            Scenario::Cluster => cluster::run(short, seed).boxed_local(),
            Scenario::Failover => failover::run(short, only).boxed_local(),
            Scenario::Mutations => async { mutations::run(seed, only, options.times) }.boxed_local(),
            Scenario::Schedules => async { scheduled::run(short, seed, options.times, only) }.boxed_local(),
        };
        match AssertUnwindSafe(run).catch_unwind().await {
            Ok(part) => report.append(part),
            Err(_) => report.problem(format!("{scenario:?}: the test itself gave up, see above")),
        }
        println!("{scenario:?} took {:.0} s", scenario_begun.elapsed().as_secs_f64());
    }
    let total = report.print();
    if scenarios.contains(&Scenario::Matrix) && !short && only.is_empty() && total.struck < FAULTS_IN_FULL {
        report.problem(format!("{} faults struck, {FAULTS_IN_FULL} are wanted", total.struck));
    }
    // Once more, for who sees only the end.
    report.problems().iter().for_each(|problem| println!("WRONG: {problem}"));
    println!(
        "\n{} faults, {} struck, {} problems, {:.0} s",
        total.tried,
        total.struck,
        report.problems().len(),
        begun.elapsed().as_secs_f64()
    );
    if report.problems().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
