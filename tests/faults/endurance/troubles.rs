//! What is done to rowscore: the schedules fire, functions and servers are killed, tables are altered and renamed, and
//! versions of the function are deployed.

use std::time::Duration;

use chrono::{SubsecRound, Utc};
use futures_util::future::{join, join4};
use mysql_async::prelude::Queryable;
use rand_mt::Mt64;
use rowscore::window::Time;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, timeout};

use super::Length;
use super::diary::Diary;
use super::ground::TABLES;
use crate::aws::Aws;
use crate::support::programs::SCORE;
use crate::support::{OwnServer, Setup};

/// The other version of the function: the same code with another model, as `scripts/faults` builds it.
pub(super) const OTHER: &str = "score_before";

/// The variable that names its model's file.
pub(super) const OTHER_MODEL: &str = "ROWSCORE_OTHER_MODEL";

const TICK_EVERY: Duration = Duration::from_secs(15);
const SWEEP_EVERY: Duration = Duration::from_secs(50);
const BACKFILL_EVERY: Duration = Duration::from_secs(300);
const KILL_EVERY: Duration = Duration::from_secs(20);
const CRASH_EVERY: Duration = Duration::from_secs(240);
const ALTER_EVERY: Duration = Duration::from_secs(45);
const DEPLOY_EVERY: Duration = Duration::from_secs(75);

/// How long a server stays away, and a table under another name, at most.
const AWAY_MS: u64 = 5000;

/// An alteration waits for open transactions, and everybody else for it.
const PATIENCE: Duration = Duration::from_secs(60);

const FUNCTIONS: &str = "functions killed";
const KILLED: &str = "servers killed";
const RESTARTED: &str = "servers restarted";
const ALTERED: &str = "tables altered";
const RENAMED: &str = "tables renamed to and fro";
const DEPLOYED: &str = "deployments";

/// All kinds of troubles, as they are counted.
pub(super) const KINDS: [&str; 6] = [FUNCTIONS, KILLED, RESTARTED, ALTERED, RENAMED, DEPLOYED];

/// The present, as schedules write it.
#[expect(clippy::disallowed_methods, reason = "the schedule is real time, as the items' timestamps are")]
pub(super) fn now() -> Time {
    Utc::now().trunc_subsecs(0)
}

/// What the schedule sends for all jobs.
pub(super) fn event(run: &str, tick: Time) -> Value {
    json!({"run": run, "scheduled_time": tick})
}

/// Makes troubles until it is over.
pub(super) async fn make(
    server: &OwnServer,
    owner: &Setup,
    aws: &Aws,
    diary: &Diary,
    length: Length,
    random: &mut Mt64,
    events: UnboundedSender<Value>,
) {
    let [mut kills, mut crashes, mut alterations] = [(); 3].map(|()| Mt64::new(random.next_u64()));
    let others = join4(
        kill_functions(aws, diary, length, &mut kills),
        crash_server(server, diary, length, &mut crashes),
        alter_tables(owner, diary, length, &mut alterations),
        deploy(aws, diary, length),
    );
    join(fire(events, diary, length), others).await;
}

/// Sends the schedules' events until it is over.
async fn fire(events: UnboundedSender<Value>, diary: &Diary, length: Length) {
    let again_and_again = async |run: &'static str, counted: &'static str, every: Duration| {
        while !length.is_over() {
            events.send(event(run, now())).unwrap();
            diary.count(counted);
            length.pause(every).await;
        }
    };
    futures_util::future::join3(
        again_and_again("window", "ticks", TICK_EVERY),
        again_and_again("sweep", "sweeps", SWEEP_EVERY),
        again_and_again("backfill", "backfills", BACKFILL_EVERY),
    )
    .await;
}

async fn kill_functions(aws: &Aws, diary: &Diary, length: Length, random: &mut Mt64) {
    while !length.is_over() {
        length.drawn_pause(KILL_EVERY, random).await;
        // Nobody at work: the next moment comes soon.
        while !length.is_over() && !aws.kill_one(random.next_u64() as usize) {
            sleep(Duration::from_millis(5)).await;
        }
        diary.trouble(FUNCTIONS, "a function was killed".to_owned());
    }
}

async fn crash_server(server: &OwnServer, diary: &Diary, length: Length, random: &mut Mt64) {
    length.pause(CRASH_EVERY / 2).await;
    while !length.is_over() {
        if random.next_u64().is_multiple_of(3) {
            diary.trouble(RESTARTED, "the server is stopped".to_owned());
            server.stop().await;
        } else {
            diary.trouble(KILLED, "the server is killed".to_owned());
            server.kill().await;
        }
        sleep(Duration::from_millis(random.next_u64() % AWAY_MS)).await;
        server.restart().await;
        diary.step("the server is back".to_owned());
        length.drawn_pause(CRASH_EVERY, random).await;
    }
}

/// Until it is over, and until no table is away any more.
async fn alter_tables(owner: &Setup, diary: &Diary, length: Length, random: &mut Mt64) {
    let mut number = 0;
    while !length.is_over() {
        length.drawn_pause(ALTER_EVERY, random).await;
        let table = TABLES[random.next_u64() as usize % TABLES.len()];
        number += 1;
        if random.next_u64().is_multiple_of(4) {
            diary.trouble(RENAMED, format!("`{table}` is renamed"));
            if execute(owner, diary, &format!("RENAME TABLE `{table}` TO `{table}_away`")).await {
                sleep(Duration::from_millis(random.next_u64() % AWAY_MS)).await;
                while !execute(owner, diary, &format!("RENAME TABLE `{table}_away` TO `{table}`")).await {
                    sleep(Duration::from_secs(1)).await;
                }
            }
            continue;
        }
        let (there, back) = alteration(table, number, random);
        diary.trouble(ALTERED, there.clone());
        if execute(owner, diary, &there).await {
            length.drawn_pause(ALTER_EVERY / 2, random).await;
            while !execute(owner, diary, &back).await {
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// An alteration, and what takes it back.
fn alteration(table: &str, number: u32, random: &mut Mt64) -> (String, String) {
    let (there, back) = match random.next_u64() % 4 {
        0 => (format!("ADD COLUMN `extra_{number}` INT NULL"), format!("DROP COLUMN `extra_{number}`")),
        1 => (
            format!("ADD COLUMN `extra_{number}` INT NOT NULL DEFAULT 7 FIRST"),
            format!("DROP COLUMN `extra_{number}`"),
        ),
        2 => (format!("ADD INDEX `by_touch_{number}` (`touched`)"), format!("DROP INDEX `by_touch_{number}`")),
        _ => ("ENGINE=InnoDB".to_owned(), "COMMENT='rebuilt'".to_owned()),
    };
    (format!("ALTER TABLE `{table}` {there}"), format!("ALTER TABLE `{table}` {back}"))
}

/// Whether the statement was done, or found done: the server may be killed before it has answered.
async fn execute(owner: &Setup, diary: &Diary, sql: &str) -> bool {
    let done = timeout(PATIENCE, async {
        let mut conn = owner.database.connect().await.map_err(|error| error.to_string())?;
        conn.query_drop(sql).await.map_err(|error| error.to_string())
    });
    let error = match done.await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error,
        Err(_) => format!("no answer within {PATIENCE:?}"),
    };
    diary.step(format!("{sql}: {error}"));
    // Unknown table, column or key; table or column that exists: it was done before.
    ["1146", "1091", "1050", "1060", "1061"].iter().any(|code| error.contains(&format!("({code})")))
}

/// Now one version, now the other, and in between both at the same time.
async fn deploy(aws: &Aws, diary: &Diary, length: Length) {
    for versions in [&[SCORE][..], &[SCORE, OTHER], &[OTHER], &[OTHER, SCORE]].into_iter().cycle() {
        if length.is_over() {
            break;
        }
        aws.deploy(versions);
        diary.trouble(DEPLOYED, format!("deployed: {versions:?}"));
        length.pause(DEPLOY_EVERY).await;
    }
    aws.deploy(&[SCORE]);
    diary.step("deployed: the one version that stays".to_owned());
}
