//! What the login of `infra/grants.sql` may not do. What it may, all other tests show: they run as it.

use mysql_async::Error;
use mysql_async::prelude::Queryable;
use rowscore::store::schema;
use rstest::rstest;

use crate::support::programs::rowscore;
use crate::support::{Server, TestDb, at, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// The server's codes for: no such right in this database, at all, on this table, on this column,
/// for this statement.
const DENIED: [u16; 5] = [1044, 1045, 1142, 1143, 1227];

#[rstest]
#[tokio::test]
async fn the_login_may_do_nothing_else(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let (db, other) = (TestDb::new(server, &[]).await, TestDb::new(server, &[]).await);
    db.fill([1], CREATED).await;
    db.execute("CREATE TABLE `orders` (`id` BIGINT PRIMARY KEY)").await;
    db.execute("ALTER TABLE `items` ADD COLUMN `customer` VARCHAR(100)").await;
    let elsewhere = format!("SELECT * FROM `{}`.`items`", other.config.mysql.database);
    let mut conn = db.database.connect().await.unwrap();

    for sql in [
        "INSERT INTO `items` (`values`) VALUES ('[1, 2, 3, 4]')",
        "DELETE FROM `items`",
        "TRUNCATE TABLE `items`",
        "UPDATE `items` SET `values` = '[1, 2, 3, 4]'",
        "UPDATE `items` SET `created_datetime` = UTC_TIMESTAMP()",
        "UPDATE `items` SET `id` = 2",
        "SELECT `customer` FROM `items`",
        "ALTER TABLE `items` ADD COLUMN `extra` INT",
        "DROP TABLE `items`",
        "CREATE INDEX `extra` ON `items` (`prediction`(1))",
        "LOCK TABLES `items` WRITE",
        "CREATE TABLE `extra` (`id` BIGINT PRIMARY KEY)",
        "CREATE OR REPLACE VIEW `batch_status` AS SELECT 1",
        "DELETE FROM `batch_runs`",
        "UPDATE `batch_runs` SET `model_version` = 'another'",
        "UPDATE `batch_runs` SET `mode` = 'write'",
        "DELETE FROM `batch_lanes`",
        "UPDATE `batch_lanes` SET `source` = 'failures'",
        "DROP TABLE `item_failures`",
        "INSERT INTO `batch_models` (`version`) VALUES ('another')",
        "UPDATE `batch_models` SET `parts` = 0",
        "DELETE FROM `batch_model_parts`",
        "UPDATE `batch_model_parts` SET `content` = ''",
        "INSERT INTO `batch_model_uses` (`items_table`, `job`, `version`) VALUES ('items', 'default', 'another')",
        "UPDATE `batch_model_uses` SET `version` = NULL",
        "INSERT INTO `batch_samples` (`items_table`) VALUES ('items')",
        "UPDATE `batch_samples` SET `last_id` = 0",
        "SELECT * FROM `orders`",
        "SELECT * FROM `mysql`.`user`",
        "CREATE USER `extra`",
        "GRANT SELECT ON *.* TO `extra`",
        "CREATE DATABASE `extra`",
        &elsewhere,
    ] {
        let result = conn.query_drop(sql).await;
        assert!(matches!(&result, Err(Error::Server(error)) if DENIED.contains(&error.code)), "{sql}: {result:?}");
    }
    assert_eq!(db.tick(TICK).await.counts.predicted, 1);
}

#[rstest]
#[tokio::test]
async fn granting_again_changes_nothing(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    let shown = format!("SHOW GRANTS FOR `{}`", db.config.mysql.user);
    let before: Vec<String> = db.rows(&shown).await;
    // The right to log in, and one line per table and view.
    assert_eq!(before.len(), 14, "{before:#?}");

    schema::grant(&mut db.connect().await, &db.config.work.items_table, &db.config.mysql.user).await.unwrap();

    assert_eq!(db.rows::<String>(&shown).await, before);
}

#[rstest]
#[tokio::test]
async fn a_missing_grant_is_reported_with_statement_table_and_remedy(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    // The table was looked at before, and was well then.
    db.tick("2024-03-05T09:00:00Z").await;
    db.fill([1], CREATED).await;
    for (revoked, on, told) in [
        (
            "UPDATE (`prediction`)",
            "items",
            ["writing a page: ", "UPDATE command denied", "'prediction' in table 'items'"],
        ),
        ("SELECT (`values`)", "items", ["reading a page: ", "SELECT command denied", "'values' in table 'items'"]),
        ("SELECT", "batch_lanes", ["reading the run's workers: ", "SELECT command denied", "batch_lanes"]),
    ] {
        db.execute(&format!("REVOKE {revoked} ON `{on}` FROM `{}`", db.config.mysql.user)).await;

        let error = db.try_hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err().to_string();

        assert!(told.iter().all(|part| error.contains(part)), "{error}");
        assert!(error.ends_with("apply infra/grants.sql, or use `rowscore init --grant`"), "{error}");
        db.migrate().await;
    }
    // Nothing is left behind that keeps the window from being worked off.
    assert_eq!(db.tick(TICK).await.counts.predicted, 1);
}

#[rstest]
#[case("UPDATE (`prediction`) ON `items`", "trying to write predictions: ")]
#[case("UPDATE (`run_id`) ON `items`", "trying to write predictions: ")]
#[case("INSERT ON `item_failures`", "trying to set items aside: ")]
#[case("DELETE ON `item_failures`", "trying to set items aside: ")]
#[case("UPDATE (`cursor_id`) ON `batch_lanes`", "trying to advance a lane: ")]
#[tokio::test]
async fn a_login_that_may_not_write_is_told_before_a_run_is_opened(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] right: &str,
    #[case] told: &str,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], CREATED).await;
    db.execute(&format!("REVOKE {right} FROM `{}`", db.config.mysql.user)).await;

    let error = db.try_hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err().to_string();

    assert!(error.starts_with(told) && error.contains("command denied"), "{error}");
    assert!(error.ends_with("apply infra/grants.sql, or use `rowscore init --grant`"), "{error}");
    assert_eq!(db.opened().await, 0);
    db.migrate().await;
    assert_eq!(db.tick(TICK).await.counts.predicted, 1);
}

#[rstest]
#[tokio::test]
async fn a_login_of_a_host_is_granted_by_name_and_host_and_one_that_is_not_there_is_named(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::bare(server, &[]).await;
    let login = owner.config.mysql.database.clone();
    owner.execute(&format!("CREATE USER `{login}`@`127.0.0.%` IDENTIFIED BY 'of-its-own'")).await;

    for option in ["--grant", "--grant-reader"] {
        let lost = rowscore(&["init", "--create", option, &login], owner.variables()).await;
        let told = format!("there is no login `{login}`@`%`; the name is known at 127.0.0.%: say {login}@127.0.0.%");
        assert!(lost.status.code() == Some(1) && lost.stderr.contains(&told), "{lost:?}");
        for named in [format!("{login}@127.0.0.%"), format!("'{login}'@'127.0.0.%'")] {
            let init = rowscore(&["init", option, &named, "--rows", "10"], owner.variables()).await;
            assert_eq!(init.status.code(), Some(0), "{init:?}");
        }
    }
    let scorer = owner.with(&[("MYSQL_USER", &login), ("MYSQL_PASSWORD", "of-its-own")]).await;
    let run = rowscore(&["run"], scorer.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    owner.execute(&format!("DROP USER `{login}`@`127.0.0.%`")).await;
}

#[rstest]
#[tokio::test]
async fn init_grants_a_login_what_it_needs(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::bare(server, &[("ITEMS_TABLE", "readings")]).await;
    let login = owner.config.mysql.database.clone();

    let nobody = rowscore(&["init", "--create", "--grant", "no such login"], owner.variables()).await;
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
    let told = "granting what the login needs: there is no login `no such login`@`%`; make it with CREATE USER first";
    assert!(nobody.stderr.contains(told), "{nobody:?}");

    owner.execute(&format!("CREATE USER `{login}` IDENTIFIED BY 'of-its-own'")).await;
    let init = rowscore(&["init", "--grant", &login, "--rows", "10"], owner.variables()).await;
    assert_eq!(init.status.code(), Some(0), "{init:?}");
    let scorer = owner.with(&[("MYSQL_USER", &login), ("MYSQL_PASSWORD", "of-its-own")]).await;
    for arguments in [&["run"][..], &["status"], &["results"], &["release", "--all"]] {
        let ended = rowscore(arguments, scorer.variables()).await;
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {ended:?}");
    }
    assert_eq!(scorer.run(1).await.predicted, Some(10));
}
