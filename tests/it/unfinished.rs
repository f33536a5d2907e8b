//! Runs that are not over hide nothing of those that are, and nothing of each other.

use rowscore::hop::{self, Clock};
use rowscore::run::{Mode, RunId, RunState};
use rowscore::standing::Mood;
use rstest::rstest;

use crate::api::Service;
use crate::standing::{arrived, assert_standing, present, tick_of, worked_off};
use crate::support::backfills::backfill;
use crate::support::{Server, Setup, TestDb, unhurried};

/// A run that is not over, as if it had been opened so many minutes ago and nobody had worked on it since.
async fn opened(db: &Setup, kind: &str, state: &str, minutes: i32) {
    db.execute(&format!(
        "INSERT INTO `batch_runs` (`items_table`, `kind`, `window_to`, `chained`, `policy`, `model_version`, `lanes`, `workers`, \
           `state`, `attempted_at`, `pass`, `started_at`) \
         SELECT 'items', '{kind}', `at`, FALSE, 'leave', 'any', 1, 1, '{state}', `at`, 'write', `at` \
         FROM (SELECT UTC_TIMESTAMP() - INTERVAL {minutes} MINUTE AS `at`) a"
    ))
    .await;
}

#[rstest]
#[tokio::test]
async fn a_window_that_failed_stays_in_sight_while_a_backfill_is_not_over_and_after_it(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1"), ("MAX_FAILED_PERCENT", "0")]).await;
    let (table, now) = (&db.config.work.items_table, present(&db).await);
    arrived(&db, 1..=20, 200).await;
    worked_off(&db, 180).await;
    arrived(&db, 21..=21, 170).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 21").await;
    worked_off(&db, 160).await;
    assert_standing(&db, Mood::Bad, &["failed"]).await;

    db.execute("UPDATE `batch_runs` SET `model_version` = 'an older one' WHERE `id` = 1").await;
    db.hop(&backfill(Mode::Write), Clock::immediately(now)).await;
    assert_eq!(db.run(3).await.state, "running");
    assert!(assert_standing(&db, Mood::Bad, &["failed"]).await.contains("Run 2 failed: "));
    hop::steer(&mut db.connect().await, table, RunId(3), RunState::Paused).await.unwrap();
    assert_standing(&db, Mood::Bad, &["failed", "paused"]).await;
    hop::steer(&mut db.connect().await, table, RunId(3), RunState::Running).await.unwrap();
    db.hop(&backfill(Mode::Write), unhurried(now)).await;
    assert_eq!(db.run(3).await.state, "succeeded");
    assert_standing(&db, Mood::Bad, &["failed"]).await;

    db.execute("UPDATE `items` SET `values` = '[5.1, 3.5, 1.4, 0.2]' WHERE `id` = 21").await;
    worked_off(&db, 1).await;
    assert_standing(&db, Mood::Calm, &[]).await;
}

#[rstest]
#[tokio::test]
async fn each_run_is_judged_by_who_is_at_work_on_it_and_not_by_who_is_on_another(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1")]).await;
    arrived(&db, 1..=40, 60).await;
    let now = present(&db).await;
    db.hop(&tick_of(now, 0), Clock::immediately(now)).await;
    // It has been at work for long, and committed a page just now.
    db.execute("UPDATE `batch_runs` SET `started_at` = `started_at` - INTERVAL 1 HOUR").await;
    db.execute("UPDATE `batch_lanes` SET `updated_at` = UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE").await;
    opened(&db, "canary", "running", 60).await;
    assert_standing(&db, Mood::Busy, &[]).await;

    opened(&db, "backfill", "running", 60).await;
    let stuck = assert_standing(&db, Mood::Odd, &["unattended"]).await;
    assert!(stuck.contains("Nobody is at work on run 3: no hop for 1 h."), "{stuck}");
    db.execute("UPDATE `batch_lanes` SET `updated_at` = UTC_TIMESTAMP(3) - INTERVAL 2 MINUTE").await;
    let both = assert_standing(&db, Mood::Odd, &["unattended", "unattended"]).await;
    assert!(both.contains("Nobody is at work on run 1: no hop for 2 min."), "{both}");
}

#[rstest]
#[tokio::test]
async fn what_nobody_takes_is_said_unless_something_that_takes_it_is_at_work(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "10m")]).await;
    arrived(&db, 1..=20, 90).await;
    opened(&db, "canary", "running", 0).await;
    assert_standing(&db, Mood::Odd, &["never_run"]).await;
    db.execute("UPDATE `batch_runs` SET `state` = 'succeeded', `finished_at` = UTC_TIMESTAMP()").await;
    worked_off(&db, 60).await;
    arrived(&db, 31..=37, 600).await;
    assert_standing(&db, Mood::Odd, &["unreached"]).await;

    // Not yet begun by the clock, so that nobody is missed.
    opened(&db, "backfill", "running", -60).await;
    let said = assert_standing(&db, Mood::Odd, &["unreached"]).await;
    assert!(said.contains("7 items wait that no window reaches."), "{said}");
    opened(&db, "sweep", "paused", 60).await;
    assert_standing(&db, Mood::Odd, &["paused", "unreached"]).await;
    db.execute(
        "UPDATE `batch_runs` SET `state` = 'running', `started_at` = UTC_TIMESTAMP() + INTERVAL 1 HOUR WHERE `kind` = 'sweep'",
    )
    .await;
    assert_standing(&db, Mood::Busy, &[]).await;
}

#[rstest]
#[tokio::test]
async fn a_run_that_was_paused_long_ago_is_not_forgotten_behind_the_ticks_since(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    opened(&db, "sweep", "paused", 9000).await;
    // One of them did something.
    let window = |number: i32| {
        let items = if number == 7 { 3 } else { 0 };
        format!(
            "('items', 'window', UTC_TIMESTAMP() - INTERVAL {number} MINUTE, TRUE, 'leave', 'any', 1, 1, 'succeeded', \
              UTC_TIMESTAMP(), 'write', UTC_TIMESTAMP(), UTC_TIMESTAMP(), {items}, {items}, 0, 0)"
        )
    };
    db.execute(&format!(
        "INSERT INTO `batch_runs` (`items_table`, `kind`, `window_to`, `chained`, `policy`, `model_version`, `lanes`, `workers`, \
           `state`, `attempted_at`, `pass`, `started_at`, `finished_at`, `items`, `predicted`, `failed`, `pending`) VALUES {}",
        (1..=60).map(window).collect::<Vec<_>>().join(", ")
    ))
    .await;

    let said = assert_standing(&db, Mood::Odd, &["paused"]).await;

    assert!(said.contains("Run 1 is paused."), "{said}");
}

#[rstest]
#[tokio::test]
async fn a_run_whose_deadline_has_passed_is_late_also_where_nobody_knows_when_it_ends(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1"), ("DELIVER_WITHIN", "1h")]).await;
    arrived(&db, 1..=40, 60).await;
    let now = present(&db).await;
    db.hop(&tick_of(now, 0), Clock::immediately(now)).await;
    db.execute("UPDATE `batch_lanes` SET `updated_at` = UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE").await;
    let spare = async || Service::today(&db).await.get("/runs/1").await["run"]["spare_seconds"].as_i64();
    assert!(spare().await > Some(0), "its rate and its items are known");

    // Too many to count in time.
    db.execute("UPDATE `batch_runs` SET `items` = NULL").await;
    assert_eq!(spare().await, None);
    assert_standing(&db, Mood::Busy, &[]).await;
    db.execute("UPDATE `batch_runs` SET `deadline` = UTC_TIMESTAMP() - INTERVAL 10 MINUTE").await;
    assert!((-900..=-600).contains(&spare().await.unwrap()));
    let late = assert_standing(&db, Mood::Odd, &["late"]).await;
    assert!(late.contains("Run 1 is 10 min too late already."), "{late}");
    db.execute("UPDATE `batch_runs` SET `state` = 'paused'").await;
    assert_standing(&db, Mood::Odd, &["paused", "late"]).await;
}
