//! The failure policies, the brakes, and an operator's hand.

use mysql_async::prelude::Queryable;
use rowscore::answer::Outcome;
use rowscore::hop::{self, Clock, Steered};
use rowscore::run::{RunId, RunState};
use rowscore::store::failures;
use rowscore::store::key::Key;
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{Item, sample};
use crate::support::{Server, TestDb, at, continued, model, sweep, tick, unhurried};

const FIRST: &str = "2024-03-05T10:00:00Z";
const SECOND: &str = "2024-03-05T11:00:00Z";
const THIRD: &str = "2024-03-05T12:00:00Z";
const FOURTH: &str = "2024-03-05T13:00:00Z";

fn item(id: i64, values: &str) -> Item {
    Item { id, values: values.to_owned(), created: Some(at("2024-03-05T09:30:00Z")) }
}

/// Nine good items and a bad one, number 5.
async fn nine_and_one(server: Server, settings: &[(&str, &str)]) -> TestDb {
    let db = TestDb::new(server, settings).await;
    let items: Vec<Item> = (1..=10).map(|id| item(id, &if id == 5 { "[]".to_owned() } else { sample(id) })).collect();
    db.insert(&items).await;
    db
}

async fn attempts(db: &TestDb) -> Vec<(i64, u32)> {
    db.rows("SELECT `item_id`, `attempts` FROM `item_failures` ORDER BY `item_id`").await
}

async fn correct(db: &TestDb, id: i64) {
    db.execute(&format!("UPDATE `items` SET `values` = '{}' WHERE `id` = {id}", sample(id))).await;
}

#[rstest]
#[tokio::test]
async fn under_retry_failed_an_item_is_tried_by_later_runs_up_to_its_attempts(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = nine_and_one(server, &[("MAX_ATTEMPTS", "2")]).await;

    assert_eq!(db.tick(FIRST).await.counts.failed, 1);
    assert_eq!(db.tick(SECOND).await.counts.failed, 1);
    assert_eq!(attempts(&db).await, [(5, 2)]);
    assert_eq!(db.tick(THIRD).await.outcome, Outcome::NothingToDo);
    assert_eq!(attempts(&db).await, [(5, 2)]);
    assert_eq!(db.run(2).await, RunRow::over("succeeded_with_failures", 0, 1, 0));
}

#[rstest]
#[case::with_attempts_left("9")]
#[case::with_none_left("1")]
#[tokio::test]
async fn under_retry_failed_a_corrected_row_is_scored_by_the_next_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] max_attempts: &str,
) {
    let db = nine_and_one(server, &[("MAX_ATTEMPTS", max_attempts)]).await;
    db.tick(FIRST).await;
    correct(&db, 5).await;

    let answer = db.tick(SECOND).await;

    assert_eq!((answer.state, answer.counts.predicted), (Some(RunState::Succeeded), 1));
    assert_eq!(db.predicted().await, (1..=10).collect::<Vec<i64>>());
    assert_eq!(attempts(&db).await, []);
}

#[rstest]
#[tokio::test]
async fn under_leave_an_item_set_aside_stays_so_until_it_is_released(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = nine_and_one(server, &[("FAILURE_POLICY", "leave")]).await;
    db.tick(FIRST).await;
    assert_eq!(db.tick(SECOND).await.outcome, Outcome::NothingToDo);
    assert_eq!(db.hop(&sweep(), unhurried(at(SECOND))).await.outcome, Outcome::NothingToDo);

    let mut conn = db.connect().await;
    let table = &db.config.work.items_table;
    assert_eq!(failures::release(table, &[4.into()], None).ask(&mut conn).await.unwrap(), 0);
    assert_eq!(failures::release(table, &[4, 5].map(Key::Id), None).ask(&mut conn).await.unwrap(), 1);

    assert_eq!(db.tick(THIRD).await.counts.failed, 1);
    assert_eq!(attempts(&db).await.len(), 1);
}

#[rstest]
#[tokio::test]
async fn under_leave_a_row_with_other_values_is_another_row(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = nine_and_one(server, &[("FAILURE_POLICY", "leave")]).await;
    db.tick(FIRST).await;
    correct(&db, 5).await;

    assert_eq!(db.tick(SECOND).await.counts.predicted, 1);
    assert_eq!(attempts(&db).await, []);
}

#[rstest]
#[tokio::test]
async fn under_leave_an_item_released_without_correction_gets_one_more_attempt(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = nine_and_one(server, &[("FAILURE_POLICY", "leave")]).await;
    db.tick(FIRST).await;
    failures::release(&db.config.work.items_table, &[], None).ask(&mut db.connect().await).await.unwrap();

    assert_eq!(db.tick(SECOND).await.counts.failed, 1);
    assert_eq!(attempts(&db).await, [(5, 1)]);
    assert_eq!(db.tick(THIRD).await.outcome, Outcome::NothingToDo);
}

#[rstest]
#[tokio::test]
async fn under_retry_all_a_window_with_a_bad_item_writes_nothing_and_is_tried_again_as_a_whole(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = nine_and_one(server, &[("FAILURE_POLICY", "retry_all"), ("PAGE_SIZE", "2"), ("LANES", "3")]).await;
    db.audit().await;

    let answer = db.tick(FIRST).await;
    assert_eq!((answer.outcome, answer.state), (Outcome::Finished, Some(RunState::Failed)));
    assert_eq!(db.run(1).await, RunRow::over("failed", 0, 1, 9));
    assert_eq!(db.updated().await, [0; 0]);
    let why: String = db.value("SELECT `last_error` FROM `batch_runs` WHERE `id` = 1").await;
    assert_eq!(why, "1 item cannot be scored, so none was written (retry_all)");

    correct(&db, 5).await;
    db.execute("TRUNCATE `audit`").await;
    db.insert(&[Item { created: Some(at("2024-03-05T10:30:00Z")), ..item(11, &sample(11)) }]).await;
    // The next tick tries the failed window again, then does its own.
    let answer = db.tick(SECOND).await;
    assert_eq!((answer.run_id, answer.state), (Some(RunId(2)), Some(RunState::Succeeded)));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 10, 0, 0));
    assert_eq!(db.count("`batch_runs` WHERE `last_error` IS NOT NULL").await, 0, "it went well in the end");
    assert_eq!(db.run(2).await, RunRow::over("succeeded", 1, 0, 0));
    assert_eq!(db.updated().await, (1..=11).collect::<Vec<i64>>());
    assert_eq!(attempts(&db).await, []);
}

#[rstest]
#[tokio::test]
async fn under_retry_all_a_window_is_given_up_after_its_attempts_and_later_windows_go_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = nine_and_one(server, &[("FAILURE_POLICY", "retry_all"), ("MAX_ATTEMPTS", "2"), ("LOOKBACK", "0s")]).await;
    db.tick(FIRST).await;
    db.insert(&[Item { created: Some(at("2024-03-05T12:30:00Z")), ..item(11, &sample(11)) }]).await;
    db.tick(SECOND).await;
    db.tick(THIRD).await;

    assert_eq!(db.tick(FOURTH).await.counts.predicted, 1);
    let attempt: u32 = db.value("SELECT `attempt` FROM `batch_runs` WHERE `id` = 1").await;
    assert_eq!((attempt, db.run(1).await.state.as_str()), (2, "failed"));
    assert_eq!(db.predicted().await, [11]);
}

#[rstest]
#[tokio::test]
async fn under_retry_all_a_bad_item_holds_back_its_own_window_only(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    // The next window reaches back over all of the failed one.
    let db = nine_and_one(server, &[("FAILURE_POLICY", "retry_all"), ("MAX_ATTEMPTS", "2"), ("LOOKBACK", "3d")]).await;
    assert_eq!(db.tick(FIRST).await.state, Some(RunState::Failed));
    db.insert(&[Item { created: Some(at("2024-03-05T10:30:00Z")), ..item(11, &sample(11)) }]).await;

    let next = db.tick(SECOND).await;

    assert_eq!((next.run_id, next.state, next.counts.failed), (Some(RunId(2)), Some(RunState::Succeeded), 0));
    // Nothing of the failed window is written by another one.
    assert_eq!(db.predicted().await, [11]);
    // A sweep goes on without the bad one, and takes it once it is corrected.
    assert_eq!(db.hop(&sweep(), unhurried(at(SECOND))).await.counts.failed, 0);
    assert_eq!(db.ids("`prediction` IS NULL").await, [5]);
    correct(&db, 5).await;
    db.hop(&sweep(), unhurried(at(THIRD))).await;
    assert_eq!(db.ids("`prediction` IS NULL").await, Vec::<i64>::new());
    assert_eq!(attempts(&db).await, []);
}

#[rstest]
#[tokio::test]
async fn one_bad_item_alone_in_a_quiet_hour_fails_no_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.insert(&[item(1, "[]")]).await;

    assert_eq!(db.tick(FIRST).await.state, Some(RunState::SucceededWithFailures));

    assert_eq!(attempts(&db).await, [(1, 1)]);
    // Who accepts no failure gets none.
    let none = TestDb::new(server, &[("MAX_FAILED_PERCENT", "0")]).await;
    none.insert(&[item(1, "[]")]).await;
    assert_eq!(none.tick(FIRST).await.state, Some(RunState::Failed));
}

#[rstest]
#[tokio::test]
async fn under_retry_all_no_reader_sees_a_part_of_a_failed_window(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings = [("FAILURE_POLICY", "retry_all"), ("PAGE_SIZE", "1"), ("LANES", "2")];
    let db = nine_and_one(server, &settings).await;
    let mut answer = db.hurried_tick(FIRST).await;
    // After every hop of one page a lane, and the bad item is in the middle.
    while let [next] = &answer.continuations[..] {
        assert_eq!(db.predicted().await, [0; 0]);
        answer = db.hop(&continued(next.run_id.0, next.worker, next.hop), Clock::immediately(at(FIRST))).await;
    }
    assert_eq!(answer.state, Some(RunState::Failed));
    assert_eq!(db.predicted().await, [0; 0]);
}

#[rstest]
#[tokio::test]
async fn under_retry_all_many_hops_and_workers_write_the_same_as_one(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let whole = TestDb::new(server, &[]).await;
    whole.fill(1..=40, "2024-03-05T09:30:00Z").await;
    whole.tick(FIRST).await;

    let settings = [("FAILURE_POLICY", "retry_all"), ("PAGE_SIZE", "3"), ("LANES", "2"), ("WORKERS", "2")];
    let db = TestDb::new(server, &settings).await;
    db.audit().await;
    db.fill(1..=40, "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick(FIRST).await;
    let answers = db.follow(first, at(FIRST)).await;

    let finished = answers.iter().filter(|answer| answer.outcome == Outcome::Finished).count();
    assert_eq!(finished, 1, "{answers:#?}");
    assert!(db.snapshot().await == whole.snapshot().await, "the tables differ");
    assert_eq!(db.updated().await, db.predicted().await);
}

#[rstest]
#[tokio::test]
async fn a_held_run_waits_for_its_operator_and_a_cancelled_one_is_over(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1")]).await;
    db.fill(1..=20, "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick(FIRST).await;
    let next = first.continuations[0].clone();
    let go_on = continued(1, next.worker, next.hop);
    let table = &db.config.work.items_table;
    let mut conn = db.connect().await;

    let steer = async |conn: &mut _, to| hop::steer(conn, table, RunId(1), to).await.unwrap();
    assert_eq!(steer(&mut conn, RunState::Running).await, Steered::Refused(RunState::Running));
    assert_eq!(steer(&mut conn, RunState::Paused).await, Steered::Done);
    for trigger in [&go_on, &tick(SECOND)] {
        let answer = db.hop(trigger, unhurried(at(SECOND))).await;
        assert_eq!((answer.outcome, answer.state), (Outcome::Stopped, Some(RunState::Paused)));
    }
    assert_eq!(db.predicted().await.len(), 5);

    assert_eq!(steer(&mut conn, RunState::Running).await, Steered::Done);
    let answer = db.hop(&go_on, Clock::immediately(at(SECOND))).await;
    assert_eq!((answer.outcome, db.predicted().await.len()), (Outcome::Continued, 10));

    let cancelled = hop::stop(&mut conn, db.means(model()), RunId(1), RunState::Cancelled, None).await.unwrap();
    assert_eq!(cancelled, Steered::Done);
    assert_eq!(db.run(1).await, RunRow::over("cancelled", 10, 0, 10));
    assert_eq!(steer(&mut conn, RunState::Running).await, Steered::Refused(RunState::Cancelled));
    assert_eq!(hop::steer(&mut conn, table, RunId(9), RunState::Paused).await.unwrap(), Steered::Unknown);
    // What it left belongs to the next window.
    assert_eq!(db.tick(THIRD).await.counts.predicted, 10);
    conn.query_drop("DO 0").await.unwrap();
}
