//! Windows and sweeps beside the schedule.

use rowscore::answer::Outcome;
use rowscore::event::{Request, Trigger};
use rowscore::hop::Clock;
use rowscore::run::{FailurePolicy, RunKind, RunState};
use rstest::rstest;

use crate::support::items::{Item, sample};
use crate::support::{Server, TestDb, at, sweep, tick, unhurried, window};

#[rstest]
#[tokio::test]
async fn a_window_by_hand_reaches_to_now_and_takes_its_own_policy(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("FAILURE_POLICY", "retry_failed")]).await;
    db.fill([1], "2024-03-05T10:00:00Z").await;
    db.fill([2], "2024-03-05T10:00:01Z").await;
    let request = Request { policy: Some(FailurePolicy::Leave), ..Request::by_hand(RunKind::Window) };

    let answer = db.hop(&Trigger::Open(request), unhurried(at("2024-03-05T10:00:00.900Z"))).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 1));
    assert_eq!(db.predicted().await, [1]);
    let run: Vec<(String, String, Option<String>)> =
        db.rows("SELECT `policy`, CAST(`window_to` AS CHAR), CAST(`tick` AS CHAR) FROM `batch_runs`").await;
    assert_eq!(run, [("leave".to_owned(), "2024-03-05 10:00:01".to_owned(), None)]);
}

#[rstest]
#[tokio::test]
async fn a_window_by_hand_does_not_move_the_begin_of_the_next_tick(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "1s")]).await;
    db.fill([1], "2024-03-05T08:00:00Z").await;
    db.fill([2], "2024-03-05T09:00:00Z").await;
    let by_hand = window("2024-03-05T08:30:00Z", "2024-03-05T09:30:00Z");
    assert_eq!(db.hop(&by_hand, unhurried(at("2024-03-05T09:45:00Z"))).await.counts.predicted, 1);

    let answer = db.tick("2024-03-05T10:00:00Z").await;

    assert_eq!(answer.counts.predicted, 1);
    assert_eq!(db.predicted().await, [1, 2]);
}

#[rstest]
#[tokio::test]
async fn a_sweep_finds_what_the_windows_cannot_see(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=20, "2024-03-05T06:00:00Z").await;
    db.tick("2024-03-05T10:00:00Z").await;
    db.execute("UPDATE `items` SET `prediction` = NULL WHERE `id` = 7").await;
    db.execute("UPDATE `items` SET `prediction` = 'null' WHERE `id` = 8").await;
    db.fill([21], "2023-01-01T00:00:00Z").await;
    db.insert(&[Item { id: 22, values: sample(22), created: None }]).await;

    let tick = db.tick("2024-03-05T11:00:00Z").await;
    assert_eq!((tick.outcome, tick.state), (Outcome::NothingToDo, Some(RunState::Succeeded)));
    let answer = db.hop(&sweep(), unhurried(at("2024-03-05T11:30:00Z"))).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 4));
    assert_eq!(db.ids("`run_id` = 3").await, [7, 8, 21, 22]);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=22));
    assert_eq!(db.ids("`run_id` = 1").await.len(), 18);
    let kind: Vec<(String, Option<String>)> =
        db.rows("SELECT `kind`, CAST(`window_from` AS CHAR) FROM `batch_runs` WHERE `id` = 3").await;
    assert_eq!(kind, [("sweep".to_owned(), None)]);
}

#[rstest]
#[tokio::test]
async fn a_sweep_and_a_window_may_be_at_work_side_by_side(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=50, "2024-03-05T09:30:00Z").await;
    db.audit().await;
    let now = at("2024-03-05T10:00:00Z");
    let window = db.hop(&tick("2024-03-05T10:00:00Z"), Clock::immediately(now)).await;
    let sweep = db.hop(&sweep(), Clock::immediately(now)).await;
    assert_eq!((window.outcome, sweep.outcome), (Outcome::Continued, Outcome::Continued));

    db.follow(window, now).await;
    db.follow(sweep, now).await;

    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
    assert_eq!(db.updated().await, Vec::from_iter(1..=50));
    let (window, sweep) = (db.run(1).await, db.run(2).await);
    assert_eq!((window.state.as_str(), sweep.state.as_str()), ("succeeded", "succeeded"));
    assert_eq!(window.predicted.unwrap() + sweep.predicted.unwrap(), 50);
}
