//! A server that takes no statement as large as a page's: it says so and hangs up. The page is tried with
//! half of its items until it fits, and nothing is written twice.

use futures_util::future::join_all;

use crate::ledger::Verdict;
use crate::report::{Report, Tally};
use crate::support::OwnServer;
use crate::support::Server;
use crate::support::programs::rowscore;

const ROWS: u64 = 20_000;
const TICK: &str = "2024-03-05T10:00:00Z";

/// Bytes of a statement that the server takes. A prediction has about 60.
const LARGEST: u64 = 1 << 16;

/// More pages than of the size that they begin with.
const SETTINGS: [(&str, &str); 2] = [("LANES", "2"), ("PAGE_SIZE", "5000")];
const PAGES_AT_FIRST: u64 = ROWS / 5000;

pub(crate) async fn run() -> Report {
    let mut report = Report::default();
    for (server, (tally, problem)) in
        join_all([Server::Mysql, Server::Mariadb].map(async |server| (server, refuse(server).await))).await
    {
        report.add((99, server as usize), &format!("{:<18} {server:?}", "small packets"), tally);
        problem.into_iter().for_each(|problem| report.problem(format!("small packets of {server:?}: {problem}")));
    }
    report
}

async fn refuse(kind: Server) -> (Tally, Option<String>) {
    let server = OwnServer::start(kind).await;
    let db = server.database(&SETTINGS).await;
    let filled = rowscore(&["init", "--rows", &ROWS.to_string(), "--until", TICK], db.variables()).await;
    assert!(filled.status.success(), "{filled:?}");
    db.audit().await;
    db.execute(&format!("SET GLOBAL max_allowed_packet = {LARGEST}")).await;

    let run = rowscore(&["run", "--to", TICK], db.variables()).await;

    let number = async |sql: &str| db.value::<u64>(sql).await;
    let lost = number("SELECT COUNT(*) FROM `items` WHERE `prediction` IS NULL").await;
    let twice = number("SELECT COUNT(*) - COUNT(DISTINCT `item`) FROM `audit`").await;
    let hanging = number("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await;
    let pages = number("SELECT SUM(`pages`) FROM `batch_lanes`").await;
    let verdict = Verdict { lost, twice, hanging, different: 0 };
    let is_well = run.status.success() && verdict == Verdict::default();
    let problem = (!is_well).then(|| format!("{verdict:?}, {pages} pages; {}", run.stderr.trim()));
    let struck = u64::from(pages > PAGES_AT_FIRST);
    let unstruck = (struck == 0).then(|| format!("{pages} pages: none was refused"));
    (Tally { tried: 1, struck, rescued: 0, verdict }, problem.or(unstruck))
}
