//! A network between rowscore and the database that drops connections, is cut, stalls and goes
//! silent, at random bytes of a run. The final state must be the undisturbed run's.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::future::{FutureExt, join_all};
use futures_util::{StreamExt, stream};
use rand_mt::Mt64;
use rowscore::run::FailurePolicy;

use crate::aws::{Aws, Habits};
use crate::ledger::Ledger;
use crate::proxy::{Mishap, Proxy};
use crate::report::{Report, Tally};
use crate::support::Server;
use crate::tables::Table;
use crate::workload::{Shape, drop_table, work_off};

/// Mishaps under way at the same time. Most of the time they wait.
const SIDE_BY_SIDE: usize = 8;

/// After this time the function would be ended: longer than a silent server can keep a hop.
const TIME_LIMIT: Duration = Duration::from_secs(200);

/// Mishaps of each kind on each server, in the short and in the full form.
fn count(mishap: Mishap, short: bool) -> usize {
    match (mishap, short) {
        (Mishap::Drop, true) => 4,
        (Mishap::Drop, false) => 30,
        (Mishap::Cut, true) | (Mishap::Stall, true) => 1,
        (Mishap::Cut, false) => 10,
        (Mishap::Stall, false) | (Mishap::Silence, false) => 5,
        (Mishap::Silence, true) => 0,
    }
}

/// One mishap in one run.
#[derive(Clone, Copy, Debug)]
struct Case {
    shape: Shape,
    mishap: Mishap,
    /// So many bytes are carried first.
    at: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "network: {} at byte {} on {}", self.mishap.name(), self.at, self.shape)
    }
}

/// What an undisturbed run comes to, and how many bytes it takes.
struct Reference {
    shape: Shape,
    ledger: Ledger,
    bytes: u64,
}

impl Reference {
    async fn of(shape: Shape) -> Self {
        let (ledger, proxy, rescued) = through_proxy(shape, None).await;
        assert_eq!(rescued, 0, "{shape}: the undisturbed run was not finished by its own hops");
        Self { shape, ledger, bytes: proxy.carried() }
    }
}

/// Works off a table through a network with one mishap, or none. Answers what it came to, the
/// network, and how often it took one more tick.
async fn through_proxy(shape: Shape, mishap: Option<(Mishap, u64)>) -> (Ledger, Proxy, u64) {
    let db = shape.database().await;
    let proxy = Proxy::start(db.config.mysql.port, mishap).await;
    let mut variables: BTreeMap<String, String> = db.variables().clone();
    variables.insert("MYSQL_PORT".into(), proxy.port.to_string());
    let aws = Aws::new(&variables, Habits { time_limit: TIME_LIMIT, ..Habits::default() }).await;
    let rescued = work_off(shape, &db, &aws, || proxy.heal()).await;
    aws.end();
    proxy.heal();
    let ledger = Ledger::read(&shape, &db).await;
    drop_table(db).await;
    (ledger, proxy, rescued)
}

/// Injects the mishaps, at bytes that `seed` draws.
pub(crate) async fn run(short: bool, seed: u64) -> Report {
    let references = join_all(shapes().map(Reference::of)).await;
    let mut random = Mt64::new(seed);
    let mut cases = Vec::new();
    // The slow ones first, so that the others are done beside them.
    for mishap in Mishap::ALL.into_iter().rev() {
        for turn in 0..2 * count(mishap, short) {
            let reference = &references[turn % references.len()];
            cases.push((Case { shape: reference.shape, mishap, at: random.next_u64() % reference.bytes }, reference));
        }
    }
    println!("network: {} mishaps", cases.len());
    let begun = Instant::now();
    let mut report = Report::default();
    let mut results = stream::iter(cases)
        .map(async |(case, reference)| (case, AssertUnwindSafe(inject(case, reference)).catch_unwind().await))
        .buffer_unordered(SIDE_BY_SIDE);
    while let Some((case, result)) = results.next().await {
        match result {
            Ok((tally, problem)) => {
                report.add((100, case.mishap as usize), &format!("{:<18} {}", "network", case.mishap.name()), tally);
                problem.into_iter().for_each(|problem| report.problem(problem));
            }
            Err(_) => report.problem(format!("{case}: the test itself gave up, see above")),
        }
    }
    println!("network: {} mishaps, {:.0} s", report.total().tried, begun.elapsed().as_secs_f64());
    report
}

/// Many hops with many connections, and one long hop; each on both servers.
fn shapes() -> impl Iterator<Item = Shape> {
    [(4, true), (2, false)].into_iter().flat_map(|(lanes, hurried)| {
        [Server::Mysql, Server::Mariadb].map(|server| Shape {
            server,
            table: Table::Numbers,
            lanes,
            workers: 1,
            hurried,
            policy: FailurePolicy::RetryFailed,
            backfill: None,
        })
    })
}

async fn inject(case: Case, reference: &Reference) -> (Tally, Option<String>) {
    let (ledger, proxy, rescued) = through_proxy(case.shape, Some((case.mishap, case.at))).await;
    let found = ledger.compare(&reference.ledger);
    let tally = Tally { tried: 1, struck: proxy.struck().into(), rescued, verdict: found.verdict };
    let problem = (found.verdict != Default::default()).then(|| format!("{case}:\n{found}"));
    (tally, problem)
}
