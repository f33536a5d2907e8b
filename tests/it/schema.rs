//! Making the tables, and what is said when they or the way to them are missing.

use futures_util::future::join_all;
use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rowscore::hop::{self, Clock};
use rowscore::run::RunId;
use rowscore::store::{Database, failures, runs, schema, totals};
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::sample;
use crate::support::{Server, Setup, TestDb, at, continued, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// The definition of every table and view.
async fn definitions(db: &Setup) -> Vec<String> {
    let mut conn = db.connect().await;
    let tables: Vec<String> = conn.query("SHOW TABLES").await.unwrap();
    let mut definitions = Vec::new();
    for table in tables {
        let row: Option<mysql_async::Row> = conn.query_first(format!("SHOW CREATE TABLE `{table}`")).await.unwrap();
        definitions.push(row.unwrap().get(1).unwrap());
    }
    definitions
}

#[rstest]
#[tokio::test]
async fn making_the_tables_twice_changes_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=30, CREATED).await;
    db.tick(TICK).await;
    let (tables, items, run) = (definitions(&db).await, db.snapshot().await, db.run(1).await);
    assert_eq!(tables.len(), 13);

    db.migrate().await;

    assert_eq!(definitions(&db).await, tables);
    assert_eq!((db.snapshot().await, db.run(1).await), (items, run));
}

#[rstest]
#[tokio::test]
async fn tables_of_the_first_version_gain_their_columns_and_keep_their_runs(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5")]).await;
    let columns = async || {
        let cut = |definition: String| definition.split(" ENGINE=").next().unwrap().to_owned();
        definitions(&db).await.into_iter().map(cut).collect::<Vec<_>>()
    };
    let tables = columns().await;
    let sums = "DROP COLUMN `compared`, DROP COLUMN `changed_class`, DROP COLUMN `absolute_change`";
    let left = "DROP COLUMN `skipped`, DROP COLUMN `pending_since`, DROP COLUMN `waiting_for`, DROP COLUMN `waiting_since`, \
                DROP COLUMN `waiting_until`, DROP COLUMN `to_tell`";
    let took = "DROP COLUMN `profile`, DROP COLUMN `billed_ms`, DROP COLUMN `memory_mb`";
    let keys = "DROP KEY `runs_of_a_table`, DROP KEY `end_of_the_chain`, DROP KEY `windows_to_try_again`, \
                DROP KEY `empty_runs`, DROP KEY `unfinished_runs`, DROP KEY `ends_to_tell`";
    let found = "DROP COLUMN `chain_end`, DROP COLUMN `failed_attempt`, DROP COLUMN `empty_since`";
    db.execute(&format!("DROP VIEW `batch_status`; ALTER TABLE `batch_runs` {keys}, {found}")).await;
    let unique = "DROP KEY `one_unfinished_run_of_a_kind`, DROP KEY `one_run_per_tick`, \
                  ADD UNIQUE KEY `one_unfinished_run_of_a_kind` (`items_table`, `kind`, `unfinished`), \
                  ADD UNIQUE KEY `one_run_per_tick` (`items_table`, `kind`, `tick`)";
    db.execute(&format!(
        "ALTER TABLE `batch_runs` {unique}, DROP COLUMN `job`, DROP COLUMN `mode`, {sums}, {took}, {left}"
    ))
    .await;
    let one_job =
        "DROP PRIMARY KEY, ADD PRIMARY KEY (`items_table`, `item_id`), DROP COLUMN `job`, DROP COLUMN `item_key`";
    db.execute(&format!("ALTER TABLE `item_failures` {one_job}")).await;
    let looks = "DROP COLUMN `look`, DROP COLUMN `look_upto`, DROP COLUMN `skipped`, DROP COLUMN `skipped_after`, \
                 DROP COLUMN `skipped_upto`";
    let tempo = "DROP COLUMN `busy_ms`, DROP COLUMN `recent_rows`, DROP COLUMN `recent_ms`, DROP COLUMN `look_at`";
    let keys = "DROP COLUMN `low_key`, DROP COLUMN `high_key`, DROP COLUMN `cursor_key`, DROP COLUMN `look_upto_key`, \
                DROP COLUMN `skipped_after_key`, DROP COLUMN `skipped_upto_key`";
    db.execute(&format!("ALTER TABLE `batch_lanes` {sums}, DROP COLUMN `profile`, {looks}, {tempo}, {keys}")).await;
    db.fill(1..=30, CREATED).await;
    db.execute(
        "INSERT INTO `batch_runs` (`items_table`, `kind`, `window_to`, `chained`, `policy`, `model_version`, `lanes`, \
           `workers`, `state`, `attempted_at`, `pass`, `started_at`) \
         VALUES ('items', 'window', '2024-03-05', TRUE, 'leave', 'earlier', 0, 0, 'succeeded', '2024-03-05', 'write', '2024-03-05')",
    )
    .await;

    db.migrate().await;

    assert_eq!(columns().await, tables);
    assert_eq!(db.value::<String>("SELECT `mode` FROM `batch_runs` WHERE `id` = 1").await, "write");
    let answer = db.tick(TICK).await;
    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 30));
}

#[rstest]
#[tokio::test]
async fn a_live_table_of_five_columns_loses_nothing_and_is_scored(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    db.execute(
        "CREATE TABLE `items` (\
           `id` INT NOT NULL AUTO_INCREMENT PRIMARY KEY, \
           `values` JSON NOT NULL, \
           `prediction` JSON NULL, \
           `created_datetime` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
           `updated_datetime` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP)",
    )
    .await;
    db.fill(1..=40, CREATED).await;
    db.execute("UPDATE `items` SET `prediction` = '[0.130, 0.578, 0.291]', `updated_datetime` = `updated_datetime` WHERE `id` <= 15").await;
    let columns = "SELECT CONCAT_WS(' | ', `id`, `values`, COALESCE(`prediction`, 'NULL'), `created_datetime`, `updated_datetime`) \
                   FROM `items` WHERE `id` <= 40 ORDER BY `id`";
    let before: Vec<String> = db.rows(columns).await;

    db.migrate().await;

    assert_eq!(db.rows::<String>(columns).await, before);
    let id: String = db
        .value(
            "SELECT CAST(`data_type` AS CHAR) FROM `information_schema`.`columns` \
                WHERE `table_schema` = DATABASE() AND `table_name` = 'items' AND `column_name` = 'id'",
        )
        .await;
    assert_eq!(id, "int");
    let keys: Vec<String> = db
        .rows("SELECT CAST(`column_name` AS CHAR) FROM `information_schema`.`statistics` \
               WHERE `table_schema` = DATABASE() AND `table_name` = 'items' AND `index_name` = 'items_window' ORDER BY `seq_in_index`")
        .await;
    assert_eq!(keys, ["created_datetime", "id"]);

    let answer = db.tick(TICK).await;
    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 25));
    assert_eq!(db.ids("`run_id` = 1").await, Vec::from_iter(16..=40));
    assert_eq!(db.prediction(15).await.unwrap(), [0.130, 0.578, 0.291]);
    assert_eq!(db.rows::<String>(columns).await[..15], before[..15]);
    // A program that knows nothing of rowscore goes on as before.
    db.execute("INSERT INTO `items` (`values`) VALUES ('[5.1, 3.5, 1.4, 0.2]')").await;
    assert_eq!(db.count("`items`").await, 41);
}

#[rstest]
#[tokio::test]
async fn a_key_that_begins_with_the_timestamp_is_not_doubled(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    db.execute(
        "CREATE TABLE `items` (`id` BIGINT AUTO_INCREMENT PRIMARY KEY, `values` JSON NOT NULL, `prediction` JSON, \
         `created_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP, \
         `updated_datetime` TIMESTAMP NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, \
         KEY `by_time` (`created_datetime`))",
    )
    .await;

    db.migrate().await;

    let keys: Vec<String> = db
        .rows(
            "SELECT DISTINCT CAST(`index_name` AS CHAR) AS `name` FROM `information_schema`.`statistics` \
               WHERE `table_schema` = DATABASE() AND `table_name` = 'items' ORDER BY LOWER(`name`)",
        )
        .await;
    assert_eq!(keys, ["by_time", "PRIMARY"]);
}

#[rstest]
#[tokio::test]
async fn a_table_in_which_another_key_has_the_usual_name_gains_one_of_another_name(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.execute("ALTER TABLE `items` DROP KEY `items_window`, ADD KEY `ITEMS_window` (`updated_datetime`)").await;
    let missing = async || {
        let mut conn = db.connect().await;
        hop::check_columns(&mut conn, db.database.items_table(), model()).await.unwrap().missing_key
    };
    let first = "SELECT CAST(`index_name` AS CHAR) FROM `information_schema`.`statistics` WHERE `table_schema` = DATABASE() \
                 AND `table_name` = 'items' AND `column_name` = 'created_datetime' AND `seq_in_index` = 1";
    let said = missing().await.unwrap();

    db.migrate().await;

    assert_eq!(missing().await, None);
    let name: String = db.value(first).await;
    // What is said for who makes it by hand works, too.
    db.execute(&format!("ALTER TABLE `items` DROP KEY `{name}`; {said}")).await;
    assert_eq!(missing().await, None);
}

#[rstest]
#[tokio::test]
async fn the_items_table_may_have_any_name(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("order", "Mess_Werte$2026", "größen")] name: &str,
) {
    let db = TestDb::new(server, &[("ITEMS_TABLE", name), ("PAGE_SIZE", "10")]).await;
    db.fill(1..=30, CREATED).await;
    db.execute(&format!("UPDATE `{name}` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` = 7")).await;

    let first = db.hurried_tick(TICK).await;
    let last = db.follow(first, at(TICK)).await.pop().unwrap();

    assert_eq!((last.outcome, last.counts.predicted, last.counts.failed), (Outcome::Finished, 29, 1));
    assert_eq!(db.predicted().await.len(), 29);
    let failures: Vec<(String, i64)> = db.rows("SELECT `items_table`, `item_id` FROM `item_failures`").await;
    assert_eq!(failures, [(name.to_owned(), 7)]);
    assert_eq!(
        db.count("`information_schema`.`tables` WHERE `table_schema` = DATABASE() AND `table_name` = 'items'").await,
        0
    );
}

#[rstest]
#[tokio::test]
async fn two_tables_in_one_database_are_independent(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let one = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    let other = one.with(&[("ITEMS_TABLE", "others")]).await;
    other.migrate().await;
    one.fill(1..=30, CREATED).await;
    other.fill(1..=50, CREATED).await;
    // What is set aside in one table is none of the other's.
    one.execute("UPDATE `items` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` = 3").await;

    let first = one.hurried_tick(TICK).await;
    assert_eq!((first.outcome, first.run_id.unwrap().0), (Outcome::Continued, 1));
    assert_eq!(other.predicted().await, Vec::<i64>::new());
    let second = other.tick(TICK).await;
    assert_eq!((second.outcome, second.run_id.unwrap().0), (Outcome::Finished, 2));
    assert_eq!(one.predicted().await.len(), 9);
    let last = one.follow(first, at(TICK)).await.pop().unwrap();

    assert_eq!((last.outcome, last.run_id.unwrap().0), (Outcome::Finished, 1));
    assert_eq!(one.run(1).await, RunRow::over("succeeded_with_failures", 29, 1, 0));
    assert_eq!(one.run(2).await, RunRow::over("succeeded", 50, 0, 0));
    assert_eq!(one.predicted().await, Vec::from_iter((1..=30).filter(|id| *id != 3)));
    assert_eq!(other.predicted().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn a_message_for_a_run_over_another_table_does_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let one = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    let other = one.with(&[("ITEMS_TABLE", "others")]).await;
    other.migrate().await;
    one.fill(1..=30, CREATED).await;
    other.fill(1..=30, CREATED).await;
    one.hurried_tick(TICK).await;

    let answer = other.hop(&continued(1, 0, 2), unhurried(at(TICK))).await;

    assert_eq!((answer.outcome, answer.continuations.len()), (Outcome::Stale, 0));
    assert_eq!(other.predicted().await, Vec::<i64>::new());
    assert_eq!(one.pages().await, 1);
    assert_eq!(one.hop(&continued(1, 0, 2), unhurried(at(TICK))).await.outcome, Outcome::Finished);
    assert_eq!(one.predicted().await, Vec::from_iter(1..=30));
}

#[rstest]
#[tokio::test]
async fn missing_tables_are_reported_with_the_command_that_makes_them(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    let error = db.try_hop(&tick(TICK), Clock::immediately(at(TICK))).await.unwrap_err().to_string();
    assert!(error.contains("rowscore init"), "{error}");

    db.migrate().await;
    db.fill([1], CREATED).await;
    assert_eq!(db.tick(TICK).await.outcome, Outcome::Finished);
}

/// What is said when the database cannot be reached this way.
async fn refusal(db: &Setup, settings: &[(&str, &str)]) -> String {
    let error = db.with(settings).await.database.connect().await.unwrap_err().to_string();
    assert!(error.starts_with("connecting to the database at "), "{error}");
    error
}

#[rstest]
#[tokio::test]
async fn a_database_that_cannot_be_reached_is_reported_with_what_to_check(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;

    let password = refusal(&db, &[("MYSQL_PASSWORD", "pr1v4te")]).await;
    assert!(password.contains("check MYSQL_USER and MYSQL_PASSWORD"), "{password}");
    assert!(!password.contains("pr1v4te"), "{password}");
    let user = refusal(&db, &[("MYSQL_USER", "nobody")]).await;
    assert!(user.contains("check MYSQL_USER and MYSQL_PASSWORD"), "{user}");
    let database = refusal(&db, &[("MYSQL_DATABASE", "nowhere")]).await;
    assert!(database.contains("check MYSQL_DATABASE"), "{database}");
    let port = refusal(&db, &[("MYSQL_PORT", "9")]).await;
    assert!(
        port.contains("at 127.0.0.1:9: Connection refused (os error 111); nothing listens there: check MYSQL_SERVER"),
        "{port}"
    );
}

#[rstest]
#[tokio::test]
async fn an_unencrypted_or_unknown_server_is_refused_unless_that_is_asked_for(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    let verified = refusal(&db, &[("MYSQL_TLS", "verify")]).await;
    assert!(verified.contains("MYSQL_TLS") || verified.contains("MYSQL_CA_FILE"), "{verified}");
}

#[rstest]
#[tokio::test]
async fn a_migration_that_the_server_refuses_is_reported(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    db.execute("CREATE TABLE `items` (`id` BIGINT PRIMARY KEY, `values` JSON NOT NULL)").await;

    let database: &Database = &db.database;
    let mut conn = database.connect().await.unwrap();
    let error = schema::migrate(&mut conn, database.items_table()).await.unwrap_err().to_string();

    assert!(error.starts_with("applying the migrations: ") && error.contains("created_datetime"), "{error}");
    assert_eq!(sample(1).split(',').count(), 4);
}

#[rstest]
#[tokio::test]
async fn of_statements_in_one_round_trip_the_one_that_fails_is_named(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let mut conn = db.database.connect().await.unwrap();
    let table = db.database.items_table();
    let together = || runs::find(table, RunId(1)).and(failures::any(table)).and(totals::of(RunId(1)));
    let ((run, is_any_set_aside), totals) = together().ask(&mut conn).await.unwrap();
    assert!(run.is_none() && !is_any_set_aside && totals.counts.predicted == 0);

    db.execute("DROP TABLE `item_failures`").await;
    let error = together().ask(&mut conn).await.unwrap_err().to_string();

    assert!(error.starts_with("looking for failures: ") && error.contains("rowscore init"), "{error}");
    // The connection is none the worse.
    assert!(runs::find(table, RunId(1)).ask(&mut conn).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn several_who_make_the_tables_at_the_same_time_make_them_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    db.execute(
        "CREATE TABLE `items` (`id` INT AUTO_INCREMENT PRIMARY KEY, `values` JSON NOT NULL, `prediction` JSON NULL, \
           `created_datetime` TIMESTAMP NULL, `updated_datetime` TIMESTAMP NULL)",
    )
    .await;
    let make = async || {
        let mut conn = db.connect().await;
        schema::migrate(&mut conn, &db.config.work.items_table).await.map(drop)
    };

    for made in join_all((0..8).map(|_| make())).await {
        made.unwrap();
    }

    let made = definitions(&db).await;
    db.migrate().await;
    assert_eq!((made.len(), definitions(&db).await), (13, made));
}
