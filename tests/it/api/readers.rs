//! Connections that only read, and the login that may do no more.

use mysql_async::Error;
use mysql_async::prelude::Queryable;
use rowscore::store::schema;
use rstest::rstest;
use serde_json::json;

use super::Service;
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb, eventually};

const CREATED: &str = "2024-03-05T09:30:00Z";

/// The servers' codes for: no such right in this database, at all, on this table, on this column,
/// for this statement.
const DENIED: [u16; 5] = [1044, 1045, 1142, 1143, 1227];
/// The servers' code for a write in a transaction that only reads.
const READ_ONLY: u16 = 1792;

#[rstest]
#[tokio::test]
async fn the_readers_login_may_only_read_what_is_shown(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.execute("ALTER TABLE `items` ADD COLUMN `customer` VARCHAR(100)").await;
    let mut conn = db.reader().await.database.connect().await.unwrap();

    for sql in [
        "SELECT `customer` FROM `items`",
        "SELECT `values_sha256` FROM `item_failures`",
        "UPDATE `items` SET `prediction` = NULL",
        "INSERT INTO `items` (`values`) VALUES ('[]')",
        "DELETE FROM `item_failures`",
        "UPDATE `batch_runs` SET `state` = 'cancelled'",
        "UPDATE `batch_lanes` SET `cursor_id` = 0",
        "DELETE FROM `batch_models`",
        "UPDATE `batch_model_uses` SET `version` = NULL",
        "DROP TABLE `items`",
        "CREATE TABLE `extra` (`id` BIGINT PRIMARY KEY)",
        "SELECT * FROM `mysql`.`user`",
    ] {
        let result = conn.query_drop(sql).await;
        assert!(matches!(&result, Err(Error::Server(error)) if DENIED.contains(&error.code)), "{sql}: {result:?}");
    }
}

#[rstest]
#[tokio::test]
async fn on_a_readers_connection_nobody_writes(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], CREATED).await;
    // One who may do anything.
    let mut conn = db.owner.connect_to_read(1000).await.unwrap();
    for sql in [
        "UPDATE `items` SET `prediction` = NULL",
        "DELETE FROM `items`",
        "INSERT INTO `items` (`values`) VALUES ('[]')",
    ] {
        let result = conn.query_drop(sql).await;
        assert!(matches!(&result, Err(Error::Server(error)) if error.code == READ_ONLY), "{sql}: {result:?}");
    }
    // And nobody reads for long.
    let slow = conn.query_drop("SELECT SLEEP(20) FROM `items`").await;
    let seconds: Option<u64> = conn.query_first("SELECT @@SESSION.wait_timeout").await.unwrap();
    assert!(slow.is_err() || !server.is_mariadb(), "{slow:?}");
    assert_eq!(seconds, Some(60));
}

#[rstest]
#[tokio::test]
async fn granting_a_reader_again_changes_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let login = db.reader().await.config.mysql.user;
    let shown = format!("SHOW GRANTS FOR `{login}`");
    let before: Vec<String> = db.rows(&shown).await;
    // The right to log in, and one line per table and view.
    assert_eq!(before.len(), 11, "{before:#?}");

    schema::grant_reader(&mut db.connect().await, &db.config.work.items_table, &login).await.unwrap();

    assert_eq!(db.rows::<String>(&shown).await, before);
}

#[rstest]
#[tokio::test]
async fn init_grants_a_reader_what_it_needs(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let owner = TestDb::bare(server, &[("ITEMS_TABLE", "readings")]).await;
    let login = owner.config.mysql.database.clone();
    owner.execute(&format!("CREATE USER `{login}` IDENTIFIED BY 'of-its-own'")).await;

    let init = rowscore(&["init", "--grant-reader", &login, "--rows", "10"], owner.variables()).await;

    assert_eq!(init.status.code(), Some(0), "{init:?}");
    assert!(init.stderr.contains(&format!("Login `{login}` may read results, and nothing else.")), "{init:?}");
    let reader = owner.with(&[("MYSQL_USER", &login), ("MYSQL_PASSWORD", "of-its-own")]).await;
    let service = Service::over(reader.database.clone()).await;
    assert_eq!(service.get("/data/unpredicted").await.as_array().unwrap().len(), 10);
    for path in ["/data/1", "/runs", "/health"] {
        service.get(path).await;
    }
    assert!(service.page().await.contains("there was no run yet."));
}

#[rstest]
#[tokio::test]
async fn many_readers_share_few_connections(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=100, CREATED).await;
    let service = Service::of(&db).await;
    let asked = (0..100).map(|_| service.get("/data/all"));

    let answers = futures_util::future::join_all(asked).await;

    assert!(answers.iter().all(|answer| answer.as_array().is_some_and(|items| items.len() == 100)));
    let connections: u64 = db
        .value(&format!(
            "SELECT COUNT(*) FROM `information_schema`.`processlist` WHERE `user` = '{}'",
            db.reader().await.config.mysql.user
        ))
        .await;
    assert_eq!(connections, 4);
}

#[rstest]
#[tokio::test]
async fn a_connection_that_was_cut_or_left_amid_its_work_is_replaced(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=100, CREATED).await;
    let service = Service::of(&db).await;
    let user = db.reader().await.config.mysql.user;
    let connections = format!("SELECT `id` FROM `information_schema`.`processlist` WHERE `user` = '{user}'");
    service.get("/data/all").await;

    for id in db.rows::<u64>(&connections).await {
        db.execute(&format!("KILL {id}")).await;
    }
    eventually("the connections are gone", async || db.rows::<u64>(&connections).await.is_empty()).await;
    assert_eq!(service.get("/data/all").await[0]["id"], json!(1));

    // A client that leaves before it has its answer.
    let mut other = db.client().await;
    other.query_drop("LOCK TABLES `items` WRITE").await.unwrap();
    for _ in 0..20 {
        let gone =
            service.client.get(format!("{}/data/all", service.base)).timeout(std::time::Duration::from_millis(3));
        assert!(gone.send().await.is_err());
    }
    other.query_drop("UNLOCK TABLES").await.unwrap();
    for after in 0..50 {
        let items = service.get(&format!("/data/all?limit=1&after={after}")).await;
        assert_eq!(items[0]["id"], json!(after + 1));
    }
}
