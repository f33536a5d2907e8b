//! Windows: which items a run is answerable for, and which runs there are.

mod by_hand;
mod ids;
mod ticks;

use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rowscore::run::{Counts, RunState};
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{UNTOUCHED, sample};
use crate::support::{Server, TestDb, at, unhurried, window};

#[rstest]
#[tokio::test]
async fn a_whole_window_on_an_empty_past_is_worked_off_and_its_counts_add_up(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "100")]).await;
    db.fill(1..=2500, "2024-03-05T09:00:00Z").await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Finished, Some(RunState::Succeeded)));
    // Two lanes of 1250 items, 13 pages each, which are so small that none is made smaller.
    assert_eq!(answer.counts, Counts { predicted: 2500, failed: 0, pending: 0, pages: 26 });
    assert_eq!(answer.continuations, []);
    assert!(answer.rows_per_second > 0);
    let run = answer.run_id.unwrap().0;
    assert_eq!(db.run(run).await, RunRow::over("succeeded", 2500, 0, 0));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=2500));
    assert_eq!(db.ids(&format!("`run_id` = {run}")).await.len(), 2500);
}

#[rstest]
#[tokio::test]
async fn a_window_includes_its_first_second_and_excludes_its_last(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], "2024-03-05T11:59:59Z").await;
    db.fill([2], "2024-03-05T12:00:00Z").await;
    db.fill([3], "2024-03-05T12:59:59Z").await;
    db.fill([4], "2024-03-05T13:00:00Z").await;
    // Between the window's ids, but not in it.
    db.fill([5], "2024-03-04T12:30:00Z").await;
    db.fill([6], "2024-03-05T12:30:00Z").await;

    let answer =
        db.hop(&window("2024-03-05T12:00:00Z", "2024-03-05T13:00:00Z"), unhurried(at("2024-03-06T00:00:00Z"))).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 3));
    assert_eq!(db.predicted().await, [2, 3, 6]);
    assert_eq!(db.ids(&format!("`updated_datetime` = '{UNTOUCHED}'")).await, [1, 4, 5]);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 3, 0, 0));
}

#[rstest]
#[tokio::test]
async fn a_json_null_is_pending_for_a_window_too(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=3, "2024-03-05T09:30:00Z").await;
    db.execute("UPDATE `items` SET `prediction` = 'null' WHERE `id` = 2").await;
    db.execute("UPDATE `items` SET `prediction` = '[0.5, 0.25, 0.25]' WHERE `id` = 3").await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!(answer.counts.predicted, 2);
    assert_eq!(db.ids("`run_id` = 1").await, [1, 2]);
    assert_eq!(db.prediction(3).await.unwrap(), [0.5, 0.25, 0.25]);
}

#[rstest]
#[tokio::test]
async fn an_empty_table_is_nothing_to_do(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.state), (Outcome::NothingToDo, Some(RunState::Succeeded)));
    assert_eq!((answer.counts, answer.continuations.len()), (Counts::default(), 0));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 0, 0, 0));
    assert_eq!(db.count("`batch_lanes`").await, 0);
}

#[rstest]
#[tokio::test]
async fn the_time_zone_of_other_sessions_does_not_matter(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("DELIVER_WITHIN", "15m")]).await;
    let mut client = db.client().await;
    for (zone, before, at_the_end) in [
        ("+05:30", "2024-03-05 15:29:59", "2024-03-05 15:30:00"),
        ("-08:00", "2024-03-05 01:59:59", "2024-03-05 02:00:00"),
    ] {
        client.query_drop(format!("SET SESSION time_zone = '{zone}'")).await.unwrap();
        let sql = "INSERT INTO `items` (`values`, `created_datetime`, `updated_datetime`) VALUES (?, ?, '2020-01-01'), (?, ?, '2020-01-01')";
        client.exec_drop(sql, (sample(1), before, sample(2), at_the_end)).await.unwrap();
    }

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!(answer.counts.predicted, 2);
    assert_eq!(db.ids("`prediction` IS NOT NULL").await, [1, 3]);
    let times: Vec<(String, String)> =
        client.query("SELECT CAST(`started_at` AS CHAR), CAST(`deadline` AS CHAR) FROM `batch_runs`").await.unwrap();
    assert_eq!(times, [("2024-03-05 10:00:05.000".to_owned(), "2024-03-05 10:15:00".to_owned())]);
    let sql = "SELECT ABS(TIMESTAMPDIFF(SECOND, `finished_at`, UTC_TIMESTAMP())) FROM `batch_runs`";
    let off: Option<u64> = client.query_first(sql).await.unwrap();
    assert!(off.unwrap() < 60, "finished_at is {} s off", off.unwrap());
}
