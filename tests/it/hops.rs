//! Hops and lanes: however a run is cut up, the table comes out the same.

use std::sync::Mutex;

use rowscore::answer::{Answer, Outcome};
use rowscore::event::Continuation;
use rowscore::hop::{Clock, Reached, Relay, Runner};
use rowscore::run::{Counts, RunState};
use rowscore::store::{hold, lanes};
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{Item, sample};
use crate::support::{Server, Setup, TestDb, at, continuation, continued, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// 3000 items, some of them bad, with a gap between their ids.
async fn table(server: Server, settings: &[(&str, &str)]) -> TestDb {
    let db = TestDb::new(server, settings).await;
    let items: Vec<Item> = (1..=2500)
        .chain(7001..=7500)
        .map(|id| {
            let values = if id % 100 == 7 { "[]".to_owned() } else { sample(id) };
            Item { id, values, created: Some(at(CREATED)) }
        })
        .collect();
    db.insert(&items).await;
    db
}

#[rstest]
#[tokio::test]
async fn many_hops_leave_the_same_table_as_one(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("1", "2", "4")] lanes: &str,
    #[values("1", "3")] workers: &str,
) {
    let whole = table(server, &[("LANES", "1")]).await;
    assert_eq!(whole.tick(TICK).await.outcome, Outcome::Finished);
    let expected = whole.snapshot().await;
    assert_eq!(expected.lines().count(), 3000);

    let db = table(server, &[("PAGE_SIZE", "100"), ("LANES", lanes), ("WORKERS", workers)]).await;
    db.audit().await;
    let first = db.hurried_tick(TICK).await;
    assert_eq!(first.outcome, Outcome::Continued);
    let answers = db.follow(first, at(TICK)).await;

    assert!(db.snapshot().await == expected, "the tables differ");
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 2970, 30, 0));
    assert_eq!(db.updated().await, db.predicted().await);
    let last = answers.last().unwrap();
    assert_eq!((last.outcome, last.state), (Outcome::Finished, Some(RunState::SucceededWithFailures)));
    // One page a lane and hop, the first hop included.
    let (lanes, workers): (u64, u64) = (lanes.parse().unwrap(), workers.parse().unwrap());
    assert!(answers.len() as u64 * lanes >= last.counts.pages, "{} hops", answers.len());
    assert!(last.counts.pages <= 3000 / 100 + 4 * lanes * workers, "{} pages", last.counts.pages);
    let finished = answers.iter().filter(|answer| answer.outcome == Outcome::Finished).count();
    assert_eq!(finished, 1);
}

#[rstest]
#[tokio::test]
async fn the_counts_add_up_after_every_hop(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = table(server, &[("PAGE_SIZE", "500"), ("LANES", "2")]).await;

    let first = db.hurried_tick(TICK).await;
    for answer in db.follow(first, at(TICK)).await {
        let Counts { predicted, failed, pending, .. } = answer.counts;
        assert_eq!(predicted + failed + pending, 3000, "{answer:?}");
        assert_eq!(answer.run_id.unwrap().0, 1);
    }
}

#[rstest]
#[tokio::test]
async fn a_run_of_two_workers_is_finished_by_the_last(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("WORKERS", "2"), ("LANES", "1"), ("PAGE_SIZE", "50")]).await;
    db.fill(1..=200, CREATED).await;

    let first = db.tick(TICK).await;
    assert_eq!((first.outcome, first.state), (Outcome::LanesFinished, Some(RunState::Running)));
    assert_eq!(first.continuations, [continuation(1, 1, 1)]);
    assert_eq!((first.counts.predicted, first.counts.pending), (100, 100));

    let second = db.hop(&continued(1, 1, 1), unhurried(at(TICK))).await;
    assert_eq!((second.outcome, second.state), (Outcome::Finished, Some(RunState::Succeeded)));
    assert_eq!((second.counts.predicted, second.counts.pending), (200, 0));
    assert_eq!(second.continuations, []);
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 200, 0, 0));
}

#[rstest]
#[tokio::test]
async fn each_worker_goes_on_with_its_own_lanes(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("WORKERS", "2"), ("LANES", "2"), ("PAGE_SIZE", "10")]).await;
    db.fill(1..=400, CREATED).await;

    let first = db.hurried_tick(TICK).await;
    assert_eq!(first.outcome, Outcome::Continued);
    assert_eq!(first.continuations, [continuation(1, 0, 2), continuation(1, 1, 1)]);
    let second = db.hop(&continued(1, 1, 1), Clock::immediately(at(TICK))).await;
    assert_eq!(second.continuations, [continuation(1, 1, 2)]);

    let lanes: Vec<(u16, u16, u32, u64)> =
        db.rows("SELECT `lane`, `worker`, `hop`, `pages` FROM `batch_lanes` ORDER BY `lane`").await;
    assert_eq!(lanes, [(0, 0, 2, 1), (1, 0, 2, 1), (2, 1, 2, 1), (3, 1, 2, 1)]);
    assert_eq!(db.ids("`prediction` IS NOT NULL").await.len(), 40);
}

#[rstest]
#[tokio::test]
async fn a_message_older_than_its_lanes_starts_no_work_and_sends_the_due_one_again(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    db.hurried_tick(TICK).await;
    assert_eq!(db.hop(&continued(1, 0, 2), Clock::immediately(at(TICK))).await.outcome, Outcome::Continued);
    let before = db.snapshot().await;

    let stale = db.hop(&continued(1, 0, 2), unhurried(at(TICK))).await;

    assert_eq!((stale.outcome, stale.state), (Outcome::Stale, Some(RunState::Running)));
    assert_eq!(stale.continuations, [continuation(1, 0, 3)]);
    assert_eq!((db.snapshot().await == before, db.pages().await), (true, 2));
    // And the due one goes on.
    assert_eq!(db.hop(&continued(1, 0, 3), unhurried(at(TICK))).await.outcome, Outcome::Finished);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn a_message_for_a_run_that_does_not_exist_is_stale(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=5, CREATED).await;

    let answer = db.hop(&continued(1, 0, 2), unhurried(at(TICK))).await;

    assert_eq!((answer.outcome, answer.run_id, answer.state), (Outcome::Stale, None, None));
    assert_eq!(answer.continuations, []);
    assert_eq!(db.count("`batch_runs`").await, 0);
    assert_eq!(db.predicted().await, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn a_message_for_a_run_that_is_over_is_stale(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=5, CREATED).await;
    db.tick(TICK).await;
    db.fill([6], CREATED).await;
    let before = (db.snapshot().await, db.run(1).await);

    for hop in [1, 2, 3] {
        let answer = db.hop(&continued(1, 0, hop), unhurried(at(TICK))).await;
        assert_eq!((answer.outcome, answer.state), (Outcome::Stale, Some(RunState::Succeeded)), "hop {hop}");
        assert_eq!((answer.counts.predicted, answer.continuations.len()), (5, 0));
    }

    assert_eq!((db.snapshot().await, db.run(1).await), before);
}

#[rstest]
#[tokio::test]
async fn a_message_for_a_worker_that_the_run_does_not_have_does_nothing(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    db.hurried_tick(TICK).await;

    let answer = db.hop(&continued(1, 9, 2), unhurried(at(TICK))).await;

    assert_eq!((answer.state, answer.counts.predicted), (Some(RunState::Running), 10));
    assert_eq!(answer.continuations, []);
    assert_eq!(db.hop(&continued(1, 0, 2), unhurried(at(TICK))).await.outcome, Outcome::Finished);
}

#[rstest]
#[tokio::test]
async fn a_message_with_a_hop_of_the_far_future_goes_on_with_the_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(5000, u32::MAX)] hop: u32,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("MAX_HOPS", "100")]).await;
    db.fill(1..=50, CREATED).await;
    db.hurried_tick(TICK).await;

    let answer = db.hop(&continued(1, 0, hop), Clock::immediately(at(TICK))).await;

    // It is trusted for nothing but where to look.
    assert_eq!((answer.outcome, answer.state), (Outcome::Continued, Some(RunState::Running)));
    let last = db.follow(answer, at(TICK)).await.pop().unwrap();
    assert_eq!(last.outcome, Outcome::Finished);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn a_run_fails_with_the_reason_when_its_hops_are_used_up(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("MAX_HOPS", "3")]).await;
    db.fill(1..=50, CREATED).await;

    let first = db.hurried_tick(TICK).await;
    let answers = db.follow(first, at(TICK)).await;

    let outcomes: Vec<Outcome> = answers.iter().map(|answer| answer.outcome).collect();
    assert_eq!(outcomes, [Outcome::Continued, Outcome::Continued, Outcome::Stopped]);
    let last: &Answer = answers.last().unwrap();
    assert_eq!((last.state, last.counts.predicted, last.counts.pending), (Some(RunState::Failed), 30, 20));
    assert_eq!(db.run(1).await, RunRow::over("failed", 30, 0, 20));
    let why: String = db.value("SELECT `last_error` FROM `batch_runs`").await;
    assert!(why.contains("3 hops") && why.contains("MAX_HOPS"), "{why}");
    // A message that is still under way finds the run over.
    let late = db.hop(&continued(1, 0, 4), unhurried(at(TICK))).await;
    assert_eq!((late.outcome, late.counts.predicted), (Outcome::Stopped, 30));
}

#[rstest]
#[tokio::test]
async fn a_run_that_is_held_by_an_operator_waits_until_it_is_let_go(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=50, CREATED).await;
    db.hurried_tick(TICK).await;
    db.execute("UPDATE `batch_runs` SET `state` = 'paused'").await;
    let before = db.snapshot().await;

    let message = db.hop(&continued(1, 0, 2), unhurried(at(TICK))).await;
    let again = db.tick(TICK).await;
    let next = db.tick("2024-03-05T11:00:00Z").await;

    for answer in [message, again, next] {
        assert_eq!((answer.outcome, answer.state), (Outcome::Stopped, Some(RunState::Paused)));
        assert_eq!((answer.run_id.unwrap().0, answer.continuations.len()), (1, 0));
    }
    assert!(db.snapshot().await == before, "the table changed");

    db.execute("UPDATE `batch_runs` SET `state` = 'running'").await;
    assert_eq!(db.hop(&continued(1, 0, 2), unhurried(at(TICK))).await.outcome, Outcome::Finished);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=50));
}

#[rstest]
#[tokio::test]
async fn the_numbers_of_lanes_and_workers_are_frozen_when_a_run_is_opened(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "2")]).await;
    db.fill(1..=100, CREATED).await;
    let first = db.hop(&tick(TICK), Clock::immediately(at(TICK))).await;
    let redeployed = db.with(&[("PAGE_SIZE", "50"), ("LANES", "4"), ("WORKERS", "3")]).await;

    let last = redeployed.follow(first, at(TICK)).await.pop().unwrap();

    assert_eq!(last.outcome, Outcome::Finished);
    assert_eq!(db.count("`batch_lanes`").await, 2);
    assert_eq!(db.predicted().await, Vec::from_iter(1..=100));
}

#[rstest]
#[case::at_its_failures("BEFORE INSERT ON `item_failures` FOR EACH ROW IF NEW.`item_id` > 20")]
#[case::at_its_predictions("BEFORE UPDATE ON `items` FOR EACH ROW IF NEW.`id` = 30")]
#[case::at_its_lane("BEFORE UPDATE ON `batch_lanes` FOR EACH ROW IF NEW.`pages` = 3")]
#[tokio::test]
async fn a_page_that_cannot_be_committed_as_a_whole_leaves_nothing_behind(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] obstacle: &str,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    let items: Vec<Item> = (1..=50)
        .map(|id| {
            let values = if id % 10 == 4 { "[]".to_owned() } else { sample(id) };
            Item { id, values, created: Some(at(CREATED)) }
        })
        .collect();
    db.insert(&items).await;
    // Not for what is in a row: such a row would be set aside.
    let signal = "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1030, MESSAGE_TEXT = 'an obstacle'";
    db.execute(&format!("CREATE TRIGGER `obstacle` {obstacle} THEN {signal}; END IF")).await;

    let error = db.try_hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err().to_string();

    assert!(error.contains("an obstacle"), "{error}");
    assert_eq!(db.predicted().await, Vec::from_iter((1..=20).filter(|id| id % 10 != 4)));
    assert_eq!(db.rows::<i64>("SELECT `item_id` FROM `item_failures`").await, [4, 14]);
    let lane: Vec<(i64, u64, u64, u64)> =
        db.rows("SELECT `cursor_id`, `pages`, `predicted`, `failed` FROM `batch_lanes`").await;
    assert_eq!(lane, [(20, 2, 18, 2)]);
    let noted: String = db.value("SELECT `last_error` FROM `batch_runs`").await;
    assert!(noted.contains("an obstacle"), "{noted}");

    db.execute("DROP TRIGGER `obstacle`").await;
    assert_eq!(db.tick(TICK).await.outcome, Outcome::Finished);
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 45, 5, 0));
}

/// Looks at the lanes at the moment at which a continuation is sent.
struct Witness<'a> {
    db: &'a Setup,
    /// Whether they are held, and the hop that is due.
    seen: Mutex<Vec<(Continuation, bool, u32)>>,
}

impl Relay for Witness<'_> {
    fn send<'r>(&'r self, continuation: &'r Continuation) -> Reached<'r> {
        let Continuation { run_id, worker, .. } = *continuation;
        Box::pin(async move {
            let mut conn = self.db.database.connect().await?;
            let held = hold::is_held(run_id, worker).ask(&mut conn).await?;
            let due = lanes::unfinished(run_id, worker).ask(&mut conn).await?[0].hop;
            self.seen.lock().unwrap().push((continuation.clone(), held, due));
            Ok(())
        })
    }
}

#[rstest]
#[tokio::test]
async fn when_a_message_is_sent_its_lanes_are_free_and_its_hop_is_due(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("WORKERS", "2")]).await;
    db.fill(1..=100, CREATED).await;
    let witness = Witness { db: &db, seen: Mutex::default() };
    let runner = Runner { means: db.means(model()), relay: &witness };

    let answer = runner.hop(&tick(TICK), Clock::immediately(at(TICK))).await.unwrap();

    assert_eq!(answer.continuations, [continuation(1, 0, 2), continuation(1, 1, 1)]);
    // The other worker sets off before this one's work, and so before its next message.
    let seen = [(continuation(1, 1, 1), false, 1), (continuation(1, 0, 2), false, 2)];
    assert_eq!(*witness.seen.lock().unwrap(), seen);
}
