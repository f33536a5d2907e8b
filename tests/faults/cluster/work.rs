//! What there is to do for rowscore: windows, sweeps and backfills, without an end.

use std::cell::Cell;
use std::time::Duration;

use chrono::{SubsecRound, TimeDelta, Utc};
use futures_util::future::join;
use mysql_async::prelude::Queryable;
use rowscore::store::StoreError;
use rowscore::window::Time;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, timeout};

use super::{audit, neighbours};
use crate::aws::Aws;
use crate::support::{Setup, at};

/// When all items have arrived that there are at the beginning.
pub(super) const FIRST_TICK: &str = "2024-03-05T10:00:00Z";

const TICK_EVERY: Duration = Duration::from_secs(4);

/// Rounds of a tick, a sweep and a backfill after which everything must be done.
const LAST_ROUNDS: usize = 4;

/// Items that are made work again at once, and the pause after it.
const BATCH: u64 = 5000;
const PAUSE: Duration = Duration::from_millis(700);

#[expect(clippy::disallowed_methods, reason = "the schedule is real time, as the items' timestamps are")]
fn now() -> Time {
    Utc::now().trunc_subsecs(0)
}

fn event(run: &str, tick: Time) -> Value {
    json!({"run": run, "scheduled_time": tick})
}

/// Fires the schedules until it is over, and makes done items work again.
pub(super) async fn schedule(db: &Setup, items: u64, events: UnboundedSender<Value>, is_over: &Cell<bool>) {
    let fire = async {
        events.send(event("window", at(FIRST_TICK))).unwrap();
        let mut turn = 0;
        while !is_over.get() {
            sleep(TICK_EVERY).await;
            let run = ["backfill", "window", "sweep"][turn % 3];
            events.send(event(run, now())).unwrap();
            turn += 1;
        }
        drop(events);
    };
    join(fire, undo(db, items, is_over)).await;
}

/// Takes predictions away, for windows and sweeps, or makes them look as if another model had made
/// them, for backfills; batch by batch, from the first item to the last and again.
async fn undo(db: &Setup, items: u64, is_over: &Cell<bool>) {
    let mut first = 1;
    while !is_over.get() {
        sleep(PAUSE).await;
        let last = first + BATCH - 1;
        let done = timeout(super::PATIENCE, undo_batch(db, first, last));
        if matches!(done.await, Ok(Ok(()))) {
            first = if last >= items { 1 } else { last + 1 };
        }
    }
}

async fn undo_batch(db: &Setup, first: u64, last: u64) -> Result<(), StoreError> {
    let mut conn = db.owner.connect().await?;
    let sql = format!(
        "{}; UPDATE `items` SET `prediction` = IF(`id` % 2, `prediction`, NULL), `run_id` = NULL \
         WHERE `id` BETWEEN {first} AND {last} AND `run_id` IS NOT NULL",
        neighbours::IS_NEIGHBOUR
    );
    let doing = "making items work again";
    conn.query_drop(sql).await.map_err(|source| StoreError::Mysql { doing, source })
}

/// It is quiet: a tick, a sweep and a backfill, until they leave nothing behind. Answers how often.
pub(super) async fn last_rounds(db: &Setup, aws: &Aws) -> usize {
    for round in 1..=LAST_ROUNDS {
        // Behind every item, and other ticks than before.
        let tick = now() + TimeDelta::seconds(1);
        sleep(Duration::from_secs(2)).await;
        for run in ["window", "sweep", "backfill"] {
            aws.fire(event(run, tick)).await;
        }
        if audit::nothing_left(db).await {
            return round;
        }
    }
    LAST_ROUNDS
}
