//! `rowscore run` killed without warning, and started again.

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::database::RunRow;
use crate::support::items::{Item, sample};
use crate::support::programs::{Ended, Program, ROWSCORE, rowscore};
use crate::support::{Server, TestDb, at, eventually};

/// 1000 items, some of them bad.
async fn table(server: Server, settings: &[(&str, &str)]) -> TestDb {
    let db = TestDb::new(server, settings).await;
    let items: Vec<Item> = (1..=1000)
        .map(|id| {
            let values = if id % 100 == 7 { "[]".to_owned() } else { sample(id) };
            Item { id, values, created: Some(at("2024-03-05T09:30:00Z")) }
        })
        .collect();
    db.insert(&items).await;
    db
}

#[rstest]
#[tokio::test]
async fn a_run_that_is_killed_again_and_again_leaves_the_same_table_as_an_undisturbed_one(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    // With other policies the run after the last kill would try its failures again.
    let undisturbed = table(server, &[("FAILURE_POLICY", "leave")]).await;
    assert!(rowscore(&["run"], undisturbed.variables()).await.status.success());

    let db = table(server, &[("PAGE_SIZE", "10"), ("FAILURE_POLICY", "leave")]).await;
    db.audit().await;
    db.slow_down(2).await;
    for pages in [1, 2, 15, 40] {
        let mut program = Program::start(ROWSCORE, &["run"], db.variables());
        eventually(&format!("{pages} pages are committed"), async || {
            if !program.is_running() {
                // The server has not yet noticed that its predecessor is gone.
                program = Program::start(ROWSCORE, &["run"], db.variables());
            }
            db.pages().await >= pages
        })
        .await;
        program.kill();
        assert_eq!(db.run(1).await.state, "running", "killed after {} pages", db.pages().await);
    }
    let last = loop {
        let ended = rowscore(&["run"], db.variables()).await;
        if ended.status.code() != Some(3) {
            break ended;
        }
    };

    let Ended { status, stdout, .. } = last;
    assert_eq!(status.code(), Some(0), "{stdout}");
    assert_eq!(serde_json::from_str::<Value>(&stdout).unwrap()["state"], json!("succeeded"));
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 990, 10, 0));
    assert_eq!(db.pages().await, 100);
    assert!(db.snapshot().await == undisturbed.snapshot().await, "the tables differ");
    assert_eq!(db.updated().await, db.predicted().await);
    let attempts: Vec<u32> = db.rows("SELECT `attempts` FROM `item_failures`").await;
    assert_eq!(attempts, [1; 10]);
}
