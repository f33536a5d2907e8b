//! Rates and remaining times: those of a run's latest pages.

use std::time::Duration;

use rowscore::hop::{self, Clock};
use rowscore::run::{RunId, RunState};
use rstest::rstest;

use crate::support::{Server, TestDb, at, continued, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

#[rstest]
#[tokio::test]
async fn a_pause_slows_no_rate_and_puts_off_no_end(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=100, CREATED).await;
    db.slow_down(10).await;
    let table = &db.config.work.items_table;
    let steer = async |to| hop::steer(&mut db.connect().await, table, RunId(1), to).await.unwrap();
    let begun = std::time::Instant::now();
    db.hurried_tick(TICK).await;
    let a_page = begun.elapsed();

    steer(RunState::Paused).await;
    tokio::time::sleep(a_page * 5 + Duration::from_millis(1500)).await;
    steer(RunState::Running).await;
    db.hop(&continued(1, 0, 2), Clock::immediately(at(TICK))).await;

    let of_run = "FROM `batch_status` WHERE `run_id` = 1";
    let (rate, eta): (u64, i64) =
        db.rows(&format!("SELECT `rows_per_second`, `eta_seconds` {of_run}")).await.pop().unwrap();
    // Ten items a page, and 80 are left. The rate of all time would be some 10 items a second.
    let least = 10.0 / a_page.as_secs_f64();
    assert!(rate as f64 >= least.floor() && rate <= 100, "{rate} items a second, a hop took {a_page:?}");
    assert!(eta as f64 <= (80.0 / least).ceil() + 1.0, "{eta} s to go at {rate} items a second");

    db.hop(&continued(1, 0, 3), unhurried(at(TICK))).await;
    let over: u64 = db.value(&format!("SELECT `rows_per_second` {of_run}")).await;
    assert!(over as f64 >= least.floor() && over <= 100, "{over} items a second in all");
}
