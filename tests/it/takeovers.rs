//! Several at the same lanes: one works, the others leave, and nothing is written twice.

use futures_util::future::join_all;
use rowscore::answer::Outcome;
use rowscore::hop::Clock;
use rowscore::run::{RunId, RunState};
use rowscore::store::lanes::Due;
use rowscore::store::{hold, lanes};
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::{Server, TestDb, at, continued, eventually, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

#[rstest]
#[tokio::test]
async fn a_second_worker_that_finds_the_lanes_busy_leaves_at_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    db.hurried_tick(TICK).await;
    let mut holder = db.connect().await;
    assert!(hold::hold(RunId(1), 0).ask(&mut holder).await.unwrap());
    let before = db.snapshot().await;

    let message = db.hop(&continued(1, 0, 2), unhurried(at(TICK))).await;
    let again = db.tick(TICK).await;
    let next = db.tick("2024-03-05T11:00:00Z").await;

    for answer in [message, again, next] {
        assert_eq!((answer.outcome, answer.state), (Outcome::AlreadyRunning, Some(RunState::Running)));
        assert_eq!((answer.run_id.unwrap().0, answer.continuations.len()), (1, 0));
    }
    assert!(db.snapshot().await == before, "the table changed");
    assert_eq!(db.count("`batch_runs`").await, 1);

    holder.disconnect().await.unwrap();
    eventually("the server lets go of the lanes", async || {
        db.hop(&continued(1, 0, 2), unhurried(at(TICK))).await.outcome == Outcome::Finished
    })
    .await;
    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn the_holds_of_two_databases_on_one_server_are_independent(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (one, other) = (TestDb::new(server, &[]).await, TestDb::new(server, &[]).await);
    let (mut first, mut second) = (one.connect().await, other.connect().await);

    assert!(hold::hold(RunId(1), 0).ask(&mut first).await.unwrap());
    assert!(hold::hold(RunId(1), 0).ask(&mut second).await.unwrap());
    let mut third = one.connect().await;
    assert!(!hold::hold(RunId(1), 0).ask(&mut third).await.unwrap());
    assert!(hold::hold(RunId(1), 1).ask(&mut third).await.unwrap());
    assert!(hold::is_held(RunId(1), 0).ask(&mut second).await.unwrap());
    assert!(!hold::is_held(RunId(2), 0).ask(&mut second).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_worker_whose_lanes_were_taken_over_commits_no_further_page(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=100, CREATED).await;
    db.audit().await;
    // The worker's third page has to wait for us.
    let holder = db.stall_at(25).await;
    let (tick, now) = (tick(TICK), at(TICK));
    let worker = db.hop(&tick, unhurried(now));

    let takeover = async {
        db.wait_for_stall().await;
        let mut conn = db.connect().await;
        let claim = lanes::claim(RunId(1), Due { worker: 0, hop: 7 }).ask(&mut conn);
        let release = async {
            // The claim waits for the page that is under way.
            db.wait_for_lock_waits(1).await;
            holder.disconnect().await.unwrap();
        };
        futures_util::future::join(claim, release).await.0.unwrap();
    };
    let (answer, ()) = futures_util::future::join(worker, takeover).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Stale, Some(RunState::Running)));
    assert_eq!((answer.counts.predicted, answer.counts.pending, answer.counts.pages), (30, 70, 3));
    assert_eq!(answer.continuations, []);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=30));

    // Who took them over goes on.
    let last = db.hop(&continued(1, 0, 7), unhurried(at(TICK))).await;
    assert_eq!(last.outcome, Outcome::Finished);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 100, 0, 0));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=100));
    assert_eq!(db.updated().await, Vec::from_iter(1..=100));
}

#[rstest]
#[tokio::test]
async fn a_run_that_is_stopped_by_an_operator_commits_no_further_page(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=100, CREATED).await;
    let holder = db.stall_at(25).await;
    let (tick, now) = (tick(TICK), at(TICK));
    let worker = db.hop(&tick, unhurried(now));

    let operator = async {
        db.wait_for_stall().await;
        // The operator does not wait for the page under way.
        db.execute("UPDATE `batch_runs` SET `state` = 'paused'").await;
        holder.disconnect().await.unwrap();
    };
    let (answer, ()) = futures_util::future::join(worker, operator).await;

    assert_eq!((answer.outcome, answer.state), (Outcome::Stopped, Some(RunState::Paused)));
    assert_eq!((answer.counts.predicted, answer.continuations.len()), (30, 0));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=30));
}

#[rstest]
#[tokio::test]
async fn eight_deliveries_of_one_message_commit_each_page_once(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(true, false)] hurried: bool,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "20"), ("LANES", "2")]).await;
    db.fill(1..=400, CREATED).await;
    db.audit().await;
    let first = db.hurried_tick(TICK).await;
    assert_eq!(first.counts.pages, 2);
    let clock = || if hurried { Clock::immediately(at(TICK)) } else { unhurried(at(TICK)) };
    let message = continued(1, 0, 2);

    let answers = join_all((0..8).map(|_| db.hop(&message, clock()))).await;

    let count = |wanted: &[Outcome]| answers.iter().filter(|answer| wanted.contains(&answer.outcome)).count() as u64;
    let outcomes: Vec<Outcome> = answers.iter().map(|answer| answer.outcome).collect();
    let worked = count(&[Outcome::Continued, Outcome::Finished]);
    assert_eq!(worked + count(&[Outcome::AlreadyRunning, Outcome::Stale]), 8, "{outcomes:?}");
    assert!(worked >= 1, "{outcomes:?}");
    let updated = db.updated().await;
    if hurried {
        // Each that worked did one page of each lane.
        assert_eq!(db.pages().await, 2 + 2 * worked, "{outcomes:?}");
        assert_eq!(updated.len() as u64, 40 + 40 * worked, "{outcomes:?}");
        let last = db.tick(TICK).await;
        assert_eq!(last.outcome, Outcome::Finished);
    } else {
        assert_eq!((worked, db.pages().await), (1, 20), "{outcomes:?}");
    }
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 400, 0, 0));
    assert_eq!(db.updated().await, Vec::from_iter(1..=400));
    assert_eq!(db.predicted().await, Vec::from_iter(1..=400));
}
