//! A server whose defaults are odd: every session sets what rowscore relies on.

use std::fmt::Write as _;

use rowscore::store::schema;
use rstest::rstest;
use serde_json::json;

use crate::support::database::RunRow;
use crate::support::invocation::invoke;
use crate::support::items::{Item, sample};
use crate::support::private::{PASSWORD, make_login, unique_name};
use crate::support::programs::rowscore;
use crate::support::{Server, Setup, TestDb, window};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// What a session of a login that is called odd begins with, and the other server's names.
const ODD: &[(&str, &str)] = &[
    ("autocommit", "0"),
    ("completion_type", "'CHAIN'"),
    ("sql_select_limit", "2"),
    ("sql_safe_updates", "1"),
    ("max_join_size", "1"),
    ("sql_big_selects", "0"),
    ("sql_auto_is_null", "1"),
    ("foreign_key_checks", "0"),
    ("unique_checks", "0"),
    ("div_precision_increment", "0"),
    ("group_concat_max_len", "4"),
    ("default_week_format", "6"),
    ("lock_wait_timeout", "1"),
    ("innodb_lock_wait_timeout", "1"),
    ("time_zone", "'-11:00'"),
    ("character_set_client", "'latin1'"),
    ("character_set_results", "'latin1'"),
    ("collation_connection", "'latin1_german1_ci'"),
    (
        "sql_mode",
        "'ANSI,NO_BACKSLASH_ESCAPES,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION,\
         NO_AUTO_VALUE_ON_ZERO,IGNORE_SPACE'",
    ),
];
const ODD_OF_MYSQL: &[(&str, &str)] = &[
    ("transaction_isolation", "'SERIALIZABLE'"),
    ("max_execution_time", "1"),
    ("range_optimizer_max_mem_size", "1"),
    ("session_track_state_change", "1"),
    ("session_track_transaction_info", "'CHARACTERISTICS'"),
];
const ODD_OF_MARIADB: &[(&str, &str)] = &[("tx_isolation", "'SERIALIZABLE'"), ("max_statement_time", "0.001")];

/// The same database, by a login whose sessions begin oddly. All others begin as ever.
async fn odd(db: &TestDb, server: Server) -> Setup {
    let others = if server.is_mariadb() { ODD_OF_MARIADB } else { ODD_OF_MYSQL };
    let mut set = String::new();
    for (name, value) in ODD.iter().chain(others) {
        let either = format!("IF(USER() LIKE 'odd%', {value}, @@SESSION.{name})");
        // MySQL is particular about the types of numbers.
        let either = if value.parse::<u64>().is_ok() { format!("CAST({either} AS UNSIGNED)") } else { either };
        let _ = write!(set, ", {name} = {either}");
    }
    db.execute(&format!("SET GLOBAL init_connect = \"SET SESSION {}\"", set.trim_start_matches(", "))).await;
    let (login, mut conn) = (unique_name("odd", '_'), db.connect().await);
    make_login(&mut conn, &login).await;
    schema::grant(&mut conn, &db.config.work.items_table, &login).await.unwrap();
    db.with(&[("MYSQL_USER", login.as_str()), ("MYSQL_PASSWORD", PASSWORD)]).await
}

#[rstest]
#[tokio::test]
async fn whatever_a_servers_defaults_are_windows_release_and_canary_do_the_same(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "100"), ("FAILURE_POLICY", "leave")]).await;
    let odd = odd(&db, server).await;
    let mut probe = mysql_async::Conn::new(
        mysql_async::OptsBuilder::from_opts(server.opts())
            .user(Some(&odd.config.mysql.user))
            .pass(Some(PASSWORD))
            .db_name(Some(&odd.config.mysql.database)),
    )
    .await
    .unwrap();
    let begun: Option<u8> =
        mysql_async::prelude::Queryable::query_first(&mut probe, "SELECT @@autocommit").await.unwrap();
    assert_eq!(begun, Some(0), "the login's sessions do not begin oddly");
    let bad = [7, 150, 151].map(|id| Item::new(id, "[1, 'ü']".replace('\'', "\"")));
    db.insert(&bad).await;
    db.fill((1..=300).filter(|id| ![7, 150, 151].contains(id)), CREATED).await;

    let answer = odd.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (297, 3, 0));
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 297, 3, 0));
    assert_eq!(db.predicted().await.len(), 297);
    let billed: u64 = db.value("SELECT `billed_ms` FROM `batch_runs`").await;
    assert!(billed > 0);

    // What an operator does is kept.
    db.execute(&format!("UPDATE `items` SET `values` = '{}' WHERE `prediction` IS NULL", sample(1))).await;
    let released = rowscore(&["release", "--all"], odd.variables()).await;
    assert!(released.status.success() && released.stderr.contains("Released 3"), "{released:?}");
    let attempts: Vec<u32> = db.rows("SELECT `attempts` FROM `item_failures`").await;
    assert_eq!(attempts, [0; 3]);
    let again =
        odd.hop(&window("2024-03-05T09:00:00Z", TICK), crate::support::unhurried(crate::support::at(TICK))).await;
    assert_eq!((again.counts.predicted, db.count("`item_failures`").await), (3, 0));

    let canary = invoke(&odd.function().await, json!({"run": "canary", "scheduled_time": TICK})).await.unwrap();
    assert_eq!(canary["state"], "succeeded");
    assert_eq!(db.count("`batch_runs` WHERE `kind` = 'canary' AND `state` = 'succeeded'").await, 1);
    let shown = rowscore(&["results"], odd.variables()).await;
    assert!(shown.status.success(), "{shown:?}");
    db.execute(&format!("DROP USER `{}`", odd.config.mysql.user)).await;
}

#[rstest]
#[tokio::test]
async fn a_table_with_zero_dates_for_defaults_can_be_given_rowscores_column(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::bare(server, &[]).await;
    let mut conn = db.client().await;
    let sql = "SET SESSION sql_mode = ''; CREATE TABLE `items` (`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, \
               `values` JSON NOT NULL, `prediction` JSON NULL, \
               `created_datetime` TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, \
               `updated_datetime` DATETIME NOT NULL DEFAULT '0000-00-00 00:00:00')";
    mysql_async::prelude::Queryable::query_drop(&mut conn, sql).await.unwrap();

    let init = rowscore(&["init"], db.variables()).await;

    assert!(init.status.success(), "{init:?}");
}
