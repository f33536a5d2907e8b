//! `MAX_FAILED_PERCENT`: the share of a run's items that cannot be scored, whichever lane has them.

use rowscore::answer::Outcome;
use rowscore::run::RunState;
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{Item, sample};
use crate::support::{Server, TestDb, at};

const TICK: &str = "2024-03-05T10:00:00Z";

/// So many items, of which the first cannot be scored.
async fn begins_badly(db: &TestDb, bad: i64, all: i64) {
    let values = |id| if id <= bad { "[1, 2, 3, null]".to_owned() } else { sample(id) };
    let item = |id| Item { id, values: values(id), created: Some(at("2024-03-05T09:30:00Z")) };
    db.insert(&(1..=all).map(item).collect::<Vec<Item>>()).await;
}

async fn why(db: &TestDb) -> String {
    db.value("SELECT `last_error` FROM `batch_runs` WHERE `id` = 1").await
}

#[rstest]
#[tokio::test]
async fn too_great_a_share_of_failures_fails_the_run_and_sets_its_items_aside(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "9")]).await;
    begins_badly(&db, 1, 10).await;
    assert_eq!(db.tick(TICK).await.state, Some(RunState::Failed));
    assert_eq!(why(&db).await, "1 of 10 items cannot be scored, more than 9 % (MAX_FAILED_PERCENT)");

    let enough = TestDb::new(server, &[("MAX_FAILED_PERCENT", "10")]).await;
    begins_badly(&enough, 1, 10).await;
    assert_eq!(enough.tick(TICK).await.state, Some(RunState::SucceededWithFailures));
}

#[rstest]
#[tokio::test]
async fn a_clump_of_failures_at_the_head_of_a_run_fails_it_only_if_they_are_too_many_of_all(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("1", "2")] lanes: &str,
) {
    let db = TestDb::new(server, &[("LANES", lanes), ("PAGE_SIZE", "500"), ("MAX_FAILED_PERCENT", "40")]).await;
    begins_badly(&db, 1500, 4000).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Finished, Some(RunState::SucceededWithFailures)));
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 2500, 1500, 0));
}

#[rstest]
#[tokio::test]
async fn a_large_window_of_failures_is_stopped_as_soon_as_it_can_only_fail(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1"), ("PAGE_SIZE", "100")]).await;
    begins_badly(&db, 5000, 5000).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Stopped, Some(RunState::Failed)));
    assert_eq!(db.run(1).await, RunRow::over("failed", 0, 2600, 2400));
    assert_eq!(why(&db).await, "2,600 of 5,000 items cannot be scored, more than 50 % (MAX_FAILED_PERCENT)");
}

#[rstest]
#[tokio::test]
async fn a_lane_that_finds_too_many_failures_stops_the_others_of_its_hop(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "2"), ("PAGE_SIZE", "100"), ("MAX_FAILED_PERCENT", "5")]).await;
    begins_badly(&db, 6000, 12_000).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Stopped, Some(RunState::Failed)));
    let (failed, pending) = (answer.counts.failed, answer.counts.pending);
    assert!(failed <= 1100 && pending > 5900, "{failed} failed, {pending} are left");
}
