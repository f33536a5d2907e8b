//! The small table that schedules are played on, and what must be true of it in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::{FromRow, Queryable};
use rowscore::run::{FailurePolicy, RunId, RunState};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::game::{CALM_TICKS, time_of};
use super::lot::Lot;
use crate::support::database::lock_waits;
use crate::support::items::{Item, sample};
use crate::support::{Server, Setup, TestDb, at};

/// How many items a table has; the last comes late.
pub(super) const ITEMS: i64 = 7;

/// How many ticks, which come every hour, a window reaches back.
const LOOK_BACK: u8 = 2;

/// What is drawn of a schedule before it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub policy: FailurePolicy,
    pub workers: u64,
    pub lanes: u64,
    pub page: u64,
    /// The item that cannot be scored; 0: none.
    pub bad: i64,
    pub ticks: usize,
}

impl Shape {
    pub(super) fn draw(seed: u64) -> Self {
        // Another sequence than that of the turns.
        let lot = &mut Lot::new(seed ^ u64::from(u32::MAX));
        let policies = [FailurePolicy::RetryFailed, FailurePolicy::Leave, FailurePolicy::RetryAll];
        Self {
            policy: lot.one_of(&policies),
            workers: 1 + lot.below(2) as u64,
            lanes: 1 + lot.below(2) as u64,
            page: 1 + lot.below(3) as u64,
            bad: lot.below(3) as i64,
            ticks: 1 + lot.below(2),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, workers, lanes, page, bad, ticks } = self;
        write!(f, "policy={policy} workers={workers} lanes={lanes} page={page} bad={bad} ticks={ticks}")
    }
}

/// A database that schedules are played in, one after the other.
pub(super) struct Place {
    db: TestDb,
    server: Server,
    /// For whoever looks at it.
    conn: Mutex<Conn>,
}

impl Place {
    pub(super) async fn new(server: Server) -> Self {
        let db = TestDb::new(server, &[]).await;
        db.audit().await;
        let conn = Mutex::new(db.connect().await);
        Self { db, server, conn }
    }

    /// Takes away what the schedule before has left.
    async fn clear(&self) {
        let mut conn = self.conn.lock().await;
        for table in ["items", "batch_lanes", "item_failures", "audit"] {
            conn.query_drop(format!("DELETE FROM `{table}`")).await.unwrap();
        }
        // It takes a tenth of a second; but numbers begin anew, and so do its unique keys: of a deleted row they keep what
        // others have to wait for, until the server has thrown it away.
        conn.query_drop("TRUNCATE TABLE `batch_runs`").await.unwrap();
    }
}

/// A table that a schedule is played on.
pub(super) struct Ground<'p> {
    place: &'p Place,
    pub setup: Setup,
    pub shape: Shape,
    late: AtomicBool,
}

impl<'p> Ground<'p> {
    pub(super) async fn new(place: &'p Place, shape: Shape) -> Self {
        place.clear().await;
        let settings = [
            ("PAGE_SIZE", shape.page.to_string()),
            ("LANES", shape.lanes.to_string()),
            ("WORKERS", shape.workers.to_string()),
            ("FAILURE_POLICY", shape.policy.to_string()),
            ("MAX_ATTEMPTS", "2".to_owned()),
            ("LOOKBACK", format!("{LOOK_BACK}h")),
        ];
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let setup = place.db.with(&settings).await;
        let early = (1..ITEMS).map(|id| Self::item(shape, id)).collect::<Vec<_>>();
        setup.insert(&early).await;
        Self { place, setup, shape, late: AtomicBool::new(true) }
    }

    async fn rows<T: FromRow + Send + 'static>(&self, sql: &str) -> Vec<T> {
        self.place.conn.lock().await.query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn item(shape: Shape, id: i64) -> Item {
        let created = if id == 4 && shape.ticks > 1 { "2024-03-05T10:30:00Z" } else { "2024-03-05T09:30:00Z" };
        let values = if id == shape.bad { "[5.1, 3.5]".to_owned() } else { sample(id) };
        Item { id, values, created: Some(at(created)) }
    }

    pub(super) fn has_late_row(&self) -> bool {
        self.late.load(Ordering::Relaxed)
    }

    /// A row becomes visible late, within the look-back.
    pub(super) async fn insert_late_row(&self) {
        self.late.store(false, Ordering::Relaxed);
        self.setup.insert(&[Self::item(self.shape, ITEMS)]).await;
    }

    /// What the replay must know of it.
    pub(super) fn told(&self) -> Value {
        let shape = self.shape;
        let item = |id: i64| {
            let created = Self::item(shape, id).created.map(|at| at.timestamp());
            json!({ "created": created, "is_bad": id == shape.bad, "is_late": id == ITEMS })
        };
        let ticks: Vec<i64> = (0..shape.ticks + CALM_TICKS).map(|number| at(&time_of(number)).timestamp()).collect();
        json!({
            "ticks": ticks, "items": (1..=ITEMS).map(item).collect::<Vec<_>>(), "workers": shape.workers,
            "lanes": shape.lanes, "policy": shape.policy, "look_back": LOOK_BACK,
        })
    }

    /// Runs that are not over.
    pub(super) async fn unfinished(&self) -> Vec<(RunId, RunState)> {
        let runs: Vec<(u64, String)> =
            self.rows("SELECT `id`, `state` FROM `batch_runs` WHERE `unfinished` = 1 ORDER BY `id`").await;
        runs.into_iter().map(|(id, state)| (RunId(id), state.parse().unwrap())).collect()
    }

    pub(super) async fn resume_all(&self) {
        let sql = "UPDATE `batch_runs` SET `state` = 'running' WHERE `state` = 'paused'";
        self.place.conn.lock().await.query_drop(sql).await.unwrap();
    }

    /// How many of these connections wait for a lock.
    pub(super) async fn lock_waits(&self, connections: &BTreeSet<u32>) -> usize {
        let waits = lock_waits(&mut *self.place.conn.lock().await).await;
        waits.iter().filter(|wait| connections.contains(&wait.connection)).count()
    }

    /// Waits until the server has noticed that these connections are gone.
    pub(super) async fn wait_for_end_of(&self, connections: &BTreeSet<u32>) -> Result<(), String> {
        if connections.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let ids = connections.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        let from = match self.place.server {
            Server::Mysql => "`performance_schema`.`threads` WHERE `processlist_id`",
            Server::Mariadb | Server::Mariadb11 => "`information_schema`.`processlist` WHERE `id`",
        };
        let sql = format!("SELECT COUNT(*) FROM {from} IN ({ids})");
        while self.rows::<u64>(&sql).await != [0] {
            if begun.elapsed() > Duration::from_secs(20) {
                return Err(format!("the server keeps the connections {ids}"));
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Ok(())
    }

    /// Whether nothing is left to do.
    pub(super) async fn is_done(&self) -> bool {
        self.unfinished().await.is_empty() && self.left().await.is_empty()
    }

    /// Items that should have a prediction and have none.
    async fn left(&self) -> Vec<i64> {
        let bad = self.shape.bad;
        // A window in one piece is not written as long as one of its items is bad.
        let whole = bad > 0 && self.shape.policy == FailurePolicy::RetryAll;
        let which = if whole { "FALSE".to_owned() } else { format!("`id` <> {bad}") };
        self.rows(&format!("SELECT `id` FROM `items` WHERE `prediction` IS NULL AND {which} ORDER BY `id`")).await
    }

    /// What is wrong with the table, when everything is done.
    pub(super) async fn wrongs(&self) -> Vec<String> {
        let mut wrongs = Vec::new();
        let left = self.left().await;
        if !left.is_empty() {
            wrongs.push(format!("items {left:?} have no prediction"));
        }
        let mut writes: BTreeMap<i64, u32> = BTreeMap::new();
        for item in self.rows("SELECT `item` FROM `audit`").await {
            *writes.entry(item).or_default() += 1;
        }
        wrongs.extend(
            writes
                .iter()
                .filter(|(_, times)| **times > 1)
                .map(|(item, times)| format!("item {item} was written {times} times")),
        );
        let counts: Vec<(u64, String, Option<u64>, u64)> = self
            .rows(
                "SELECT r.`id`, r.`state`, r.`predicted`, \
                   (SELECT COUNT(*) FROM `items` i WHERE i.`run_id` = r.`id` AND i.`prediction` IS NOT NULL) \
                 FROM `batch_runs` r WHERE NOT (r.`state` = 'failed' AND r.`lanes` = 0)",
            )
            .await;
        for (run, state, said, is) in counts {
            if said.is_some_and(|said| said != is) || !state.parse::<RunState>().unwrap().is_over() {
                wrongs.push(format!("run {run} is {state} and says {said:?} predicted, the table {is}"));
            }
        }
        let unseen: Vec<u64> =
            self.rows("SELECT `id` FROM `batch_runs` WHERE `items` <> `predicted` + `failed` + `pending`").await;
        if !unseen.is_empty() {
            wrongs.push(format!("the counts of the runs {unseen:?} do not add up"));
        }
        wrongs
    }
}
