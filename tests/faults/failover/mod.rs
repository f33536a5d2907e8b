//! What is left after a real failover: of a replica that was promoted without the last commits, a cluster whose server in
//! use was frozen, a network that was split for longer than a hold, a server that was restored from a backup, and clocks
//! that are an hour apart. Each has
//! assertions of its own, and in the end the same audit as the clusters.

mod clocks;
mod frozen;
mod promoted;
mod restored;
mod scene;
mod split;

use futures_util::future::LocalBoxFuture;

use crate::report::{Report, Tally};
use crate::support::Server;
use scene::Found;

/// Something that happens to a database.
struct Case {
    name: &'static str,
    /// Whether it is over within seconds.
    is_short: bool,
    play: fn(Server) -> LocalBoxFuture<'static, Found>,
}

const CASES: [Case; 11] = [
    Case { name: "a replica lacks pages", is_short: true, play: |kind| Box::pin(promoted::without_pages(kind)) },
    Case { name: "a replica lacks the run", is_short: true, play: |kind| Box::pin(promoted::without_the_run(kind)) },
    Case { name: "a replica lacks the end", is_short: true, play: |kind| Box::pin(promoted::without_the_end(kind)) },
    Case { name: "a frozen server", is_short: false, play: |kind| Box::pin(frozen::the_server_in_use(kind)) },
    Case { name: "a split network", is_short: false, play: |kind| Box::pin(split::for_longer_than_a_hold(kind)) },
    Case { name: "a backup of the server", is_short: true, play: |kind| Box::pin(restored::the_server(kind)) },
    Case { name: "a backup of the rows", is_short: true, play: |kind| Box::pin(restored::the_rows(kind)) },
    Case { name: "a function an hour ahead", is_short: false, play: |kind| Box::pin(clocks::function(kind, "+1h")) },
    Case { name: "a function an hour behind", is_short: false, play: |kind| Box::pin(clocks::function(kind, "-1h")) },
    Case { name: "a server an hour ahead", is_short: false, play: |kind| Box::pin(clocks::server(kind, "+1h")) },
    Case { name: "a server an hour behind", is_short: false, play: |kind| Box::pin(clocks::server(kind, "-1h")) },
];

const SERVERS: [Server; 2] = [Server::Mysql, Server::Mariadb11];

/// Plays those whose names have `only` in them.
pub(crate) async fn run(short: bool, only: &str) -> Report {
    let mut report = Report::default();
    for (number, case) in CASES.iter().enumerate() {
        if (short && !case.is_short) || !case.name.contains(only) {
            continue;
        }
        for kind in SERVERS {
            let Found { struck, rescued, verdict, problems, told } = (case.play)(kind).await;
            println!("failover: {kind:?}: {}: {told}", case.name);
            let tally = Tally { tried: 1, struck: struck.into(), rescued, verdict };
            report.add((104, number), case.name, tally);
            problems.into_iter().for_each(|problem| report.problem(format!("{}, {kind:?}: {problem}", case.name)));
        }
    }
    report
}
