//! A minute of everything at once, drawn by a seed: the schedule fires every other second, sweeps
//! run beside windows, functions are killed at random, the database server too, and another client
//! inserts, changes, resets and deletes rows all the while. Then it becomes quiet, and every write
//! that was made is judged.

mod audit;
mod client;

use std::time::{Duration, Instant};

use chrono::{SubsecRound, TimeDelta, Utc};
use futures_util::future::{join, join_all, join4};
use rand_mt::Mt64;
use rowscore::window::Time;
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::time::sleep;

use crate::aws::{Aws, Habits};
use crate::report::{Report, Tally};
use crate::support::OwnServer;
use crate::support::{Server, Setup};

/// How long the noise takes.
const NOISE: Duration = Duration::from_secs(60);

/// Between two ticks, two sweeps, two kills of a function and two of the server.
const TICK_EVERY: Duration = Duration::from_millis(1500);
const SWEEP_EVERY: Duration = Duration::from_secs(7);
const KILL_EVERY_MS: u64 = 700;
const CRASH_EVERY: Duration = Duration::from_secs(20);

/// Small pages and short hops make many moments at which to die.
const SETTINGS: [(&str, &str); 6] = [
    ("PAGE_SIZE", "40"),
    ("LANES", "2"),
    ("WORKERS", "3"),
    ("HOP_BUDGET_MS", "150"),
    ("LOOKBACK", "20s"),
    ("MAX_FAILED_PERCENT", "100"),
];

/// Rounds of a tick and a sweep after which everything must be done: the first may only finish what
/// was left behind.
const LAST_ROUNDS: usize = 3;

pub(crate) async fn run(seed: u64) -> Report {
    let mut report = Report::default();
    let soaked = join_all([Server::Mysql, Server::Mariadb].map(async |server| (server, soak(server, seed).await)));
    for (server, (tally, problems)) in soaked.await {
        report.add((102, server as usize), &format!("{:<18} {server:?}", "soak"), tally);
        problems.into_iter().for_each(|problem| report.problem(format!("soak of {server:?}: {problem}")));
    }
    report
}

async fn soak(kind: Server, seed: u64) -> (Tally, Vec<String>) {
    let server = OwnServer::start(kind).await;
    let db = server.database(&SETTINGS).await;
    audit::watch(&db).await;
    let aws = Aws::new(db.variables(), Habits::default()).await;
    let mut random = Mt64::new(seed ^ (kind as u64) << 32);
    let quiet_at = Instant::now() + NOISE;

    client::insert_many(&db, &mut random, 3000).await;
    let (sender, events) = mpsc::unbounded_channel();
    let noise = join4(
        schedule(sender, quiet_at),
        kill_functions(&aws, Mt64::new(random.next_u64()), quiet_at),
        crash_server(&server, quiet_at),
        client::disturb(&db, Mt64::new(random.next_u64()), quiet_at),
    );
    let noise = async {
        let ((), kills, crashes, changes) = noise.await;
        (kills, crashes, changes)
    };
    let ((), (kills, crashes, changes)) = join(aws.work(events), noise).await;

    let rounds = last_rounds(&db, &aws).await;
    let record = aws.record();
    let dead_letters = aws.dead_letters();
    aws.end();
    let (verdict, problems, judged) = audit::judge(&db).await;
    println!(
        "soak: {kind:?}: seed {seed}: {kills} functions and {crashes} servers killed, {} invocations ({} failed), \
         {dead_letters} dead letters; {changes} changes by the client; {judged}; quiet after {rounds} more rounds",
        record.invocations, record.failures
    );
    (Tally { tried: kills + crashes, struck: kills + crashes, rescued: 0, verdict }, problems)
}

#[expect(clippy::disallowed_methods, reason = "the schedule is real time, as the items' timestamps are")]
fn now() -> Time {
    Utc::now().trunc_subsecs(0)
}

fn event(run: &str, tick: Time) -> Value {
    json!({"run": run, "scheduled_time": tick})
}

/// Sends events until then.
async fn schedule(events: UnboundedSender<Value>, until: Instant) {
    let ticks = async {
        while Instant::now() < until {
            events.send(event("window", now())).unwrap();
            sleep(TICK_EVERY).await;
        }
    };
    let sweeps = async {
        while Instant::now() < until {
            sleep(SWEEP_EVERY).await;
            events.send(event("sweep", now())).unwrap();
        }
    };
    join(ticks, sweeps).await;
}

async fn kill_functions(aws: &Aws, mut random: Mt64, until: Instant) -> u64 {
    let mut kills = 0;
    while Instant::now() < until {
        sleep(Duration::from_millis(random.next_u64() % (2 * KILL_EVERY_MS))).await;
        // Nobody at work: the next moment comes soon.
        while Instant::now() < until && !aws.kill_one(random.next_u64() as usize) {
            sleep(Duration::from_millis(1)).await;
        }
        kills += 1;
    }
    kills
}

async fn crash_server(server: &OwnServer, until: Instant) -> u64 {
    let mut crashes = 0;
    sleep(CRASH_EVERY / 2).await;
    while Instant::now() < until {
        server.kill().await;
        server.restart().await;
        crashes += 1;
        sleep(CRASH_EVERY.min(until.saturating_duration_since(Instant::now()))).await;
    }
    crashes
}

/// It is quiet: a tick and a sweep, until they leave nothing behind. Answers how often.
async fn last_rounds(db: &Setup, aws: &Aws) -> usize {
    for round in 1..=LAST_ROUNDS {
        // Behind every item, and other ticks than before.
        let tick = now() + TimeDelta::seconds(1);
        sleep(Duration::from_secs(2)).await;
        aws.fire(event("window", tick)).await;
        aws.fire(event("sweep", tick)).await;
        if audit::nothing_left(db).await {
            return round;
        }
    }
    LAST_ROUNDS
}
