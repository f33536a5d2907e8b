//! How a window walks the ids.

use rowscore::answer::Outcome;
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::{Server, TestDb, at};

#[rstest]
#[tokio::test]
async fn gaps_between_ids_and_the_highest_ids_are_crossed_in_a_few_pages(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("1", "2")] lanes: &str,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "100"), ("LANES", lanes)]).await;
    let ids: Vec<i64> = [1, 1_000_000, 4_000_000_000, 9_000_000_000_000_000_000, i64::MAX - 20]
        .into_iter()
        .flat_map(|first| first..first + 20)
        .collect();
    db.fill(ids.iter().copied(), "2024-03-05T09:30:00Z").await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 100));
    assert!(answer.counts.pages <= 12, "{} pages", answer.counts.pages);
    assert_eq!(db.predicted().await, ids);
}

#[rstest]
#[tokio::test]
async fn a_stretch_without_pending_items_is_crossed_in_a_few_pages(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=5000, "2024-03-05T09:30:00Z").await;
    db.execute("UPDATE `items` SET `prediction` = '[1, 0, 0]' WHERE `id` BETWEEN 2 AND 4999").await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 2));
    // The reach doubles from 160 ids on: 160 · (2⁶ − 1) > 5000.
    assert!(answer.counts.pages <= 6, "{} pages", answer.counts.pages);
}

#[rstest]
#[tokio::test]
async fn an_item_that_arrives_behind_the_cursor_counts_as_pending_even_if_another_went(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1")]).await;
    db.fill((1..=20).map(|number| 10 * number), "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick("2024-03-05T10:00:00Z").await;
    db.execute("DELETE FROM `items` WHERE `id` = 190").await;
    db.fill([15], "2024-03-05T09:30:00Z").await;

    db.follow(first, at("2024-03-05T10:00:00Z")).await;

    assert_eq!(db.run(1).await, RunRow::over("succeeded", 19, 0, 1));
    // The look-back of the next window finds it.
    assert_eq!(db.tick("2024-03-05T10:20:00Z").await.counts.predicted, 1);
}
