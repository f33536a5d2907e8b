//! A table that is worked off through a network that can lead elsewhere, and the judgement of what is left.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::time::sleep;

use crate::aws::{Aws, Habits};
use crate::cluster::audit;
use crate::ledger::Verdict;
use crate::proxy::Proxy;
use crate::support::{OwnServer, Server, Setup};
use crate::workload::window;

/// The items of the first window, which arrived in the half hour before its tick.
pub(super) const ITEMS: i64 = 3000;
pub(super) const CREATED: &str = "2024-03-05T09:30:00Z";

/// The schedule's times.
pub(super) const TICKS: [&str; 5] = [
    "2024-03-05T10:00:00Z",
    "2024-03-05T11:00:00Z",
    "2024-03-05T12:00:00Z",
    "2024-03-05T13:00:00Z",
    "2024-03-05T14:00:00Z",
];

/// Small pages and short hops, so that there are many.
pub(super) const SETTINGS: [(&str, &str); 4] =
    [("PAGE_SIZE", "20"), ("LANES", "2"), ("WORKERS", "2"), ("HOP_BUDGET_MS", "200")];

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(90);

/// What a case came to.
pub(super) struct Found {
    /// Whether what was to happen did happen while a run was at work.
    pub struck: bool,
    /// Ticks that it took beside the first.
    pub rescued: u64,
    pub verdict: Verdict,
    pub problems: Vec<String>,
    /// In a sentence.
    pub told: String,
}

/// A server, as it is set up, and the network that functions reach it through.
pub(super) struct Scene {
    pub server: OwnServer,
    pub db: Setup,
    pub network: Proxy,
}

impl Scene {
    /// With items of the first window.
    pub(super) async fn new(kind: Server) -> Self {
        let scene = Self::empty(kind).await;
        scene.db.fill(1..=ITEMS, CREATED).await;
        scene
    }

    /// Without any item.
    pub(super) async fn empty(kind: Server) -> Self {
        let server = OwnServer::start_with(kind, &["--relaxed"]).await;
        let db = server.database(&SETTINGS).await;
        audit::watch(&db).await;
        Self::around(server, db).await
    }

    /// Of a server that was set up before.
    pub(super) async fn around(server: OwnServer, db: Setup) -> Self {
        let network = Proxy::start(db.config.mysql.port, None).await;
        Self { server, db, network }
    }

    /// The environment of functions that go through the network.
    pub(super) fn variables(&self) -> BTreeMap<String, String> {
        let mut variables = self.db.variables().clone();
        variables.insert("MYSQL_PORT".into(), self.network.port.to_string());
        variables
    }

    /// An AWS whose functions do.
    pub(super) async fn aws(&self) -> Aws {
        // Long enough for an operator who is a program.
        Aws::new(&self.variables(), Habits { redelivers_after: Duration::from_secs(2), ..Habits::default() }).await
    }
}

/// Items that are predicted.
pub(super) async fn predicted(db: &Setup) -> i64 {
    db.value("SELECT COUNT(*) FROM `items` WHERE `prediction` IS NOT NULL").await
}

/// The number of the hop that is due next, at most.
pub(super) async fn hop(db: &Setup) -> u64 {
    db.value("SELECT CAST(COALESCE(MAX(`hop`), 0) AS UNSIGNED) FROM `batch_lanes`").await
}

/// Runs that are not over.
pub(super) async fn unfinished(db: &Setup) -> u64 {
    db.value("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await
}

/// Waits until so many items are predicted.
pub(super) async fn until_predicted(db: &Setup, items: i64) {
    let begun = Instant::now();
    while predicted(db).await < items {
        assert!(begun.elapsed() < PATIENCE, "{items} items are not predicted in time");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Lets the schedule fire until no run is unfinished and no item of the first window is left. Answers how many ticks that
/// took.
pub(super) async fn fire_until_done(db: &Setup, aws: &Aws, ticks: &[&str]) -> u64 {
    let mut fired = 0;
    for tick in ticks {
        if unfinished(db).await == 0 && audit::nothing_left(db).await {
            break;
        }
        aws.let_time_pass();
        aws.fire(window(tick)).await;
        fired += 1;
    }
    fired
}

/// A sweep of everything, as it comes once a day.
pub(super) async fn sweep(aws: &Aws, tick: &str) {
    aws.fire(json!({"run": "sweep", "scheduled_time": tick})).await;
}

/// Judges what is left.
pub(super) async fn judge(db: &Setup, struck: bool, rescued: u64, mut problems: Vec<String>, told: String) -> Found {
    let (mut verdict, more, summary) = audit::judge(db).await;
    verdict.different += problems.len() as u64;
    problems.extend(more);
    Found { struck, rescued, verdict, problems, told: format!("{told}; {summary}") }
}

/// A problem, unless `holds`.
pub(super) fn expect(problems: &mut Vec<String>, holds: bool, what: impl Into<String>) {
    if !holds {
        problems.push(what.into());
    }
}
