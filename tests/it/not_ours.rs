//! Something that is there by the name of a score table, and is none: it is refused, and stays as it is.

use mysql_async::Row;
use mysql_async::prelude::Queryable;
use rstest::rstest;

use crate::support::programs::rowscore;
use crate::support::{Server, Setup, TestDb};

/// Somebody's table. It has the key that a score table would have.
const CUSTOMERS: &str = "CREATE TABLE `customers` (`id` BIGINT NOT NULL PRIMARY KEY, `name` VARCHAR(20) NOT NULL); \
                         INSERT INTO `customers` VALUES (1, 'a')";

/// Items by the default columns, without any that is written.
const ITEMS: &str =
    "CREATE TABLE `items` (`id` BIGINT NOT NULL PRIMARY KEY, `values` JSON, `created_datetime` TIMESTAMP NULL)";

/// What every score table has beside the key.
const OWN: &str =
    "`run_id` BIGINT UNSIGNED NOT NULL, `model_version` VARCHAR(64) NOT NULL, `predicted_at` DATETIME(3) NOT NULL";

/// The tables and views, each as it is defined.
async fn definitions(db: &Setup) -> Vec<String> {
    let mut conn = db.connect().await;
    let tables: Vec<String> = conn.query("SHOW TABLES").await.unwrap();
    let mut definitions = Vec::new();
    for table in tables {
        let row: Option<Row> = conn.query_first(format!("SHOW CREATE TABLE `{table}`")).await.unwrap();
        definitions.push(row.unwrap().get(1).unwrap());
    }
    definitions
}

/// Asserts that `rowscore init` refuses what is there with this sentence, and makes nothing.
async fn assert_refused(db: &TestDb, said: &str) {
    let before = definitions(db).await;
    let init = rowscore(&["init", "--create"], db.variables()).await;
    assert_eq!(init.status.code(), Some(1), "{init:?}");
    assert!(init.stderr.contains(said), "{said} in {init:?}");
    assert_eq!(definitions(db).await, before);
}

#[rstest]
#[tokio::test]
async fn init_makes_nothing_where_somebody_elses_table_has_the_name_of_the_score_table(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[values(true, false)] has_items: bool,
) {
    let db = TestDb::bare(server, &[("SCORE_TABLE", "customers")]).await;
    db.execute(CUSTOMERS).await;
    if has_items {
        db.execute(ITEMS).await;
    }
    let said = "SCORE_TABLE names `customers`, which is no score table: it has no column `run_id`, `model_version`, \
                `predicted_at`; accepted: a new name, by which rowscore makes one, or a score table that it made";
    assert_refused(&db, said).await;
    assert_eq!(db.rows::<(i64, String)>("SELECT * FROM `customers`").await, [(1, "a".to_owned())]);
}

#[rstest]
#[case::a_view(
    "CREATE VIEW `scores` AS SELECT * FROM `customers`",
    "SCORE_TABLE names `scores`, which is a view; accepted: "
)]
#[case::without_a_time(
    "CREATE TABLE `scores` (`id` BIGINT PRIMARY KEY, `run_id` BIGINT, `model_version` VARCHAR(64))",
    "SCORE_TABLE names `scores`, which is no score table: it has no column `predicted_at`; accepted: "
)]
#[case::by_another_key(
    "CREATE TABLE `scores` (`no` BIGINT PRIMARY KEY, {own})",
    "the primary key of SCORE_TABLE `scores` is (no); SCORES=latest needs (id): set SCORE_TABLE to a new name"
)]
#[case::a_history(
    "CREATE TABLE `scores` (`id` BIGINT, {own}, PRIMARY KEY (`id`, `model_version`))",
    "SCORES=latest needs (id): set SCORES to the other, or SCORE_TABLE to a new name"
)]
#[case::with_another_prediction(
    "CREATE TABLE `scores` (`id` BIGINT PRIMARY KEY, {own}, `prediction` INT)",
    "PREDICTION_COLUMN `prediction` is int"
)]
#[case::without_transactions(
    "CREATE TABLE `scores` (`id` BIGINT PRIMARY KEY, {own}) ENGINE=MyISAM",
    "the engine MyISAM of the table `scores` has no transactions"
)]
#[tokio::test]
async fn a_score_table_that_cannot_be_one_is_refused_before_it_is_altered(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
    #[case] ddl: &str,
    #[case] said: &str,
) {
    let db = TestDb::bare(server, &[("SCORE_TABLE", "scores")]).await;
    for sql in [ITEMS, CUSTOMERS, &ddl.replace("{own}", OWN)] {
        db.execute(sql).await;
    }
    assert_refused(&db, said).await;
}

#[rstest]
#[tokio::test]
async fn whoever_makes_the_tables_without_looking_alters_none_that_is_no_score_table(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::bare(server, &[("SCORE_TABLE", "customers")]).await;
    db.execute(CUSTOMERS).await;
    let before = definitions(&db).await.remove(0);
    db.migrate().await;
    let after = definitions(&db).await;
    assert!(after.contains(&before), "{after:#?}");
}
