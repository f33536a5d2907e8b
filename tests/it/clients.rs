//! Other clients of the same table: their changes count, and they are not in anybody's way.

use futures_util::future::join;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, TxOpts};
use rowscore::answer::Outcome;
use rowscore::run::RunId;
use rowscore::store::density::Density;
use rowscore::store::ids::Ids;
use rowscore::store::items::{self, Locking};
use rowscore::store::order::Order;
use rowscore::store::predictions::Predictions;
use rowscore::store::scores::{By, Onto, Stamp};
use rowscore::store::selection::Selection;
use rowscore::store::wanted::Wanted;
use rowscore::window::Window;
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{sample, score};
use crate::support::{Server, TestDb, at, continued, eventually, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// A tick that finds an item locked by `client`'s open transaction, which ends with `last` as soon
/// as all other items are predicted.
async fn tick_during(db: &TestDb, client: &mut Conn, last: &str) -> rowscore::answer::Answer {
    let (tick, now) = (tick(TICK), at(TICK));
    let end = async {
        eventually("the others are predicted", async || db.pages().await >= 1).await;
        client.query_drop(last).await.unwrap();
    };
    join(db.hop(&tick, unhurried(now)), end).await.0
}

#[rstest]
#[tokio::test]
async fn an_item_that_is_being_changed_is_scored_by_its_new_values(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    let mut client = db.client().await;
    client.query_drop("BEGIN").await.unwrap();
    client.exec_drop("UPDATE `items` SET `values` = ? WHERE `id` = 20", (sample(1000),)).await.unwrap();

    let answer = tick_during(&db, &mut client, "COMMIT").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 50));
    assert_ne!(score(&sample(20)), score(&sample(1000)));
    assert_eq!(db.prediction(20).await.unwrap(), score(&sample(1000)));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn a_change_that_is_taken_back_was_never_scored(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    let mut client = db.client().await;
    client.query_drop("BEGIN").await.unwrap();
    client.query_drop("UPDATE `items` SET `values` = '[]' WHERE `id` = 20").await.unwrap();

    let answer = tick_during(&db, &mut client, "ROLLBACK").await;

    assert_eq!((answer.counts.predicted, answer.counts.failed), (50, 0));
    assert_eq!(db.prediction(20).await.unwrap(), score(&sample(20)));
}

#[rstest]
#[tokio::test]
async fn an_item_that_another_client_predicts_meanwhile_keeps_that_prediction(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    let mut client = db.client().await;
    client.query_drop("BEGIN").await.unwrap();
    client.query_drop("UPDATE `items` SET `prediction` = '[0.5, 0.25, 0.25]' WHERE `id` = 20").await.unwrap();

    let answer = tick_during(&db, &mut client, "COMMIT").await;

    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.pending), (Outcome::Finished, 49, 0));
    assert_eq!(db.prediction(20).await.unwrap(), [0.5, 0.25, 0.25]);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 49, 0, 0));
}

#[rstest]
#[tokio::test]
async fn an_item_that_is_being_deleted_is_not_brought_back(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    let mut client = db.client().await;
    client.query_drop("BEGIN").await.unwrap();
    client.query_drop("DELETE FROM `items` WHERE `id` = 20").await.unwrap();

    let answer = tick_during(&db, &mut client, "COMMIT").await;

    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.pending), (Outcome::Finished, 49, 0));
    assert_eq!(db.ids("`id` = 20").await, Vec::<i64>::new());
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 49, 0, 0));
}

#[rstest]
#[tokio::test]
async fn items_that_come_and_go_between_two_hops_are_counted_as_they_are(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill((1..=100).filter(|id| ![5, 50].contains(id)), CREATED).await;
    assert_eq!(db.hurried_tick(TICK).await.counts.predicted, 10);
    db.execute("DELETE FROM `items` WHERE `id` IN (1, 90)").await;
    // One behind the cursor, one before it.
    db.fill([5, 50], CREATED).await;
    // In the run's ids, but no longer in its window.
    db.execute("UPDATE `items` SET `created_datetime` = '2024-03-05 10:00:00' WHERE `id` = 91").await;

    let last = db.hop(&continued(1, 0, 2), unhurried(at(TICK))).await;

    assert_eq!(last.outcome, Outcome::Finished);
    // The first ten, among them the deleted one; the 88 that lay before the cursor, less two, and one more.
    assert_eq!((last.counts.predicted, last.counts.pending), (10 + 88 - 2 + 1, 1));
    assert_eq!(db.run(1).await, RunRow { state: db.run(1).await.state, ..RunRow::over("", 97, 0, 1) });
    assert_eq!(db.ids("`prediction` IS NULL").await, [5, 91]);
    // The next tick's look-back finds it.
    db.tick("2024-03-05T10:30:00Z").await;
    assert_eq!(db.ids("`prediction` IS NULL").await, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn a_page_under_way_blocks_no_insert_and_no_other_item(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill((1..=40).map(|number| 10 * number), CREATED).await;
    let mut worker = db.connect().await;
    let mut tx = worker.start_transaction(TxOpts::default()).await.unwrap();
    let table = &db.config.work.items_table;
    let window = Window::everything_before(at(TICK));
    let wanted = Wanted { table, features: model().features(), which: Selection::Fresh(window), by: Order::Key };
    let read = items::read_statement(wanted, &Ids::new(0, 400), 20, Locking::AllOrNone);
    let page: Vec<(i64, String)> = tx.query(read).await.unwrap();
    assert_eq!((page.len(), page[0].0, page[19].0), (20, 10, 200));

    let mut client = db.client().await;
    client.query_drop("SET SESSION innodb_lock_wait_timeout = 1").await.unwrap();
    let insert = |id: i64| format!("INSERT INTO `items` (`id`, `values`) VALUES ({id}, '[1, 2, 3, 4]')");
    // While the page is read: before it, within it, behind it and at the table's end.
    for id in [5, 55, 205, 1000] {
        client.query_drop(insert(id)).await.unwrap_or_else(|error| panic!("{id}: {error}"));
    }
    let predictions = Predictions {
        keys: page.iter().map(|(id, _)| *id).collect::<Vec<_>>().into(),
        outputs: vec![0.25; 20 * 3],
        of: model().outputs(),
    };
    let stamp = Stamp { run: RunId(1), model: "abc", onto: Onto::Nothing, by: By::Key, density: Density::Sparse };
    items::write(&mut tx, table, stamp, &predictions).await.unwrap();
    // And while it is written.
    for id in [6, 56, 206, 1001] {
        client.query_drop(insert(id)).await.unwrap_or_else(|error| panic!("{id}: {error}"));
    }
    client.query_drop("UPDATE `items` SET `values` = '[4, 3, 2, 1]' WHERE `id` = 210").await.unwrap();
    client.query_drop("DELETE FROM `items` WHERE `id` = 400").await.unwrap();
    // Its own items are all that it keeps.
    let own = client.query_drop("UPDATE `items` SET `values` = '[4, 3, 2, 1]' WHERE `id` = 200").await;
    assert!(matches!(&own, Err(Error::Server(error)) if error.code == 1205), "{own:?}");

    tx.commit().await.unwrap();
    client.query_drop("UPDATE `items` SET `values` = '[4, 3, 2, 1]' WHERE `id` = 200").await.unwrap();
    assert_eq!(db.ids("`run_id` = 1").await, Vec::from_iter((1..=20).map(|number| 10 * number)));
}
