//! Hours of everything at once, drawn by a seed: several jobs over three tables, two versions of the function that take
//! runs over from each other, users who insert, change, reset, delete and leave transactions open, tables that are altered
//! and renamed, functions and servers that are killed. Every prediction that was ever visible is in a ledger that the
//! servers themselves keep, and the ledger is audited all the while.

mod audit;
mod diary;
mod gauges;
mod ground;
mod red;
mod runs;
mod troubles;
mod users;
mod writes;

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all, join3};
use rand_mt::Mt64;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::aws::{Aws, Habits};
use crate::ledger::Verdict;
use crate::report::{Report, Tally};
use crate::support::{OwnServer, Server, Setup};
use audit::Audit;
use diary::Diary;

/// Between two audits, and between two lines about them, at the pace of an hour.
const AUDIT_EVERY: Duration = Duration::from_secs(30);
const TELL_EVERY: Duration = Duration::from_secs(180);

/// Between two looks for what is over and can be forgotten.
const CLEAR_EVERY: Duration = Duration::from_secs(10);

/// Hops at work at a time, over all jobs: the machine is not to be overwhelmed.
pub(super) const CONCURRENCY: usize = 4;

/// Small pages and short hops make many moments at which to die.
const SETTINGS: [(&str, &str); 6] = [
    ("PAGE_SIZE", "40"),
    ("LANES", "2"),
    ("WORKERS", "2"),
    ("HOP_BUDGET_MS", "500"),
    ("LOOKBACK", "1m"),
    ("MAX_FAILED_PERCENT", "100"),
];

/// As in AWS, but for the waits: messages come again after a minute there, not after seconds.
const HABITS: Habits = Habits {
    time_limit: Duration::from_secs(60),
    redelivers_after: Duration::from_secs(3),
    doubles_after: Some(Duration::from_secs(5)),
    concurrency: CONCURRENCY,
    logging: "rowscore=info",
    clock_s: 0,
};

/// How long it takes, and how dense troubles are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    until: Instant,
    /// 1 for an hour and more; less makes all pauses shorter, so that a few minutes have some of everything.
    scale: f64,
}

impl Length {
    fn of(lasts: Duration) -> Self {
        let hours = lasts.as_secs_f64() / 3600.0;
        Self { until: Instant::now() + lasts, scale: hours.clamp(0.15, 1.0) }
    }

    fn is_over(self) -> bool {
        Instant::now() >= self.until
    }

    /// Sleeps for a pause at this density, and not beyond the end.
    async fn pause(self, pause: Duration) {
        let left = self.until.saturating_duration_since(Instant::now());
        sleep(pause.mul_f64(self.scale).min(left)).await;
    }

    /// The same for a pause that is drawn: `mean` on average.
    async fn drawn_pause(self, mean: Duration, random: &mut Mt64) {
        self.pause(mean.mul_f64((random.next_u64() % 2000) as f64 / 1000.0)).await;
    }
}

pub(crate) async fn run(lasts: Duration, seed: u64) -> Report {
    println!("endurance: seed {seed}, {:.0} minutes, on {:?}", lasts.as_secs_f64() / 60.0, SERVERS);
    let mut report = Report::default();
    let soaked = join_all(SERVERS.map(async |server| (server, endure(server, lasts, seed).await)));
    for (server, (tally, problems)) in soaked.await {
        report.add((102, server as usize), &format!("{:<18} {server:?}", "endurance"), tally);
        problems.into_iter().for_each(|problem| report.problem(format!("endurance of {server:?}: {problem}")));
    }
    report
}

const SERVERS: [Server; 2] = [Server::Mysql, Server::Mariadb11];

async fn endure(kind: Server, lasts: Duration, seed: u64) -> (Tally, Vec<String>) {
    let server = OwnServer::start_with(kind, &["--relaxed"]).await;
    let owner = server.bare(&SETTINGS).await;
    let diary = Diary::new(kind);
    red::check(&server, &owner, &diary).await;
    let scorer = ground::make(&owner).await;
    let aws = Aws::new(scorer.variables(), HABITS).await;
    let mut random = Mt64::new(seed ^ (kind as u64) << 32);
    let mut of_users = Mt64::new(random.next_u64());
    let length = Length::of(lasts);
    let is_over = Cell::new(false);

    let (sender, events) = mpsc::unbounded_channel();
    let troubles = troubles::make(&server, &owner, &aws, &diary, length, &mut random, sender);
    let users = users::disturb(&owner, &diary, length, &mut of_users);
    let mut audit = Audit::new(server.folder());
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("endurance-{seed}-{kind:?}.log"));
    let watched = watch(&owner, &aws, &diary, &mut audit, length, &is_over, &log);
    let work = async {
        join3(aws.work(events), troubles, users).await;
        last_rounds(&owner, &aws, &diary).await;
        is_over.set(true);
    };
    join(work, watched).await;
    diary.step("it is quiet: the last audit".to_owned());
    aws.calm_down();
    audit.last(&owner, &diary).await;
    println!("{}", audit.line(&diary, &aws.record()));
    println!("endurance: {kind:?}: what the functions logged is in {}", log.display());
    aws.end();
    let struck = diary.troubles();
    (Tally { tried: struck, struck, rescued: 0, verdict: audit.verdict() }, audit.problems().to_vec())
}

/// Audits, tells and clears away until it is over. What the functions log is kept.
async fn watch(
    owner: &Setup,
    aws: &Aws,
    diary: &Diary,
    audit: &mut Audit,
    length: Length,
    is_over: &Cell<bool>,
    log: &Path,
) {
    let _ = std::fs::remove_file(log);
    let (mut audited, mut told, mut cleared) = (Instant::now(), Instant::now(), Instant::now());
    while !is_over.get() {
        sleep(Duration::from_millis(250)).await;
        if cleared.elapsed() > CLEAR_EVERY {
            append(log, &aws.clear_away());
            cleared = Instant::now();
        }
        if audited.elapsed() > AUDIT_EVERY.mul_f64(length.scale) {
            audit.look(owner, aws, diary).await;
            audited = Instant::now();
        }
        if told.elapsed() > TELL_EVERY.mul_f64(length.scale) {
            println!("{}", audit.line(diary, &aws.record()));
            told = Instant::now();
        }
    }
    append(log, &aws.clear_away());
}

/// A folder that cannot be written to must not end hours of work.
fn append(log: &Path, text: &str) {
    let written =
        OpenOptions::new().create(true).append(true).open(log).and_then(|mut file| file.write_all(text.as_bytes()));
    if let Err(error) = written {
        eprintln!("{}: {error}", log.display());
    }
}

/// Rounds of a tick and a sweep after which everything must be done: the first may only finish what was left behind, by
/// a run of another version.
const LAST_ROUNDS: usize = 6;

/// It is quiet, and there is one version of the function: ticks and sweeps, until they leave nothing behind.
async fn last_rounds(owner: &Setup, aws: &Aws, diary: &Diary) {
    aws.calm_down();
    for round in 1..=LAST_ROUNDS {
        // Behind the newest row.
        sleep(Duration::from_secs(2)).await;
        for run in ["window", "sweep"] {
            aws.fire(troubles::event(run, troubles::now())).await;
        }
        diary.step(format!("quiet round {round}"));
        if matches!(audit::nothing_left(owner).await, Ok(true)) {
            return;
        }
    }
}

/// What was wrong, by kind.
fn add(verdict: &mut Verdict, kind: writes::Wrong) {
    match kind {
        writes::Wrong::Lost => verdict.lost += 1,
        writes::Wrong::Twice => verdict.twice += 1,
        writes::Wrong::Hanging => verdict.hanging += 1,
        writes::Wrong::Different => verdict.different += 1,
    }
}
