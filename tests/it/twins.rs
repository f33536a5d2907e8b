//! Rows of a view that have the same key. Nothing keeps them from coming after the view was looked at.

use rowscore::run::RunState;
use rstest::rstest;

use crate::support::items::sample;
use crate::support::{Server, TestDb, at, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

const VIEW: &str = "CREATE VIEW `named` AS SELECT `name`, `values`, `created_datetime` FROM `notes`";

/// A view of which the key is a column of this type, with 30 rows that have their scores, and the rows `m`, which have none.
async fn scored(server: Server, kind: &str, names: impl Fn(u32) -> String, more: &[String], size: &str) -> TestDb {
    let settings = [
        ("ITEMS_TABLE", "named"),
        ("ID_COLUMN", "name"),
        ("SOURCE_KIND", "view"),
        ("SCORE_TABLE", "scores"),
        ("PAGE_SIZE", size),
        ("LANES", "1"),
    ];
    let db = TestDb::bare(server, &settings).await;
    let ddl = format!(
        "CREATE TABLE `notes` (`n` INT AUTO_INCREMENT PRIMARY KEY, `name` {kind} NOT NULL, `values` JSON NOT NULL, \
         `created_datetime` DATETIME NOT NULL, KEY (`name`), KEY (`created_datetime`)) DEFAULT CHARACTER SET utf8mb4"
    );
    db.execute(&ddl).await;
    db.execute(VIEW).await;
    db.migrate().await;
    let insert = async |names: &[String], created: &str| {
        let rows = names.iter().map(|name| format!("('{name}', '{}', '{created}')", sample(1)));
        let rows = rows.collect::<Vec<_>>().join(", ");
        db.execute(&format!("INSERT INTO `notes` (`name`, `values`, `created_datetime`) VALUES {rows}")).await;
    };
    insert(&(1..=30).map(names).collect::<Vec<_>>(), "2024-03-05 09:30:00").await;
    let first = db.tick(TICK).await;
    assert_eq!((first.state, first.counts.predicted), (Some(RunState::Succeeded), 30));
    insert(more, "2024-03-05 10:30:00").await;
    db
}

/// The run fails at once, and names the key.
async fn is_told(db: &TestDb, keys: &[&str]) {
    let told = db.try_hop(&tick(LATER), unhurried(at(LATER))).await.unwrap_err().to_string();
    let is_named = keys.iter().any(|key| told.contains(&format!("`named` has the key {key} more than once")));
    assert!(is_named, "{told}");
}

#[rstest]
#[tokio::test]
async fn a_text_that_two_rows_have_fails_the_run_wherever_they_meet(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    // On one page, and on both sides of a page's end; a capital is the same to the column.
    #[values("m05", "M05", "m10", "M10", "M30")] twin: &str,
) {
    let more: Vec<String> = (1..=30).map(|n| format!("m{n:02}")).chain([twin.to_owned()]).collect();
    let kind = "VARCHAR(20) COLLATE utf8mb4_general_ci";
    let db = scored(server, kind, |n| format!("k{n:02}"), &more, "10").await;
    is_told(&db, &[twin, &twin.to_lowercase()]).await;
}

#[rstest]
#[tokio::test]
async fn a_number_that_two_rows_have_fails_the_run_wherever_they_meet(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values((35, "10"), (40, "10"), (60, "10"), (60, "1000"))] (twin, size): (u32, &str),
) {
    let more: Vec<String> = (31..=60).chain([twin]).map(|n| n.to_string()).collect();
    let db = scored(server, "BIGINT", |n| n.to_string(), &more, size).await;
    is_told(&db, &[&twin.to_string()]).await;
}
