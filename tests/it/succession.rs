//! A deployment in the middle of a run: each run's predictions are one model's.

use rowscore::answer::Outcome;
use rowscore::event::Trigger;
use rowscore::hop::{self, Clock};
use rowscore::run::{RunId, RunState};
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::sample;
use crate::support::models::other;
use crate::support::{Server, TestDb, at, continued, model, tick, unhurried, window};

const CREATED: &str = "2024-03-05T09:30:00Z";
const FIRST: &str = "2024-03-05T10:00:00Z";
const SECOND: &str = "2024-03-05T11:00:00Z";

/// Run 1, opened by the other model, has committed its first page of ten.
async fn begun(server: Server, settings: &[(&str, &str)], first: &Trigger) -> TestDb {
    let mut all = vec![("PAGE_SIZE", "10"), ("LANES", "1")];
    all.extend(settings);
    let db = TestDb::new(server, &all).await;
    db.fill(1..=50, CREATED).await;
    db.audit().await;
    let answer = db.hop_by(other(), first, Clock::immediately(at(FIRST))).await;
    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Continued, 10));
    db
}

async fn window_of(db: &TestDb, run: u64) -> (Option<String>, String) {
    let sql =
        format!("SELECT CAST(`window_from` AS CHAR), CAST(`window_to` AS CHAR) FROM `batch_runs` WHERE `id` = {run}");
    db.rows(&sql).await.remove(0)
}

#[rstest]
#[tokio::test]
async fn a_continuation_at_another_model_goes_on_with_a_run_of_its_own(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = begun(server, &[], &tick(FIRST)).await;

    let answer = db.hop(&continued(1, 0, 2), Clock::immediately(at(FIRST))).await;
    assert_eq!((answer.outcome, answer.run_id, answer.counts.predicted), (Outcome::Continued, Some(RunId(2)), 10));
    let answers = db.follow(answer, at(FIRST)).await;

    assert_eq!(answers.last().unwrap().outcome, Outcome::Finished);
    assert_eq!(db.run(1).await, RunRow::over("cancelled", 10, 0, 40));
    assert_eq!(db.run(2).await, RunRow::over("succeeded", 40, 0, 0));
    assert_eq!(window_of(&db, 2).await, window_of(&db, 1).await);
    let why: String = db.value("SELECT `last_error` FROM `batch_runs` WHERE `id` = 1").await;
    assert_eq!(
        why,
        format!("model {} takes over from model {}, with a run of its own", model().version(), other().version())
    );
    assert_eq!(db.predicted_by(other()).await, Vec::from_iter(1..=10));
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(11..=50));
    assert_eq!(db.updated().await, Vec::from_iter(1..=50));
    // The chain of windows goes on where it was.
    db.tick(SECOND).await;
    assert_eq!(window_of(&db, 3).await.0.unwrap(), "2024-03-05 09:00:00");
}

#[rstest]
#[tokio::test]
async fn the_message_delivered_again_finds_the_successor(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = begun(server, &[("WORKERS", "2")], &tick(FIRST)).await;
    let first = db.hop(&continued(1, 0, 2), Clock::immediately(at(FIRST))).await;
    assert_eq!((first.outcome, first.run_id), (Outcome::Continued, Some(RunId(2))));

    // As if its own continuations were lost: the old one, and the other worker's.
    for worker in [0, 1] {
        let again = db.hop(&continued(1, worker, 2), Clock::immediately(at(FIRST))).await;
        assert_eq!(again.run_id, Some(RunId(2)), "{again:?}");
        assert_ne!(again.outcome, Outcome::Failed);
    }
    db.follow(first, at(FIRST)).await;
    let done = db.tick(SECOND).await;

    assert_eq!(done.outcome, Outcome::NothingToDo);
    assert_eq!(db.run(2).await.state, "succeeded");
    assert_eq!(db.updated().await, Vec::from_iter(1..=50));
    let late = db.hop(&continued(1, 0, 2), unhurried(at(SECOND))).await;
    assert_eq!((late.outcome, late.run_id), (Outcome::Stopped, Some(RunId(1))));
}

#[rstest]
#[tokio::test]
async fn a_tick_at_another_model_finishes_what_is_unfinished_and_then_its_own(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let by_hand = window("2024-03-05T09:00:00Z", FIRST);
    let db = begun(server, &[], &by_hand).await;
    db.fill(51..=60, "2024-03-05T10:30:00Z").await;

    let answer = db.tick(SECOND).await;

    assert_eq!((answer.outcome, answer.run_id, answer.counts.predicted), (Outcome::Finished, Some(RunId(3)), 10));
    assert_eq!(db.run(1).await, RunRow::over("cancelled", 10, 0, 40));
    assert_eq!(db.run(2).await, RunRow::over("succeeded", 40, 0, 0));
    assert_eq!(window_of(&db, 2).await, window_of(&db, 1).await);
    let chained: Vec<bool> = db.rows("SELECT `chained` FROM `batch_runs` ORDER BY `id`").await;
    assert_eq!(chained, [false, false, true]);
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(11..=60));
}

#[rstest]
#[tokio::test]
async fn its_own_tick_delivered_again_at_another_model_finishes_the_window(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = begun(server, &[], &tick(FIRST)).await;

    // The second time in a hurry, and whoever had the successor vanishes.
    assert_eq!(db.hurried_tick(FIRST).await.run_id, Some(RunId(2)));
    db.tick(FIRST).await;

    assert_eq!(db.run(2).await, RunRow::over("succeeded", 40, 0, 0));
    assert_eq!(db.updated().await, Vec::from_iter(1..=50));
    assert_eq!(db.count("`batch_runs`").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_held_run_is_replaced_only_once_it_may_go_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = begun(server, &[], &tick(FIRST)).await;
    let table = &db.config.work.items_table;
    let mut conn = db.connect().await;
    hop::steer(&mut conn, table, RunId(1), RunState::Paused).await.unwrap();

    for trigger in [continued(1, 0, 2), tick(SECOND)] {
        let answer = db.hop(&trigger, unhurried(at(SECOND))).await;
        assert_eq!((answer.outcome, answer.run_id), (Outcome::Stopped, Some(RunId(1))));
    }
    assert_eq!(db.updated().await.len(), 10);

    hop::steer(&mut conn, table, RunId(1), RunState::Running).await.unwrap();
    assert_eq!(db.hop(&continued(1, 0, 2), unhurried(at(SECOND))).await.counts.predicted, 40);
    assert_eq!(db.updated().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn a_worker_of_the_old_model_stops_at_its_next_page(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = begun(server, &[], &tick(FIRST)).await;
    db.hop(&continued(1, 0, 2), Clock::immediately(at(FIRST))).await;

    // It was under way in a function that has not been replaced yet.
    let old = db.hop_by(other(), &continued(1, 0, 2), unhurried(at(FIRST))).await;

    assert_eq!((old.outcome, old.run_id), (Outcome::Stopped, Some(RunId(1))));
    assert_eq!(db.predicted_by(other()).await.len(), 10);
    assert_eq!(db.predicted_by(model()).await.len(), 10);
}

#[rstest]
#[tokio::test]
async fn a_window_that_failed_as_a_whole_is_tried_again_by_the_next_model(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("FAILURE_POLICY", "retry_all"), ("MAX_ATTEMPTS", "3")]).await;
    db.fill(1..=10, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` = 5").await;
    let failed = db.hop_by(other(), &tick(FIRST), unhurried(at(FIRST))).await;
    assert_eq!(failed.state, Some(RunState::Failed));
    db.execute(&format!(
        "UPDATE `items` SET `values` = '{}', `updated_datetime` = '2020-01-01' WHERE `id` = 5",
        sample(5)
    ))
    .await;

    db.tick(SECOND).await;

    assert_eq!(db.run(1).await, RunRow::over("cancelled", 0, 1, 9));
    assert_eq!(db.run(2).await, RunRow::over("succeeded", 10, 0, 0));
    assert_eq!(window_of(&db, 2).await, window_of(&db, 1).await);
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(1..=10));
    assert_eq!(db.tick("2024-03-05T12:00:00Z").await.outcome, Outcome::NothingToDo);
}

/// Hops of both models in turns, from a tick on, until no continuation is left. Answers how many.
async fn in_turns(db: &TestDb, time: &str) -> usize {
    let now = at(time);
    let mut answer = db.hop_by(other(), &tick(time), Clock::immediately(now)).await;
    for hops in 1..100 {
        let [next] = &answer.continuations[..] else { return hops };
        let model = if hops % 2 == 0 { other() } else { model() };
        answer = db.hop_by(model, &Trigger::Continue(next.clone()), Clock::immediately(now)).await;
    }
    panic!("two models take turns without an end");
}

#[rstest]
#[tokio::test]
async fn two_models_in_turns_that_only_check_fail_their_run_and_one_of_them_finishes_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings = [("FAILURE_POLICY", "retry_all"), ("PAGE_SIZE", "10"), ("LANES", "1")];
    let db = TestDb::new(server, &settings).await;
    db.fill(1..=50, CREATED).await;

    let hops = in_turns(&db, FIRST).await;

    assert!(hops < 10, "{hops}");
    let last: (u64, String, String) =
        db.rows("SELECT `id`, `state`, `last_error` FROM `batch_runs` ORDER BY `id` DESC LIMIT 1").await.remove(0);
    assert_eq!(last.1, "failed");
    for part in [&other().version().to_string(), &model().version().to_string(), "took this window from each other"] {
        assert!(last.2.contains(part), "{part} in {}", last.2);
    }
    assert_eq!((db.predicted().await.len(), db.count("`batch_runs` WHERE `unfinished` = 1").await), (0, 0));
    // Also later, as long as there are two; each tick says so anew.
    assert!(in_turns(&db, SECOND).await < 10);
    assert_eq!(db.count("`batch_runs` WHERE `state` = 'failed'").await, 1);
    assert_eq!(db.predicted().await.len(), 0);

    let answer = db.tick("2024-03-05T12:00:00Z").await;
    assert_eq!(answer.state, Some(RunState::Succeeded));
    assert_eq!(db.predicted_by(model()).await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn two_models_in_turns_that_write_come_to_an_end(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("retry_failed", "leave")] policy: &str,
) {
    let db = TestDb::new(server, &[("FAILURE_POLICY", policy), ("PAGE_SIZE", "3"), ("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;

    let hops = in_turns(&db, FIRST).await;

    assert!((17..40).contains(&hops), "{hops}");
    let both = [db.predicted_by(other()).await, db.predicted_by(model()).await].concat();
    assert_eq!(both.len(), 50);
    assert_eq!(db.count("`batch_runs` WHERE `state` IN ('failed', 'running')").await, 0);
}
