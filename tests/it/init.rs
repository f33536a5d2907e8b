//! `rowscore init`: what it makes, what it says of it, and what it makes only if somebody wants it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use rstest::rstest;
use serde_json::Value;

use crate::support::programs::{Program, ROWSCORE, on_a_terminal, rowscore, start_on_a_terminal_of_a_thinker};
use crate::support::readings::{Own, insert_samples, readings};
use crate::support::{Server, Setup, TestDb, eventually};

fn with(db: &TestDb, name: &str, value: &str) -> BTreeMap<String, String> {
    let mut variables = db.variables().clone();
    variables.insert(name.into(), value.into());
    variables
}

#[rstest]
#[tokio::test]
async fn a_slip_in_a_name_makes_nothing_and_is_told_what_there_is(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let owner = TestDb::bare(server, &[]).await;
    let slip = format!("{}_slip", owner.config.mysql.database);

    let no_database = rowscore(&["init"], &with(&owner, "MYSQL_DATABASE", &slip)).await;
    assert_eq!(no_database.status.code(), Some(1), "{no_database:?}");
    let told = format!("there is no database `{slip}` on ");
    assert!(
        no_database.stderr.contains(&told) && no_database.stderr.contains("check MYSQL_DATABASE"),
        "{no_database:?}"
    );
    assert!(no_database.stderr.contains("`rowscore init --create`"), "{no_database:?}");
    let found: u64 =
        owner.value(&format!("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{slip}'")).await;
    assert_eq!(found, 0);

    let mut variables = owner.variables().clone();
    variables.insert("MYSQL_DATABASE".into(), db.config.mysql.database.clone());
    variables.insert("ITEMS_TABLE".into(), "itmes".into());
    let no_table = rowscore(&["init"], &variables).await;
    assert_eq!(no_table.status.code(), Some(1), "{no_table:?}");
    assert!(no_table.stderr.contains("there is no table `itmes` in database"), "{no_table:?}");
    assert!(!no_table.stderr.contains("batch_"), "nobody means those: {no_table:?}");
    assert!(no_table.stderr.contains("`items`") && no_table.stderr.contains("check ITEMS_TABLE"), "{no_table:?}");
    assert_eq!(db.rows::<String>("SHOW TABLES LIKE 'itmes'").await, Vec::<String>::new());
}

#[rstest]
#[tokio::test]
async fn what_was_made_is_told_with_the_time_that_it_took_and_again_nothing_was_missing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::bare(server, &[]).await;
    let made = format!("{}_made", owner.config.mysql.database);
    let variables = with(&owner, "MYSQL_DATABASE", &made);

    let init = rowscore(&["init", "--create"], &variables).await;
    assert_eq!(init.status.code(), Some(0), "{init:?}");
    for told in
        [&format!("Created database `{made}` in 0."), "Created table `items` in 0.", "Created view `batch_status` in "]
    {
        assert!(init.stderr.contains(told), "{told} in {init:?}");
    }
    assert!(!init.stderr.contains("Added"), "{init:?}");
    let done: Value = serde_json::from_str(&init.stdout).unwrap();
    assert_eq!(done["done"].as_array().unwrap().len(), init.stderr.lines().count(), "{init:?}");

    let again = rowscore(&["init"], &variables).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    assert_eq!(again.stderr, format!("Nothing was missing. The tables are in place in database `{made}`.\n"));
    owner.execute(&format!("DROP DATABASE `{made}`")).await;
}

#[rstest]
#[tokio::test]
async fn what_a_table_of_the_users_gains_is_told(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, .. } = readings(server, &[]).await;
    owner.execute("ALTER TABLE `Readings` DROP COLUMN `run_id`").await;
    let keys: Vec<String> = owner
        .rows(
            "SELECT DISTINCT `index_name` FROM information_schema.statistics WHERE `table_schema` = DATABASE() \
               AND `table_name` = 'Readings' AND `index_name` <> 'PRIMARY'",
        )
        .await;
    for key in &keys {
        owner.execute(&format!("ALTER TABLE `Readings` DROP KEY `{key}`")).await;
    }

    let init = rowscore(&["init"], owner.variables()).await;

    assert_eq!(init.status.code(), Some(0), "{init:?}");
    let told = "Added column `run_id` and key `items_window` to table `Readings` in ";
    assert!(init.stderr.starts_with(told), "{init:?}");
}

#[rstest]
#[case::yes("y\\n", Some(0))]
#[case::no("n\\n", Some(1))]
#[case::nothing("\\n", Some(1))]
#[tokio::test]
async fn on_a_terminal_it_asks_before_it_makes_a_table(#[case] typed: &str, #[case] code: Option<i32>) {
    let db = TestDb::bare(Server::Mysql, &[]).await;

    let init = on_a_terminal("init", typed, db.variables()).await;

    assert_eq!(init.status.code(), code, "{init:?}");
    assert!(init.stdout.contains("there is no table `items` in database") && init.stdout.contains("[y/N]"), "{init:?}");
    assert_eq!(db.rows::<String>("SHOW TABLES").await.is_empty(), code != Some(0), "{init:?}");
}

#[rstest]
#[tokio::test]
async fn whoever_wants_a_new_database_is_asked_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::bare(server, &[]).await;
    let made = format!("{}_asked", owner.config.mysql.database);

    let init = on_a_terminal("init", "y\\n", &with(&owner, "MYSQL_DATABASE", &made)).await;

    assert_eq!(init.status.code(), Some(0), "{init:?}");
    assert_eq!(init.stdout.matches("[y/N]").count(), 1, "{init:?}");
    assert!(init.stdout.contains(&format!("Created database `{made}` in ")), "{init:?}");
    owner.execute(&format!("DROP DATABASE `{made}`")).await;
}

#[rstest]
#[tokio::test]
async fn a_table_that_a_transaction_has_used_for_long_is_waited_for(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, .. } = readings(server, &[]).await;
    owner.execute("ALTER TABLE `Readings` DROP COLUMN `run_id`, DROP KEY `items_window`").await;
    insert_samples(&owner, 3).await;
    let mut report = owner.connect().await;
    report.query_drop("START TRANSACTION; SELECT * FROM `Readings`").await.unwrap();

    let init = Program::start(ROWSCORE, &["init"], owner.variables());
    tokio::time::sleep(Duration::from_secs(12)).await;
    report.query_drop("COMMIT").await.unwrap();
    let init = init.end().await;

    assert_eq!(init.status.code(), Some(0), "{init:?}");
    assert!(
        init.stderr.starts_with("Added column `run_id` and key `items_window` to table `Readings` in "),
        "{init:?}"
    );
}

/// Waits until a program asks, and ends its connections then, as a server does that hears nothing.
async fn end_connections_at_the_question(asking: &Program, db: &Setup) {
    eventually("it asks", async || asking.output().0.contains("[y/N]")).await;
    let others =
        "SELECT `id` FROM `information_schema`.`processlist` WHERE `db` = DATABASE() AND `id` <> CONNECTION_ID()";
    let mut conn = db.connect().await;
    for id in conn.query::<u64, _>(others).await.unwrap() {
        // One may have gone by itself.
        let _ = conn.query_drop(format!("KILL {id}")).await;
    }
}

#[rstest]
#[tokio::test]
async fn whoever_thinks_longer_than_a_connection_lasts_is_answered_all_the_same(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    let init = start_on_a_terminal_of_a_thinker("init", "y\\n", db.variables());
    end_connections_at_the_question(&init, &db).await;
    let init = init.end().await;
    assert_eq!(init.status.code(), Some(0), "{init:?}");
    assert!(init.stdout.contains("Created table `items` in "), "{init:?}");

    let mut jobs = tempfile::NamedTempFile::new().unwrap();
    jobs.write_all(b"[churn]\nsource = \"items\"\n").unwrap();
    let apply = format!("apply {}", jobs.path().to_str().unwrap());
    let apply = start_on_a_terminal_of_a_thinker(&apply, "y\\n", db.variables());
    end_connections_at_the_question(&apply, &db).await;
    let apply = apply.end().await;
    assert_eq!(apply.status.code(), Some(0), "{apply:?}");
    assert!(apply.stdout.contains("Applied; the next tick works by it."), "{apply:?}");
}
