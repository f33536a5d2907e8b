//! The deadline forecast: told early where it cannot be kept, and not at all where it can.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use rowscore::answer::Outcome;
use rowscore::event::{Continuation, Request, Trigger};
use rowscore::hop::{Clock, Late, Reached, Relay, Runner};
use rowscore::run::RunKind;
use rstest::rstest;

use crate::support::{Server, Setup, TestDb, at, continued, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const NOW: &str = "2024-03-05T10:00:05Z";

/// Notes when it was told that a run will be late.
#[derive(Default)]
struct Noting {
    told: Mutex<Vec<(Instant, Late)>>,
}

impl Relay for Noting {
    fn send<'r>(&'r self, _: &'r Continuation) -> Reached<'r> {
        Box::pin(async { Ok(()) })
    }

    fn will_be_late(&self, late: &Late) {
        self.told.lock().unwrap().push((Instant::now(), *late));
    }
}

fn runner<'s>(db: &'s Setup, relay: &'s Noting) -> Runner<'s> {
    Runner { means: db.means(model()), relay }
}

#[rstest]
#[tokio::test]
async fn a_deadline_that_cannot_be_kept_is_told_in_the_first_fifth_of_the_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("retry_failed", "retry_all")] policy: &str,
) {
    // A second is left, and the pages take two, if nothing else took time.
    let settings = [("PAGE_SIZE", "10"), ("LANES", "1"), ("DELIVER_WITHIN", "6s"), ("FAILURE_POLICY", policy)];
    let db = TestDb::new(server, &settings).await;
    db.fill(1..=200, CREATED).await;
    db.slow_down(10).await;
    let relay = Noting::default();

    let begun = Instant::now();
    let answer = runner(&db, &relay).hop(&tick(TICK), unhurried(at(NOW))).await.unwrap();
    let took = begun.elapsed();

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Finished, 200));
    let told = relay.told.lock().unwrap();
    assert_eq!(told.len(), if policy == "retry_all" { told.len().max(1) } else { 1 }, "{told:?}");
    let (when, late) = told[told.len() - 1];
    assert!(late.forecast_spare_seconds < 0, "{late:?}");
    if policy == "retry_failed" {
        let share = when.duration_since(begun).as_secs_f64() / took.as_secs_f64();
        assert!(share < 0.2, "told after {share:.2} of the run");
    }
}

#[rstest]
#[tokio::test]
async fn a_deadline_that_can_be_kept_is_not_spoken_of(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("DELIVER_WITHIN", "1m")]).await;
    db.fill(1..=200, CREATED).await;
    db.slow_down(5).await;
    let relay = Noting::default();

    let answer = runner(&db, &relay).hop(&tick(TICK), unhurried(at(NOW))).await.unwrap();

    assert_eq!((answer.outcome, answer.forecast_spare_seconds), (Outcome::Finished, None));
    assert_eq!(relay.told.lock().unwrap().len(), 0);
}

#[rstest]
#[tokio::test]
async fn a_gap_between_two_hops_makes_no_run_late(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    // Seconds from the second hop to the deadline.
    #[values(("2m", 20, 0), ("101s", 1, 1))] (within, spare, told): (&str, i64, usize),
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("DELIVER_WITHIN", within)]).await;
    db.fill(1..=100, CREATED).await;
    // 10 items in half a second: the 80 that are left want four more.
    db.slow_down(50).await;
    let relay = Noting::default();
    let runner = runner(&db, &relay);
    let first = runner.hop(&tick(TICK), Clock::immediately(at(NOW))).await.unwrap();
    assert_eq!((first.outcome, relay.told.lock().unwrap().len()), (Outcome::Continued, 0));

    let later = at(NOW) + TimeDelta::seconds(100);
    let second = runner.hop(&continued(1, 0, 2), Clock::immediately(later)).await.unwrap();

    assert_eq!(second.counts.predicted, 20);
    let forecast = second.forecast_spare_seconds.unwrap();
    // A busy machine is slower.
    assert!((spare - 12..=spare - 4).contains(&forecast), "{forecast}");
    assert_eq!(relay.told.lock().unwrap().len(), told);
}

#[rstest]
#[tokio::test]
async fn a_schedule_may_have_a_deadline_of_its_own_and_it_stays(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("DELIVER_WITHIN", "2h")]).await;
    db.fill(1..=30, CREATED).await;
    let own = Request {
        tick: Some(at(TICK)),
        deliver_within: Some(Duration::from_secs(300)),
        ..Request::by_hand(RunKind::Window)
    };
    db.hop(&Trigger::Open(own.clone()), Clock::immediately(at(NOW))).await;
    let deadline = "SELECT CAST(`deadline` AS CHAR) FROM `batch_runs` WHERE `id` = 1";
    assert_eq!(db.value::<String>(deadline).await, "2024-03-05 10:05:00");

    let other = Request { deliver_within: Some(Duration::from_secs(900)), ..own };
    db.hop(&Trigger::Open(other), unhurried(at(NOW))).await;

    assert_eq!(db.value::<String>(deadline).await, "2024-03-05 10:05:00");
    assert_eq!(db.run(1).await.state, "succeeded");
}

#[rstest]
#[tokio::test]
async fn a_sweep_has_its_own_deadline_and_without_one_that_of_the_windows(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    for (settings, due) in [
        ("DELIVER_WITHIN=2h", "2024-03-05 12:00:00"),
        ("DELIVER_WITHIN=2h,SWEEP_DELIVER_WITHIN=5m", "2024-03-05 10:05:00"),
    ] {
        let db = TestDb::new(server, &[("SETTINGS", settings)]).await;
        db.fill(1..=3, CREATED).await;
        let sweep = Request { tick: Some(at(TICK)), ..Request::by_hand(RunKind::Sweep) };
        db.hop(&Trigger::Open(sweep), Clock::immediately(at(NOW))).await;
        let deadline = "SELECT CAST(`deadline` AS CHAR) FROM `batch_runs` WHERE `id` = 1";
        assert_eq!(db.value::<String>(deadline).await, due, "{settings}");
    }
}

#[rstest]
#[tokio::test]
async fn the_age_of_the_oldest_pending_item_is_told_at_begin_and_end(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=20, CREATED).await;
    db.fill([21], "2024-03-05T09:00:00Z").await;
    // What is set aside is not waited for.
    db.fill([22], "2024-03-05T08:00:00Z").await;
    db.execute("UPDATE `items` SET `values` = '[]', `updated_datetime` = '2020-01-01' WHERE `id` = 22").await;
    db.execute("INSERT INTO `item_failures` (`items_table`, `item_id`, `run_id`, `attempts`, `code`, `reason`, `values_sha256`, \
           `first_failed_at`, `last_failed_at`) VALUES ('items', 22, 0, 3, 'wrong_length', '', UNHEX(SHA2('[]', 256)), NOW(), NOW())").await;

    let first = db.hop(&tick(TICK), Clock::immediately(at(NOW))).await;
    let last = db.follow(first.clone(), at(NOW)).await.pop().unwrap();
    let status = db.hop(&Trigger::Status(None), unhurried(at(NOW))).await;

    assert_eq!(first.oldest_pending_seconds, Some(3605));
    assert_eq!((last.outcome, last.oldest_pending_seconds), (Outcome::Finished, Some(0)));
    assert_eq!(status.oldest_pending_seconds, Some(0));
}
