//! Pages: what is written goes to its row, and what was in vain is tried smaller.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rstest::rstest;

use crate::support::{Server, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// A double cannot tell this id from the next.
const LARGE: i64 = (1 << 53) + 1;

#[rstest]
#[case::without_a_gap((LARGE..LARGE + 400).collect())]
#[case::with_few_gaps((LARGE..LARGE + 151).chain(LARGE + 153..LARGE + 300).collect())]
#[case::with_many_gaps((0..400).map(|id| LARGE + 3 * id).collect())]
#[case::below_zero((-300..=-150).chain(-148..0).chain(1..100).collect())]
#[tokio::test]
async fn every_prediction_of_a_page_goes_to_its_own_item(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] ids: Vec<i64>,
) {
    let db = TestDb::new(server, &[("LANES", "1")]).await;
    db.fill(ids.iter().copied(), CREATED).await;
    // A later window's: they are between the ids of the page and must stay as they are.
    let between: Vec<i64> =
        (ids[0]..ids[ids.len() - 1]).filter(|id| ids.binary_search(id).is_err()).take(500).collect();
    db.fill(between.into_iter().filter(|id| *id != 0), "2024-03-05T10:30:00Z").await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.pages), (Outcome::Finished, 1));
    assert_eq!(db.predicted().await, ids);
}

#[rstest]
#[tokio::test]
async fn the_largest_page_of_ids_with_gaps_is_written_by_its_ids_and_not_by_reading_the_table(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "20000")]).await;
    db.fill((1..=20_000).map(|id| 3 * id), CREATED).await;
    // Whoever read the whole table would wait for it.
    db.fill([1_000_000], "2024-03-05T10:30:00Z").await;
    let mut client = db.client().await;
    client.query_drop("BEGIN; SELECT * FROM `items` WHERE `id` = 1000000 FOR UPDATE").await.unwrap();
    let begun = Instant::now();

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.pages), (Outcome::Finished, 20_000, 1));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[rstest]
#[tokio::test]
async fn a_page_that_fails_while_it_is_written_is_tried_with_half_its_items(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "200")]).await;
    db.fill(1..=200, CREATED).await;
    // The first item that a connection writes is lost to a deadlock; after that all goes well.
    let sql = format!(
        "CREATE TRIGGER `deadlock_once` BEFORE UPDATE ON {} FOR EACH ROW \
         IF @struck IS NULL THEN SET @struck = TRUE; SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213; END IF",
        db.table()
    );
    db.execute(&sql).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.pages), (Outcome::Finished, 200, 2));
    assert_eq!(db.predicted().await, (1..=200).collect::<Vec<_>>());
}

#[rstest]
#[tokio::test]
async fn a_page_is_written_again_after_a_cluster_has_given_up_its_transaction(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    // Galera's; Group Replication's; those that a proxy answers in the name of a server that is gone.
    #[values(1047, 1180, 3100, 3101, 3797, 2003, 2013, 9001)] code: u16,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "200")]).await;
    db.fill(1..=20, CREATED).await;
    // Its counter goes on where a transaction that is rolled back left it.
    db.execute("CREATE TABLE `tries` (`number` INT AUTO_INCREMENT PRIMARY KEY)").await;
    let sql = format!(
        "CREATE TRIGGER `give_up_once` BEFORE UPDATE ON {} FOR EACH ROW BEGIN \
           INSERT INTO `tries` VALUES (NULL); \
           IF LAST_INSERT_ID() = 1 THEN SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}; END IF; \
         END",
        db.table()
    );
    db.execute(&sql).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 20));
    assert_eq!(db.predicted().await, (1..=20).collect::<Vec<_>>());
    assert_eq!(db.value::<i32>("SELECT MIN(`number`) FROM `tries`").await, 2);
}
