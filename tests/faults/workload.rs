//! The small table that faults are injected into, and the ticks that work it off.

use std::fmt;

use rowscore::run::{FailurePolicy, Mode};
use serde_json::{Value, json};

use crate::aws::Aws;
use crate::support::items::{Item, sample};
use crate::support::{Server, TestDb, at};
use crate::tables::Table;

/// Items, by id from 1. Every fourth comes in the second window, so that its ids lie among those
/// of the first window's items that were set aside.
const ITEMS: i64 = 96;

/// Items whose values cannot be scored.
const BAD: [(i64, &str); 8] = [
    (1, "null"),
    (9, "[5.1, 3.5, 1.4]"),
    (10, "[]"),
    (30, r#"[5.1, "3.5", 1.4, 0.2]"#),
    (44, "{}"),
    (59, "[1, 2, 3, 4, 5]"),
    (72, "[5.1, 1.7e308, 1.4, 0.2]"),
    (95, "true"),
];

/// The schedule's times. A window's items come within the hour before its tick; the last has none.
const TICKS: [&str; 3] = ["2024-03-05T10:00:00Z", "2024-03-05T11:00:00Z", "2024-03-05T12:00:00Z"];

/// Pages that a lane is cut into, about.
const PAGES_OF_A_LANE: u64 = 5;

/// How the table is worked off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub server: Server,
    pub table: Table,
    pub lanes: u64,
    pub workers: u64,
    /// Whether a hop ends after a page of each lane, so that there are many.
    pub hurried: bool,
    pub policy: FailurePolicy,
    /// By backfills instead of windows.
    pub backfill: Option<Mode>,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, table, lanes, workers, hurried, policy, backfill } = self;
        let hops = if *hurried { "many hops" } else { "one hop" };
        write!(f, "{server:?}, {table}, {workers} × {lanes} lanes, {hops}, {policy}")?;
        backfill.map_or(Ok(()), |mode| write!(f, ", backfill {mode}"))
    }
}

impl Shape {
    fn settings(self) -> Vec<(&'static str, String)> {
        let page = ITEMS.unsigned_abs().div_ceil(PAGES_OF_A_LANE * self.lanes * self.workers);
        let budget_ms = if self.hurried { 1 } else { 60_000 };
        vec![
            ("PAGE_SIZE", page.to_string()),
            ("LANES", self.lanes.to_string()),
            ("WORKERS", self.workers.to_string()),
            ("HOP_BUDGET_MS", budget_ms.to_string()),
            ("FAILURE_POLICY", self.policy.to_string()),
            // A tick that is delivered again may be one more attempt at a window.
            ("MAX_ATTEMPTS", "2".to_owned()),
        ]
    }

    fn item(self, id: i64) -> Item {
        let created = if is_late(id) { "2024-03-05T10:30:00Z" } else { "2024-03-05T09:30:00Z" };
        let bad = BAD.iter().find(|(bad, _)| *bad == id && self.has_bad(id));
        let values = bad.map_or_else(|| sample(id), |(_, values)| (*values).to_owned());
        Item { id, values, created: Some(at(created)) }
    }

    /// Whether an item's values are bad, if bad ones are known for it. A window that is one piece
    /// succeeds without any in many hops, and fails with some in one.
    fn has_bad(self, id: i64) -> bool {
        match self.policy {
            FailurePolicy::RetryFailed | FailurePolicy::Leave => true,
            FailurePolicy::RetryAll => !self.hurried && is_late(id),
        }
    }

    /// The items of which the embedded model's prediction is written in the end.
    pub(crate) fn predicted(self) -> Vec<i64> {
        let all_or_nothing = self.policy == FailurePolicy::RetryAll && !self.hurried;
        if self.backfill == Some(Mode::DryRun) {
            return Vec::new();
        }
        let is_bad = |id: i64| BAD.iter().any(|(bad, _)| *bad == id) && self.has_bad(id);
        (1..=ITEMS).filter(|id| if all_or_nothing { !is_late(*id) } else { !is_bad(*id) }).collect()
    }

    /// How many items are set aside in the end.
    pub(crate) fn set_aside(self) -> usize {
        if self.backfill == Some(Mode::DryRun) {
            return 0;
        }
        BAD.iter().filter(|(id, _)| self.has_bad(*id)).count()
    }

    /// Environments that faults are injected into: one for each worker's chain of hops.
    pub(crate) fn armed(self) -> usize {
        usize::try_from(self.workers).unwrap()
    }

    /// A database with the items in it, watched from here on.
    pub(crate) async fn database(self) -> TestDb {
        let settings = self.settings();
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let db = self.table.make(self.server, &settings).await;
        let items: Vec<Item> = (1..=ITEMS).map(|id| self.item(id)).collect();
        db.insert(&items).await;
        if self.backfill.is_some() {
            self.table.predict_by_another(&db).await;
        }
        self.table.audit(&db).await;
        db
    }

    /// The items that a run of ours wrote. Where there was nothing before, they are checked, too.
    pub(crate) async fn written(self, db: &TestDb) -> Vec<i64> {
        match self.backfill {
            Some(_) => self.table.replaced(db).await,
            None => self.table.predicted(db).await,
        }
    }

    /// What the schedule sends at `tick`.
    fn event(self, tick: &str) -> Value {
        match self.backfill {
            Some(mode) => json!({"run": "backfill", "scheduled_time": tick, "dry_run": !mode.writes()}),
            None => window(tick),
        }
    }
}

/// Whether an item belongs to the second window.
fn is_late(id: i64) -> bool {
    id % 4 == 0
}

/// Lets the schedule fire three times. Answers how often a run was left unfinished, so that its tick
/// came once more, after some `time`. (Another tick would finish it, too, and open a window more
/// than the undisturbed run has.)
pub(crate) async fn work_off(shape: Shape, db: &TestDb, aws: &Aws, time: impl Fn()) -> u64 {
    let mut rescued = 0;
    for tick in TICKS {
        aws.fire(shape.event(tick)).await;
        if db.value::<u64>("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await > 0 {
            rescued += 1;
            time();
            aws.calm_down();
            aws.fire(shape.event(tick)).await;
        }
    }
    shape.table.forget_old(db).await;
    rescued
}

/// The event of a window that ends at `tick`.
pub(crate) fn window(tick: &str) -> Value {
    json!({"run": "window", "scheduled_time": tick})
}

/// Drops the database, while others go on.
pub(crate) async fn drop_table(db: TestDb) {
    tokio::task::spawn_blocking(move || drop(db)).await.unwrap();
}
