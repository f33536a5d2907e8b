//! Clocks that are an hour apart: the function's, or the database server's after a failover to one whose clock is wrong.
//! What is pending must be predicted once, by a window or at the latest by a sweep.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use chrono::{SubsecRound, TimeDelta, Utc};
use rowscore::window::Time;
use serde_json::json;
use tokio::time::sleep;

use super::scene::{Found, Scene, expect, judge, predicted, unfinished};
use crate::aws::{Aws, Habits};
use crate::support::items::sample;
use crate::support::programs::Program;
use crate::support::{OwnServer, Server, Setup};

/// Items that arrive before and after the clock goes wrong.
const EACH: i64 = 300;

#[expect(clippy::disallowed_methods, reason = "the schedule is real time, as the items' timestamps are")]
fn now() -> Time {
    Utc::now().trunc_subsecs(0)
}

/// The schedule's event, by AWS's clock, which is right.
fn tick(at: Time) -> serde_json::Value {
    json!({"run": "window", "scheduled_time": at})
}

/// Items that arrive now, by the server's clock.
async fn arrive(db: &Setup, items: i64) {
    let rows: Vec<String> = (0..items).map(|id| format!("('{}')", sample(id))).collect();
    db.execute(&format!("INSERT INTO `items` (`values`) VALUES {}", rows.join(", "))).await;
}

/// Lets items arrive, and then the schedule fire, three times.
async fn three_rounds(db: &Setup, aws: &Aws) {
    for _ in 0..3 {
        arrive(db, EACH).await;
        // Behind the second in which they arrived.
        sleep(Duration::from_secs(2)).await;
        aws.fire(tick(now())).await;
    }
}

/// The function's clock is off by `offset`; the server's is right.
pub(super) async fn function(kind: Server, offset: &str) -> Found {
    let scene = Scene::empty(kind).await;
    let db = &scene.db;
    let mut variables: BTreeMap<String, String> = scene.variables();
    let clock = OwnServer::clock(offset).await;
    variables.extend(clock.clone());
    let aws = Aws::new(&variables, Habits { clock_s: seconds(offset), ..Habits::default() }).await;
    let mut problems = Vec::new();
    three_rounds(db, &aws).await;
    let by_window = predicted(db).await;
    expect(&mut problems, by_window == 3 * EACH, format!("windows predicted {by_window} of {} items", 3 * EACH));
    let off: i64 =
        db.value("SELECT MAX(ABS(TIMESTAMPDIFF(SECOND, `started_at`, UTC_TIMESTAMP(3)))) FROM `batch_runs`").await;
    expect(&mut problems, off < 300, format!("a run is noted {off} s off the server's clock"));
    // That the function had this clock, and that it is off.
    let has_clock = |process: &u32| {
        fs::read_to_string(format!("/proc/{process}/maps")).is_ok_and(|maps| maps.contains("libfaketime"))
    };
    let told = Program::start_shell("date +%s", &clock).end().await.stdout;
    let off = told.trim().parse::<i64>().unwrap() - now().timestamp();
    let is_off =
        (off - seconds(offset)).abs() < 60 && !aws.processes().is_empty() && aws.processes().iter().all(has_clock);
    expect(&mut problems, is_off, format!("the functions' clock was not off, or by {off} s"));
    aws.end();
    let told = format!("windows predicted {by_window} items at once, and runs are noted by the server's clock");
    judge(db, is_off, 0, problems, told).await
}

/// The server's clock is off by `offset` from a moment on, as after a failover, and right again after another one; the
/// function's and the schedule's are right.
pub(super) async fn server(kind: Server, offset: &'static str) -> Found {
    let scene = Scene::empty(kind).await;
    let db = &scene.db;
    let aws = scene.aws().await;
    let mut problems = Vec::new();
    arrive(db, EACH).await;
    sleep(Duration::from_secs(2)).await;
    aws.fire(tick(now())).await;
    let before = predicted(db).await;
    expect(&mut problems, before == EACH, format!("{before} of {EACH} items are predicted before anything happens"));
    scene.server.stop().await;
    scene.server.restart_with_clock(offset).await;
    let off: i64 = db.value(&format!("SELECT TIMESTAMPDIFF(SECOND, '{}', UTC_TIMESTAMP())", now().naive_utc())).await;
    let is_off = (off - seconds(offset)).abs() < 60;
    expect(&mut problems, is_off, format!("the server's clock is off by {off} s"));
    three_rounds(db, &aws).await;
    let at_once = predicted(db).await - before;
    // A window an hour later: what arrived in the future has come then.
    aws.fire(tick(now() + TimeDelta::seconds(3600 + 60))).await;
    let later = predicted(db).await - before - at_once;
    expect(&mut problems, unfinished(db).await == 0, "a run is not over");
    expect(&mut problems, at_once + later == 3 * EACH, format!("windows predicted {} items", at_once + later));
    scene.server.stop().await;
    scene.server.restart().await;
    let all = predicted(db).await;
    three_rounds(db, &aws).await;
    let after = predicted(db).await - all;
    expect(&mut problems, after == 3 * EACH, format!("{after} items are predicted once the clock is right again"));
    aws.end();
    let told = format!(
        "of {} items windows predicted {at_once} at once and {later} an hour later, and {after} when the clock was right again",
        3 * EACH
    );
    judge(db, is_off, 0, problems, told).await
}

/// `+1h` and `-1h` in seconds.
fn seconds(offset: &str) -> i64 {
    if offset.starts_with('-') { -3600 } else { 3600 }
}
