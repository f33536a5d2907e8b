//! From tick to tick: which runs there are, and where each window begins.

use chrono::TimeDelta;
use futures_util::future::join_all;
use rowscore::answer::Outcome;
use rowscore::run::RunState;
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{Item, sample};
use crate::support::{Server, TestDb, at, tick, unhurried};

#[rstest]
#[tokio::test]
async fn a_tick_that_is_delivered_twice_makes_one_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, "2024-03-05T09:30:00Z").await;
    let first = db.tick("2024-03-05T10:00:00Z").await;
    assert_eq!(first.outcome, Outcome::Finished);
    // It would belong to the window.
    db.fill([51], "2024-03-05T09:30:00Z").await;

    let second = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!((second.outcome, second.run_id), (Outcome::NothingToDo, first.run_id));
    assert_eq!((second.state, second.counts), (first.state, first.counts));
    assert_eq!(db.count("`batch_runs`").await, 1);
    assert_eq!(db.ids("`prediction` IS NULL").await, [51]);
}

#[rstest]
#[tokio::test]
async fn a_tick_that_is_delivered_four_times_at_once_makes_one_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "100")]).await;
    db.fill(1..=1000, "2024-03-05T09:30:00Z").await;
    db.audit().await;

    let answers = join_all((0..4).map(|_| db.tick("2024-03-05T10:00:00Z"))).await;

    let outcomes: Vec<Outcome> = answers.iter().map(|answer| answer.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Finished).count(), 1, "{outcomes:?}");
    let idle = |outcome: &Outcome| matches!(outcome, Outcome::AlreadyRunning | Outcome::NothingToDo);
    assert_eq!(outcomes.iter().filter(|outcome| idle(outcome)).count(), 3, "{outcomes:?}");
    assert_eq!(db.count("`batch_runs`").await, 1);
    let runs: Vec<u64> = answers.iter().map(|answer| answer.run_id.unwrap().0).collect();
    assert_eq!(runs, [runs[0]; 4]);
    assert_eq!(db.run(runs[0]).await, RunRow::over("succeeded", 1000, 0, 0));
    assert_eq!(db.updated().await, Vec::from_iter(1..=1000));
    assert_eq!(db.pages().await, 10);
}

#[rstest]
#[tokio::test]
async fn an_earlier_ticks_unfinished_run_is_gone_on_with_before_the_ticks_own_window(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10")]).await;
    db.fill(1..=100, "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick("2024-03-05T10:00:00Z").await;
    assert_eq!((first.outcome, first.counts.pending), (Outcome::Continued, 80));
    // Its continuations are lost.
    db.fill(101..=130, "2024-03-05T10:30:00Z").await;

    let second = db.tick("2024-03-05T11:00:00Z").await;

    assert_eq!((second.outcome, second.run_id.unwrap().0), (Outcome::Finished, 2));
    assert_eq!(second.counts.predicted, 30);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
    assert_eq!(db.run(2).await, RunRow::over("succeeded", 30, 0, 0));
    assert_eq!(db.ids("`run_id` = 2").await, Vec::from_iter(101..=130));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=130));
}

#[rstest]
#[tokio::test]
async fn a_tick_in_a_hurry_goes_on_with_an_unfinished_run_only(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=20, "2024-03-05T09:30:00Z").await;
    assert_eq!(db.hurried_tick("2024-03-05T10:00:00Z").await.outcome, Outcome::Continued);
    db.fill([21], "2024-03-05T10:30:00Z").await;

    let second = db.hurried_tick("2024-03-05T11:00:00Z").await;
    assert_eq!((second.outcome, second.run_id.unwrap().0), (Outcome::Finished, 1));
    assert_eq!(db.count("`batch_runs`").await, 1);

    let third = db.hurried_tick("2024-03-05T12:00:00Z").await;
    assert_eq!((third.outcome, third.counts.predicted), (Outcome::Finished, 1));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=21));
}

#[rstest]
#[tokio::test]
async fn a_tick_that_comes_after_a_later_one_finds_nothing_to_do(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], "2024-03-05T08:30:00Z").await;
    assert_eq!(db.tick("2024-03-05T11:00:00Z").await.outcome, Outcome::Finished);

    let late = db.hop(&tick("2024-03-05T09:00:00Z"), unhurried(at("2024-03-05T11:01:00Z"))).await;
    assert_eq!(late.outcome, Outcome::NothingToDo);

    // It does not set the next window back, nor forward.
    db.fill([2], "2024-03-05T10:00:00Z").await;
    db.fill([3], "2024-03-05T09:59:59Z").await;
    db.tick("2024-03-05T12:00:00Z").await;
    assert_eq!(db.predicted().await, [1, 2]);
}

#[rstest]
#[tokio::test]
async fn the_next_tick_reaches_back_by_the_look_back_and_finds_a_row_that_was_committed_late(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "1h")]).await;
    db.fill(1..=10, "2024-03-05T09:30:00Z").await;
    assert_eq!(db.tick("2024-03-05T10:00:00Z").await.counts.predicted, 10);

    db.fill([11], "2024-03-05T08:59:59Z").await;
    db.fill([12], "2024-03-05T09:00:00Z").await;
    db.fill([13], "2024-03-05T10:00:00Z").await;
    db.fill([14], "2024-03-05T11:00:00Z").await;
    let answer = db.tick("2024-03-05T11:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 2));
    assert_eq!(db.ids("`run_id` = 2").await, [12, 13]);
    assert_eq!(db.ids("`prediction` IS NULL").await, [11, 14]);
    let window: Vec<(String, String)> =
        db.rows("SELECT CAST(`window_from` AS CHAR), CAST(`window_to` AS CHAR) FROM `batch_runs` WHERE `id` = 2").await;
    assert_eq!(window, [("2024-03-05 09:00:00".to_owned(), "2024-03-05 11:00:00".to_owned())]);
}

#[rstest]
#[tokio::test]
async fn what_arrives_in_a_window_that_ended_in_the_future_belongs_to_the_next(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "1m")]).await;
    db.fill([1], "2024-03-05T09:00:00Z").await;
    let early = db.hop(&tick("2024-03-05T11:00:00Z"), unhurried(at("2024-03-05T09:30:00Z"))).await;
    assert_eq!(early.counts.predicted, 1);
    db.fill([2], "2024-03-05T09:45:00Z").await;

    let next = db.hop(&tick("2024-03-05T12:00:00Z"), unhurried(at("2024-03-05T12:00:01Z"))).await;

    assert_eq!(next.counts.predicted, 1);
    assert_eq!(db.predicted().await, [1, 2]);
}

#[rstest]
#[tokio::test]
async fn after_a_failed_run_the_next_window_covers_what_it_left(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("MAX_HOPS", "2")]).await;
    db.fill(1..=50, "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick("2024-03-05T10:00:00Z").await;
    let last = db.follow(first, at("2024-03-05T10:00:10Z")).await.pop().unwrap();
    assert_eq!(last.state, Some(RunState::Failed));

    let answer = db.tick("2024-03-06T10:00:00Z").await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 30));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn windows_follow_each_other_without_a_gap_or_a_second_prediction(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "30m")]).await;
    let begin = at("2024-03-05T00:00:00Z");
    let items: Vec<Item> =
        (1..=600).map(|id| Item { id, values: sample(id), created: Some(begin + TimeDelta::minutes(id)) }).collect();
    db.insert(&items).await;
    db.audit().await;

    for hour in 1..=11 {
        let time = (begin + TimeDelta::hours(hour)).to_rfc3339();
        let answer = db.tick(&time).await;
        // The eleventh has nothing but the item of its first second.
        assert_eq!(
            answer.counts.predicted,
            match hour {
                1 => 59,
                11 => 1,
                _ => 60,
            },
            "{time}"
        );
    }

    assert_eq!(db.updated().await, Vec::from_iter(1..=600));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=600));
}
