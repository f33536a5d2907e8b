//! The database is killed with SIGKILL and restarted five times while a window of 200,000 items is
//! worked off. The window finishes, the counts add up, and the table is the undisturbed one.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use tokio::time::sleep;

use crate::aws::{Aws, Habits};
use crate::ledger::Verdict;
use crate::report::{Report, Tally};
use crate::support::OwnServer;
use crate::support::programs::rowscore;
use crate::support::{Server, Setup};
use crate::workload::window;

const ROWS: u64 = 200_000;
const CRASHES: u64 = 5;
const TICK: &str = "2024-03-05T10:00:00Z";
const NEXT_TICK: &str = "2024-03-05T11:00:00Z";

/// Each item whose id leaves this after division by 1000 cannot be scored.
const BAD: u64 = 7;

/// How long the server stays away.
const AWAY_FOR: Duration = Duration::from_millis(500);

/// Hops are short, so that there are some.
const SETTINGS: [(&str, &str); 3] = [("HOP_BUDGET_MS", "4000"), ("LANES", "2"), ("FAILURE_POLICY", "leave")];

pub(crate) async fn run() -> Report {
    let mut report = Report::default();
    for (server, (tally, problems)) in
        join_all([Server::Mysql, Server::Mariadb].map(async |server| (server, crash(server).await))).await
    {
        report.add((101, server as usize), &format!("{:<18} {server:?}", "server crash"), tally);
        problems.into_iter().for_each(|problem| report.problem(format!("crash of {server:?}: {problem}")));
    }
    report
}

async fn crash(kind: Server) -> (Tally, Vec<String>) {
    let begun = Instant::now();
    let server = OwnServer::start(kind).await;
    let calm = server.database(&SETTINGS).await.with(&[("ITEMS_TABLE", "calm")]).await;
    fill(&calm).await;
    let undisturbed = rowscore(&["run", "--to", TICK], calm.variables()).await;
    assert!(undisturbed.status.success(), "{undisturbed:?}");
    println!(
        "crash: {kind:?}: undisturbed after {:.0} s: {}",
        begun.elapsed().as_secs_f64(),
        undisturbed.stderr.trim()
    );

    let db = calm.with(&[("ITEMS_TABLE", "items")]).await;
    fill(&db).await;
    db.audit().await;
    let aws = Aws::new(db.variables(), Habits::default()).await;
    let work = async {
        aws.fire(window(TICK)).await;
        let unfinished: u64 = db.value("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await;
        if unfinished > 0 {
            aws.fire(window(NEXT_TICK)).await;
        }
        unfinished
    };
    let (rescued, struck) = join(work, crash_again_and_again(&server, &db)).await;
    let record = aws.record();
    println!(
        "crash: {kind:?}: finished after {:.0} s with {struck} crashes, {} invocations, {} of them failed",
        begun.elapsed().as_secs_f64(),
        record.invocations,
        record.failures
    );
    aws.end();
    let (verdict, problems) = judge(&db).await;
    (Tally { tried: CRASHES, struck, rescued, verdict }, problems)
}

/// Fills the items table, with some bad items.
async fn fill(db: &Setup) {
    let rows = ROWS.to_string();
    let filled = rowscore(&["init", "--rows", &rows, "--until", TICK], db.variables()).await;
    assert!(filled.status.success(), "{filled:?}");
    db.execute(&format!("UPDATE {} SET `values` = '[]' WHERE `id` % 1000 = {BAD}", db.table())).await;
}

/// Kills the server when a sixth of the rows is done, when two sixths are, and so on. Answers how
/// often it did while the run was running.
async fn crash_again_and_again(server: &OwnServer, db: &Setup) -> u64 {
    for crash in 1..=CRASHES {
        loop {
            let (done, over) = progress(db).await;
            if over {
                return crash - 1;
            }
            if done >= crash * ROWS / (CRASHES + 1) {
                break;
            }
            sleep(Duration::from_millis(20)).await;
        }
        server.kill().await;
        sleep(AWAY_FOR).await;
        server.restart().await;
    }
    CRASHES
}

/// Rows that are done, and whether the run is over.
async fn progress(db: &Setup) -> (u64, bool) {
    let sql = "SELECT CAST(COALESCE(SUM(l.`predicted` + l.`failed`), 0) AS UNSIGNED), \
                 COALESCE(MAX(r.`state` <> 'running'), 0) \
               FROM `batch_runs` r JOIN `batch_lanes` l ON l.`run_id` = r.`id` WHERE r.`items_table` = 'items'";
    let rows: Vec<(u64, bool)> = db.rows(sql).await;
    rows[0]
}

async fn judge(db: &Setup) -> (Verdict, Vec<String>) {
    let number = async |sql: &str| db.value::<u64>(sql).await;
    let lost = number(
        "SELECT COUNT(*) FROM `items` i LEFT JOIN `item_failures` f ON f.`items_table` = 'items' AND f.`item_id` = i.`id` \
         WHERE i.`prediction` IS NULL AND f.`item_id` IS NULL",
    )
    .await;
    let twice = number("SELECT COUNT(*) - COUNT(DISTINCT `item`) FROM `audit`").await
        + number("SELECT COUNT(*) FROM `item_failures` WHERE `attempts` <> 1").await;
    let hanging = number("SELECT COUNT(*) FROM `batch_runs` WHERE `unfinished` = 1").await;
    let bad = ROWS / 1000;
    let counts: Vec<String> = db
        .rows(
            "SELECT CONCAT_WS(' ', `state`, `items`, `predicted`, `failed`, `pending`) FROM `batch_runs` \
             WHERE `items_table` = 'items' AND `tick` = '2024-03-05 10:00:00'",
        )
        .await;
    let expected = format!("succeeded_with_failures {ROWS} {} {bad} 0", ROWS - bad);
    // The two tables and their failures, item by item.
    let equal = number(
        "SELECT COUNT(*) FROM `items` i JOIN `calm` c ON c.`id` = i.`id` \
           LEFT JOIN `item_failures` f ON f.`items_table` = 'items' AND f.`item_id` = i.`id` \
           LEFT JOIN `item_failures` g ON g.`items_table` = 'calm' AND g.`item_id` = i.`id` \
         WHERE CAST(i.`values` AS CHAR) = CAST(c.`values` AS CHAR) \
           AND CAST(i.`prediction` AS CHAR) <=> CAST(c.`prediction` AS CHAR) \
           AND f.`reason` <=> g.`reason` AND f.`attempts` <=> g.`attempts`",
    )
    .await;
    let different = ROWS - equal + u64::from(counts != [expected.as_str()]);
    let verdict = Verdict { lost, twice, hanging, different };
    let mut problems = Vec::new();
    if verdict != Verdict::default() {
        problems.push(format!("{verdict:?}; {counts:?} instead of {expected}; {equal} of {ROWS} rows are equal"));
    }
    (verdict, problems)
}
