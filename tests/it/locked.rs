//! Rows that others have locked: nobody waits for them, nobody deadlocks over them, and they get their turn.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use rowscore::answer::{Answer, Outcome};
use rowscore::store::ids::Ids;
use rowscore::store::items::{self, Locking};
use rowscore::store::order::Order;
use rowscore::store::selection::Selection;
use rowscore::store::wanted::Wanted;
use rowscore::window::Window;
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{sample, score};
use crate::support::programs::{Program, ROWSCORE};
use crate::support::{Server, TestDb, at, continued, eventually, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// A client that holds some rows.
async fn holder(db: &TestDb, rows: &str) -> Conn {
    let mut client = db.client().await;
    client.query_drop("BEGIN").await.unwrap();
    client.query_drop(format!("SELECT * FROM {} WHERE {rows} FOR UPDATE", db.table())).await.unwrap();
    client
}

async fn timed(db: &TestDb) -> (Answer, Duration) {
    let begun = Instant::now();
    (db.tick(TICK).await, begun.elapsed())
}

#[rstest]
#[case::that_is_pending("2024-03-05 09:30:00", "NULL", 1)]
#[case::that_is_predicted("2024-03-05 09:30:00", "'[0.5, 0.25, 0.25]'", 0)]
#[case::of_a_later_window("2024-03-05 10:30:00", "NULL", 0)]
#[tokio::test]
async fn all_rows_but_one_that_is_held_are_predicted_at_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] created: &str,
    #[case] prediction: &str,
    #[case] skipped: u64,
) {
    let db = TestDb::new(server, &[("LANES", "2"), ("PAGE_SIZE", "100")]).await;
    db.fill(1..=1000, CREATED).await;
    let set = format!("`created_datetime` = '{created}', `prediction` = {prediction}");
    db.execute(&format!("UPDATE `items` SET {set} WHERE `id` = 250")).await;
    let client = holder(&db, "`id` = 250").await;

    let (answer, took) = timed(&db).await;

    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_eq!((answer.outcome, answer.counts.predicted, answer.skipped), (Outcome::Finished, 999, skipped));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 999, 0, skipped));
    assert_eq!(db.value::<u64>("SELECT `skipped` FROM `batch_runs`").await, skipped);
    assert_eq!(db.ids("`run_id` = 1").await.len(), 999);

    // It gets its turn once it is free, however long that was after its window.
    client.disconnect().await.unwrap();
    let next = db.tick("2024-03-05T14:00:00Z").await;
    assert_eq!((next.outcome, next.skipped), (if prediction == "NULL" { Outcome::Finished } else { next.outcome }, 0));
    assert_eq!(db.ids("`prediction` IS NULL").await, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn a_row_that_is_free_again_before_its_lane_is_done_is_predicted_by_its_new_values(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "10")]).await;
    db.fill(1..=30, CREATED).await;
    db.audit().await;
    let mut client = holder(&db, "`id` = 15").await;
    let (tick, now) = (tick(TICK), at(TICK));

    let end = async {
        eventually("all pages are done", async || db.pages().await >= 3).await;
        client.exec_drop("UPDATE `items` SET `values` = ? WHERE `id` = 15", (sample(1000),)).await.unwrap();
        client.query_drop("COMMIT").await.unwrap();
    };
    let (answer, ()) = join(db.hop(&tick, unhurried(now)), end).await;

    assert_eq!((answer.outcome, answer.counts.predicted, answer.skipped), (Outcome::Finished, 30, 0));
    assert_eq!(db.prediction(15).await.unwrap(), score(&sample(1000)));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=30));
    // The client's own change, and one prediction of each.
    assert_eq!(db.updated().await, Vec::from_iter((1..=15).chain(15..=30)));
}

#[rstest]
#[tokio::test]
async fn a_later_hop_looks_again_at_what_an_earlier_one_skipped(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "10")]).await;
    db.fill(1..=40, CREATED).await;
    let client = holder(&db, "`id` IN (5, 35)").await;
    let mut answer = db.hurried_tick(TICK).await;
    for hop in 2..=4 {
        answer = db.hop(&continued(1, 0, hop), rowscore::hop::Clock::immediately(at(TICK))).await;
    }
    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Continued, 38));
    client.disconnect().await.unwrap();
    eventually("the rows are free", async || db.lock_waits().await.is_empty()).await;

    let last = db.hop(&continued(1, 0, 5), unhurried(at(TICK))).await;

    assert_eq!((last.outcome, last.counts.predicted, last.skipped), (Outcome::Finished, 40, 0));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 40, 0, 0));
}

#[rstest]
#[tokio::test]
async fn nobody_waits_long_for_a_page_while_another_row_of_it_is_held(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "1000")]).await;
    db.fill(1..=4000, CREATED).await;
    let client = holder(&db, "`id` = 3900").await;
    let mut third = db.client().await;
    let mut longest = Duration::ZERO;
    let (tick, now) = (tick(TICK), at(TICK));
    let others = async {
        for id in (3001..=3890).step_by(5) {
            let begun = Instant::now();
            third.query_drop(format!("UPDATE `items` SET `values` = '[1, 2, 3, 4]' WHERE `id` = {id}")).await.unwrap();
            longest = longest.max(begun.elapsed());
        }
    };
    let (answer, ()) = join(db.hop(&tick, unhurried(now)), others).await;

    assert_eq!((answer.counts.predicted, answer.skipped), (3999, 1));
    assert!(longest < Duration::from_secs(2), "{longest:?}: others waited for a page that itself waited");
    drop(client);
}

#[rstest]
#[tokio::test]
async fn no_neighbour_dies_in_a_deadlock_with_a_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "2"), ("PAGE_SIZE", "500")]).await;
    db.fill(1..=10_000, CREATED).await;
    let (tick, now) = (tick(TICK), at(TICK));
    // Each goes down through the rows that the pages go up through.
    let over = Cell::new(false);
    let neighbours = (0..4).map(|number| {
        let (db, over) = (&db, &over);
        async move {
            let mut client = db.client().await;
            let (mut committed, mut died) = (0, Vec::new());
            let update = |id: i64| format!("UPDATE `items` SET `values` = '[1, 2, 3, 4]' WHERE `id` = {id}");
            while !over.get() {
                let cursor: Option<i64> = client
                    .query_first("SELECT MAX(`cursor_id`) FROM `batch_lanes` WHERE `lane` = 0")
                    .await
                    .unwrap()
                    .flatten();
                let high = cursor.unwrap_or(0) + 40 + 3 * number;
                let done = async {
                    client.query_drop("BEGIN").await?;
                    client.query_drop(update(high)).await?;
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    client.query_drop(update(high - 37 - number)).await?;
                    client.query_drop("COMMIT").await
                };
                match done.await {
                    Ok(()) => committed += 1,
                    Err(Error::Server(error)) => died.push(error.code),
                    Err(error) => panic!("{error}"),
                }
                let _ = client.query_drop("ROLLBACK").await;
            }
            (committed, died)
        }
    });
    let hop = async {
        let answer = db.hop(&tick, unhurried(now)).await;
        over.set(true);
        answer
    };
    let (answer, ended) = join(hop, join_all(neighbours)).await;

    let committed: u32 = ended.iter().map(|(committed, _)| committed).sum();
    let died: Vec<u16> = ended.into_iter().flat_map(|(_, died)| died).collect();
    assert!(committed >= 8, "{committed} transactions tell nothing");
    assert_eq!(died, Vec::<u16>::new());
    assert_eq!((answer.outcome, answer.counts.predicted + answer.skipped), (Outcome::Finished, 10_000));
}

#[rstest]
#[tokio::test]
async fn a_frozen_worker_lets_go_of_its_rows_within_seconds(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "500")]).await;
    db.fill(1..=500, CREATED).await;
    let stalled = db.stall_at(250).await;
    let worker = Program::start(ROWSCORE, &["run"], db.variables());
    db.wait_for_stall().await;
    worker.freeze();
    stalled.disconnect().await.unwrap();
    let mut client = db.client().await;

    let begun = Instant::now();
    let updated = client.query_drop("UPDATE `items` SET `values` = '[1, 2, 3, 4]' WHERE `id` = 1").await;

    assert!(updated.is_ok(), "{updated:?}");
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
}

#[rstest]
#[tokio::test]
async fn the_next_lanes_first_row_is_not_touched(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=100, CREATED).await;
    let table = db.database.items_table();
    let which = Selection::Fresh(Window::everything_before(at(TICK)));
    let wanted = Wanted { table, features: model().features(), which, by: Order::Key };
    let read = |after: i64, upto: i64| items::read_statement(wanted, &Ids::new(after, upto), 5000, Locking::AllOrNone);
    let (mut one, mut other) = (db.connect().await, db.connect().await);
    one.query_drop("BEGIN").await.unwrap();
    let upper: Vec<mysql_async::Row> = one.query(read(50, 100)).await.unwrap();

    other.query_drop("BEGIN").await.unwrap();
    let lower: Vec<mysql_async::Row> = other.query(read(0, 50)).await.unwrap();

    assert_eq!((lower.len(), upper.len()), (50, 50));
}

#[rstest]
#[tokio::test]
async fn a_hop_without_time_to_wait_for_locked_rows_leaves_that_to_the_next_one(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "100")]).await;
    db.fill(1..=100, CREATED).await;
    let mut holder = db.connect().await;
    holder.query_drop("BEGIN").await.unwrap();
    holder.query_drop("SELECT * FROM `items` WHERE `id` = 50 FOR UPDATE").await.unwrap();
    let release = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        holder.query_drop("ROLLBACK").await.unwrap();
    };
    let hops = async { db.follow(db.hurried_tick(TICK).await, at(TICK)).await };

    let (answers, ()) = tokio::join!(hops, release);

    let last = answers.last().unwrap();
    assert_eq!((last.counts.predicted, last.counts.pending, last.skipped), (100, 0, 0), "{answers:?}");
    assert_eq!(db.predicted().await.len(), 100);
}
