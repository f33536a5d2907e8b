//! However long the history of runs is, what is asked at each tick reads a few rows of it, and a part of it
//! is forgotten some day.

#![expect(clippy::disallowed_methods, reason = "a test that cannot go on says so by panicking")]

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use rowscore_tests::{PrivateDatabase, Server};
use rstest::rstest;

use crate::config::Config;
use crate::model;
use crate::run::{RunId, RunKind};
use crate::store::earlier::{earlier, ends};
use crate::store::statement::Statement;
use crate::store::{Database, failures, measures, past, runs, schema, status};
use crate::window::Time;

/// Runs of the past, of each table.
const PAST: u64 = 20_000;

/// What a tick may read, and what looks through the latest thousand runs.
const FEW: u64 = 100;
const SOME: u64 = 4000;

struct Past {
    _private: PrivateDatabase,
    config: Config,
    conn: Conn,
}

impl Past {
    /// Two tables with a history each, of which the other one's is the latest.
    async fn new(server: Server) -> Self {
        let private = PrivateDatabase::new(server).await;
        let config = Config::read(|name| private.variables().get(name).cloned()).unwrap();
        let database = Database::new(&config.mysql, &config.work.items_table).await;
        let mut conn = database.connect().await.unwrap();
        schema::migrate(&mut conn, &config.work.items_table).await.unwrap();
        let digits = "(SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 \
                       UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)";
        for table in ["items", "others"] {
            // One of each hundred windows failed as a whole, and was given up; there are canaries, and empty windows.
            let sql = format!(
                "INSERT INTO `batch_runs` (`items_table`, `kind`, `tick`, `window_to`, `chained`, `policy`, `model_version`, \
                   `lanes`, `workers`, `state`, `pass`, `items`, `predicted`, `failed`, `pending`, `started_at`, `attempted_at`, \
                   `attempt`, `finished_at`, `billed_ms`, `profile`) \
                 SELECT '{table}', IF(n % 25 = 7, 'canary', 'window'), t, t, n % 25 <> 7, IF(n % 100 = 99, 'retry_all', 'leave'), \
                   'a model', 2, 1, IF(n % 100 = 99, 'failed', 'succeeded'), 'write', 10 * (n % 3 > 0), 10 * (n % 3 > 0), \
                   0, 0, t, t, 3, t, 100, NULL \
                 FROM (SELECT n, '2020-01-01' + INTERVAL n MINUTE AS t \
                       FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * d.d + 10000 * e.d AS n \
                             FROM {digits} a, {digits} b, {digits} c, {digits} d, {digits} e) numbers \
                       WHERE n < {PAST}) times ORDER BY n"
            );
            conn.query_drop(sql).await.unwrap();
        }
        conn.query_drop("ANALYZE TABLE `batch_runs`").await.unwrap();
        Self { _private: private, config, conn }
    }

    async fn reads(&mut self) -> u64 {
        let sql = "SHOW SESSION STATUS LIKE 'Handler_read%'";
        let counts: Vec<(String, u64)> = self.conn.query(sql).await.unwrap();
        counts.iter().map(|(_, count)| count).sum()
    }

    /// Asserts that asking reads so many rows at most, and answers what it came to.
    async fn ask<T: Send + 'static>(&mut self, what: &str, most: u64, statement: Statement<T>) -> T {
        let before = self.reads().await;
        let answer = statement.ask(&mut self.conn).await.unwrap();
        let read = self.reads().await - before;
        assert!(read <= most, "{what}: {read} rows read");
        answer
    }
}

fn at(time: &str) -> Time {
    time.parse().unwrap()
}

#[rstest]
#[tokio::test]
async fn what_a_tick_asks_reads_a_few_rows_of_a_long_history(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let mut past = Past::new(server).await;
    let table = past.config.work.items_table.clone();
    let now = at("2026-11-22T15:19:00Z");
    for kind in [RunKind::Window, RunKind::Sweep, RunKind::Canary, RunKind::Backfill] {
        let found = past.ask("earlier", FEW, earlier(&table, kind, Some(now), 3, now)).await;
        assert!(found.of_tick.is_none() && found.unfinished.is_none() && found.to_try_again.is_none());
        let ends = past.ask("ends", FEW, ends(&table, now)).await;
        assert_eq!(ends.last, Some(at("2020-01-14T21:19:00Z")));
    }
    let found =
        past.ask("earlier", FEW, earlier(&table, RunKind::Window, Some(at("2020-01-02T00:00:00Z")), 3, now)).await;
    assert!(found.of_tick.is_some());
    assert!(!past.ask("running", FEW, runs::is_any_running()).await);
    assert_eq!(past.ask("latest", FEW, runs::latest(&table)).await.unwrap().id, RunId(PAST));
    let version = model::embedded().unwrap().version().shown();
    past.ask("profiles", SOME, measures::earlier_profiles(&table, &version, RunId(PAST))).await;
    let measured = past.ask("measured", SOME, measures::measured(&table, 1)).await;
    assert_eq!(measured.runs, 10);
    let run = runs::find(&table, RunId(PAST)).ask(&mut past.conn).await.unwrap().unwrap();
    past.ask("takeovers", SOME, runs::idle_takeovers(&table, &run)).await;
    past.ask("failures", FEW, failures::any(&table)).await;

    let before = past.reads().await;
    let latest = status::latest(&mut past.conn, &table, None, 20).await.unwrap();
    assert_eq!((latest.len(), latest[0].id), (20, RunId(PAST)));
    let older = status::latest(&mut past.conn, &table, Some(RunId(50)), 20).await.unwrap();
    assert_eq!(older[0].id, RunId(49));
    let read = past.reads().await - before;
    assert!(read < 20 * FEW, "status: {read} rows read");
}

#[rstest]
#[tokio::test]
async fn windows_to_be_tried_again_are_found_among_many_that_were_given_up(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let mut past = Past::new(server).await;
    let (table, now) = (past.config.work.items_table.clone(), at("2026-11-22T15:19:00Z"));
    past.conn.query_drop("UPDATE `batch_runs` SET `attempt` = 2 WHERE `id` IN (1100, 1200)").await.unwrap();

    let found = past.ask("earlier", FEW, earlier(&table, RunKind::Window, None, 3, now)).await;

    assert_eq!(found.to_try_again.unwrap().id, RunId(1100));
}

#[rstest]
#[tokio::test]
async fn empty_runs_of_long_ago_are_forgotten_a_few_at_a_time_and_the_last_window_never(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let mut past = Past::new(server).await;
    let table = past.config.work.items_table.clone();
    let end = Some(at("2020-01-14T21:19:00Z"));
    // The last windows are empty, and so is one with lanes.
    past.conn
        .query_drop("UPDATE `batch_runs` SET `items` = 0, `predicted` = 0 WHERE `id` IN (3, 19999)")
        .await
        .unwrap();
    let lane = "INSERT INTO `batch_lanes` (`run_id`, `lane`, `worker`, `source`, `low_id`, `high_id`, `cursor_id`, `page_size`) \
                VALUES (1, 0, 0, 'items', 0, 1, 1, 5)";
    past.conn.query_drop(lane).await.unwrap();
    let count = "SELECT COUNT(*), SUM(`predicted` > 0) FROM `batch_runs` WHERE `items_table` = 'items'";
    let before: (u64, u64) = past.conn.query_first(count).await.unwrap().unwrap();

    let none = past.ask("empty", FEW, past::empty(&table, at("2020-01-01T00:00:00Z"))).await;
    assert_eq!(none, []);
    let some = past.ask("empty", SOME, past::empty(&table, at("2020-01-01T12:00:00Z"))).await;
    assert_eq!((some.len(), &some[..5]), (241, &[1, 3, 4, 7, 10].map(RunId)[..]));
    past::forget(&some).ask(&mut past.conn).await.unwrap();
    let after: (u64, u64) = past.conn.query_first(count).await.unwrap().unwrap();
    assert_eq!(after, (before.0 - 241, before.1));

    let now = at("2026-11-22T15:19:00Z");
    loop {
        let some = past.ask("empty", SOME, past::empty(&table, now)).await;
        if some.is_empty() {
            break;
        }
        past::forget(&some).ask(&mut past.conn).await.unwrap();
    }
    assert_eq!(ends(&table, now).ask(&mut past.conn).await.unwrap().last, end);
    let left: (u64, u64) = past.conn.query_first(count).await.unwrap().unwrap();
    assert_eq!(left.1, before.1);
    assert!(left.0 <= before.1 + PAST / 100, "{left:?}");
}
