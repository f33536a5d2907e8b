//! How things stand: what the tables, `rowscore status` and its exit code say is what is.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rowscore::event::{Request, Trigger};
use rowscore::hop::{self, Clock};
use rowscore::run::{RunId, RunKind, RunState};
use rowscore::standing::{Expected, Facts, Mood, Standing};
use rowscore::window::Time;
use rstest::rstest;
use serde_json::json;

use crate::api::Service;
use crate::support::items::{Item, sample};
use crate::support::programs::{Program, ROWSCORE, rowscore};
use crate::support::{Server, Setup, TestDb, continued, eventually, unhurried};

pub(crate) async fn present(db: &Setup) -> Time {
    let now: chrono::NaiveDateTime = db.value("SELECT UTC_TIMESTAMP()").await;
    now.and_utc()
}

/// The schedule's tick of so many minutes ago.
pub(crate) fn tick_of(now: Time, minutes: i64) -> Trigger {
    let tick = now - TimeDelta::minutes(minutes);
    Trigger::Open(Request { tick: Some(tick), ..Request::by_hand(RunKind::Window) })
}

/// A window is worked off that ended so many minutes ago.
pub(crate) async fn worked_off(db: &Setup, minutes: i64) {
    let now = present(db).await;
    db.hop(&tick_of(now, minutes), unhurried(now - TimeDelta::minutes(minutes))).await;
}

/// Items that arrived so many minutes ago.
pub(crate) async fn arrived(db: &Setup, ids: std::ops::RangeInclusive<i64>, minutes: i64) {
    let created = present(db).await - TimeDelta::minutes(minutes);
    db.insert(&ids.map(|id| Item { id, values: sample(id), created: Some(created) }).collect::<Vec<_>>()).await;
}

async fn standing(db: &Setup) -> Standing {
    let (table, expected) = (&db.config.work.items_table, Expected::from(&db.config.work));
    Standing::of(Facts::read(&mut db.connect().await, table, expected).await.unwrap())
}

/// Asserts what is said of a table: by `rowscore status` and its exit code, by `/health`, `/metrics` and the page.
pub(crate) async fn assert_standing(db: &TestDb, mood: Mood, troubles: &[&str]) -> String {
    let said = assert_standing_with(db, db.variables(), mood, troubles).await;
    let service = Service::today(db).await;
    let health = service.get("/health").await;
    let names: Vec<&str> =
        health["troubles"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!((names.as_slice(), &health["standing"]), (troubles, &json!(mood.name())), "{health}");
    assert_eq!(health["health"], json!(if mood == Mood::Bad { "bad" } else { "ok" }));
    let page = service.page().await;
    assert!(page.contains(&format!("<section id=\"state\" class=\"{}\"", mood.name())), "{mood}: {page}");
    let all_is_well = page.contains("All predicted.");
    assert!(!all_is_well || (troubles.is_empty() && health["waiting"] == json!(0)), "{page}");
    let metrics = service.text("/metrics").await;
    for name in troubles {
        assert!(metrics.contains(&format!("trouble=\"{name}\"")), "{name}: {metrics}");
    }
    said
}

async fn assert_standing_with(
    db: &Setup,
    variables: &BTreeMap<String, String>,
    mood: Mood,
    troubles: &[&str],
) -> String {
    let said = rowscore(&["status"], variables).await;
    let code = match mood {
        Mood::Calm | Mood::Busy => 0,
        Mood::Odd => 3,
        Mood::Bad => 1,
    };
    assert_eq!(said.status.code(), Some(code), "{said:?}");
    let standing = standing(db).await;
    let names: Vec<&str> = standing.troubles.iter().map(|trouble| trouble.name()).collect();
    assert_eq!((names.as_slice(), standing.mood), (troubles, mood), "{said:?}");
    said.stderr
}

#[rstest]
#[tokio::test]
async fn what_waits_and_whether_a_run_will_take_it_is_said(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "10m")]).await;
    let nothing = assert_standing(&db, Mood::Calm, &[]).await;
    assert!(nothing.contains("There is no run yet") && nothing.contains("Nothing waits."), "{nothing}");

    arrived(&db, 1..=20, 90).await;
    let unseen = assert_standing(&db, Mood::Odd, &["never_run"]).await;
    assert!(unseen.contains("20 items wait; the oldest arrived 1 h 30 min ago."), "{unseen}");

    worked_off(&db, 60).await;
    assert!(assert_standing(&db, Mood::Calm, &[]).await.contains("Nothing waits."));

    // For the next window, some of it by its look-back.
    arrived(&db, 21..=22, 65).await;
    arrived(&db, 23..=25, 5).await;
    assert!(assert_standing(&db, Mood::Calm, &[]).await.contains("5 items wait; the oldest arrived 1 h 5 min ago."));

    // For no window.
    arrived(&db, 31..=37, 600).await;
    db.insert(&[Item { id: 38, values: sample(38), created: None }]).await;
    let unreached = assert_standing(&db, Mood::Odd, &["unreached"]).await;
    assert!(
        unreached.contains("8 items wait that no window reaches. `rowscore run --sweep` takes them."),
        "{unreached}"
    );
    assert!(unreached.contains("13 items wait; the oldest arrived 10 h ago."), "{unreached}");

    let sweep = rowscore(&["run", "--sweep"], db.variables()).await;
    assert_eq!(sweep.status.code(), Some(0), "{sweep:?}");
    assert!(assert_standing(&db, Mood::Calm, &[]).await.contains("Nothing waits."));
}

#[rstest]
#[tokio::test]
async fn an_outage_is_one_failed_run_with_its_reason_and_is_over_with_the_next_success(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    arrived(&db, 1..=20, 240).await;
    worked_off(&db, 200).await;
    arrived(&db, 21..=25, 190).await;
    db.execute("ALTER TABLE `items` CHANGE `values` `other` JSON").await;
    let now = present(&db).await;
    for minutes in [140, 80, 20] {
        // Each in a process of its own, which looks at the table.
        let cold = db.with(&[]).await;
        cold.try_hop(&tick_of(now, minutes), unhurried(now - TimeDelta::minutes(minutes))).await.unwrap_err();
    }

    let said = assert_standing(&db, Mood::Bad, &["refused"]).await;
    assert!(said.contains("No run can be opened since") && said.contains(", 3 times: "), "{said}");
    assert!(said.contains("VALUES_COLUMN names `values`, which is no column"), "{said}");
    assert_eq!((db.count("`batch_runs`").await, db.opened().await), (2, 1));

    db.execute("ALTER TABLE `items` CHANGE `other` `values` JSON").await;
    // The tick that was refused last, delivered again.
    let answer = db.hop(&tick_of(now, 20), unhurried(now)).await;
    assert_eq!((answer.run_id, answer.counts.predicted), (Some(RunId(3)), 5));
    assert!(assert_standing(&db, Mood::Calm, &[]).await.contains("Nothing waits."));
}

#[rstest]
#[tokio::test]
async fn a_schedule_that_falls_silent_is_noticed_by_its_own_history(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    arrived(&db, 1..=20, 400).await;
    for minutes in [300, 240, 180, 120] {
        worked_off(&db, minutes).await;
    }
    // Runs end when their ticks are, and not when the test makes them; one that ended just now is no silence.
    assert_standing(&db, Mood::Calm, &[]).await;
    db.execute("UPDATE `batch_runs` SET `state` = 'running' WHERE `id` = 4").await;
    let names: Vec<&str> = standing(&db).await.troubles.iter().map(|trouble| trouble.name()).collect();
    assert!(!names.contains(&"silent"), "a run that is not over takes the ticks: {names:?}");
    db.execute("UPDATE `batch_runs` SET `state` = 'succeeded', `finished_at` = `tick`").await;
    let said = assert_standing(&db, Mood::Bad, &["silent"]).await;
    assert!(said.contains("No tick of the schedule since "), "{said}");
    assert!(said.contains("52 min ago") || said.contains("51 min ago"), "{said}");

    // A variable knows better.
    let patient = db.with(&[("TICK_EVERY", "3h")]).await;
    assert_standing_with(&patient, patient.variables(), Mood::Calm, &[]).await;

    // A tick that is refused is no silence.
    db.execute("ALTER TABLE `items` CHANGE `values` `other` JSON").await;
    let now = present(&db).await;
    db.with(&[]).await.try_hop(&tick_of(now, 0), unhurried(now)).await.unwrap_err();
    assert_standing(&db, Mood::Bad, &["refused"]).await;
}

#[rstest]
#[tokio::test]
async fn a_run_to_which_nobody_comes_back_is_no_excuse_for_a_silent_schedule(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1"), ("TICK_EVERY", "1h")]).await;
    arrived(&db, 1..=40, 60).await;
    let now = present(&db).await;
    db.hop(&tick_of(now, 0), Clock::immediately(now)).await;
    let ago = async |minutes: u32| {
        let span = format!("INTERVAL {minutes} MINUTE");
        let runs = format!("UPDATE `batch_runs` SET `tick` = `tick` - {span}, `started_at` = `started_at` - {span}");
        db.execute(&format!("{runs}; UPDATE `batch_lanes` SET `updated_at` = `updated_at` - {span}")).await;
    };

    ago(60).await;
    assert_standing(&db, Mood::Odd, &["unattended"]).await;
    ago(30).await;
    let said = assert_standing(&db, Mood::Bad, &["silent", "unattended"]).await;
    assert!(said.contains("No tick of the schedule since "), "{said}");
    // Who is at work on it keeps ticks away.
    let mut holder = db.connect().await;
    assert!(rowscore::store::hold::hold(RunId(1), 0).ask(&mut holder).await.unwrap());
    assert_standing(&db, Mood::Odd, &["held_up"]).await;
    drop(holder);

    // Where nothing is known of a schedule, a day is long enough.
    let unknown = db.with(&[("TICK_EVERY", "")]).await;
    assert_standing_with(&unknown, unknown.variables(), Mood::Odd, &["unattended"]).await;
    ago(24 * 60).await;
    assert_standing_with(&unknown, unknown.variables(), Mood::Bad, &["unattended"]).await;
}

#[rstest]
#[tokio::test]
async fn a_window_that_failed_stays_in_sight_however_many_backfills_came_after_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "0")]).await;
    arrived(&db, 1..=3, 60).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 3").await;
    let now = present(&db).await;
    db.hop(&tick_of(now, 0), unhurried(now)).await;
    assert_standing(&db, Mood::Bad, &["failed"]).await;

    let columns = "`items_table`, `job`, `window_from`, `window_to`, `policy`, `model_version`, `lanes`, `workers`, \
                   `attempted_at`, `pass`, `items`, `started_at`, `finished_at`";
    let backfill = format!(
        "INSERT INTO `batch_runs` ({columns}, `kind`, `chained`, `state`) \
         SELECT {columns}, 'backfill', 0, 'succeeded' FROM `batch_runs` WHERE `id` = 1"
    );
    db.execute(&vec![backfill; 51].join("; ")).await;
    assert_standing(&db, Mood::Bad, &["failed"]).await;
}

#[rstest]
#[tokio::test]
async fn a_run_that_is_held_left_or_stopped_is_said_to_be(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1")]).await;
    let table = &db.config.work.items_table;
    arrived(&db, 1..=40, 60).await;
    let now = present(&db).await;
    db.hop(&tick_of(now, 0), Clock::immediately(now)).await;
    assert_standing(&db, Mood::Busy, &[]).await;

    // Its worker vanished.
    db.execute("UPDATE `batch_lanes` SET `updated_at` = `updated_at` - INTERVAL 40 SECOND").await;
    let said = assert_standing(&db, Mood::Odd, &["unattended"]).await;
    assert!(
        said.contains("Nobody is at work on run 1: no hop for 4") && said.contains("The next tick goes on"),
        "{said}"
    );

    // Its hops fail.
    db.execute("UPDATE `batch_runs` SET `last_error` = 'the disk is full'").await;
    let said = assert_standing(&db, Mood::Bad, &["unattended"]).await;
    assert!(said.contains("Run 1 does not get on") && said.contains("the disk is full."), "{said}");

    // Somebody holds its lanes, and stands still.
    let mut holder = db.connect().await;
    assert!(rowscore::store::hold::hold(RunId(1), 0).ask(&mut holder).await.unwrap());
    assert_standing(&db, Mood::Busy, &[]).await;
    db.execute("UPDATE `batch_lanes` SET `updated_at` = `updated_at` - INTERVAL 120 SECOND").await;
    assert_standing(&db, Mood::Odd, &["held_up"]).await;
    drop(holder);

    hop::steer(&mut db.connect().await, table, RunId(1), RunState::Paused).await.unwrap();
    assert!(assert_standing(&db, Mood::Odd, &["paused"]).await.contains("`rowscore resume 1` lets it go on."));
    hop::steer(&mut db.connect().await, table, RunId(1), RunState::Running).await.unwrap();
    db.hop(&continued(1, 0, 2), Clock::immediately(now)).await;
    assert_standing(&db, Mood::Busy, &[]).await;
    assert_eq!(rowscore(&["cancel", "1"], db.variables()).await.status.code(), Some(0));
    assert!(assert_standing(&db, Mood::Odd, &["cancelled"]).await.contains("30 items wait"));
}

#[rstest]
#[tokio::test]
async fn what_a_run_was_like_stays_in_sight_after_idle_ticks(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "100")]).await;
    arrived(&db, 1..=40, 60).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` <= 20").await;
    let now = present(&db).await;
    db.hop(&tick_of(now, 40), unhurried(now)).await;
    let said = assert_standing(&db, Mood::Odd, &["many_set_aside"]).await;
    assert!(said.contains("Run 1 set aside 20 of 40 items (50.0 %). `rowscore failures 1` says why."), "{said}");
    // An hour later nothing is tried again.
    db.execute("UPDATE `item_failures` SET `attempts` = 99").await;
    db.hop(&tick_of(now, 20), unhurried(now)).await;
    assert_eq!(db.run(2).await.items, Some(0));
    assert_standing(&db, Mood::Odd, &["many_set_aside"]).await;

    let canary = Trigger::Open(Request { tick: Some(now), ..Request::by_hand(RunKind::Canary) });
    db.execute("ALTER TABLE `items` CHANGE `values` `other` JSON").await;
    db.with(&[]).await.try_hop(&canary, unhurried(now)).await.unwrap_err();
    assert_standing(&db, Mood::Bad, &["canary_failed", "many_set_aside"]).await;
}

#[rstest]
#[tokio::test]
async fn lateness_drift_and_a_failed_run_are_told_and_a_good_run_after_them_is_calm(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("DELIVER_WITHIN", "1m"), ("TICK_EVERY", "9d")]).await;
    // Measurements drawn evenly are not as those of flowers.
    arrived(&db, 1..=300, 400).await;
    worked_off(&db, 300).await;
    // By the database's clock, which is hours later than the tick.
    let said = assert_standing(&db, Mood::Odd, &["late", "drifted"]).await;
    assert!(said.contains("Run 1 was 4 h 5") && said.contains(" too late."), "{said}");
    assert!(said.contains("The items of run 1 are unlike the training rows: "), "{said}");

    let in_time = db.with(&[("DELIVER_WITHIN", "9d"), ("MAX_FAILED_PERCENT", "0")]).await;
    arrived(&db, 301..=303, 100).await;
    worked_off(&in_time, 90).await;
    assert_standing(&db, Mood::Calm, &[]).await;

    arrived(&db, 304..=304, 80).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 304").await;
    worked_off(&in_time, 70).await;
    let said = assert_standing(&db, Mood::Bad, &["failed"]).await;
    assert!(said.contains("Run 3 failed: 1 of 1 item cannot be scored, more than 0 % (MAX_FAILED_PERCENT)."), "{said}");

    // A dry run changes nothing, so what failed is still what stands.
    let dry = rowscore(&["run", "--backfill", "--dry-run"], db.variables()).await;
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    assert_standing(&db, Mood::Bad, &["failed"]).await;

    db.execute("UPDATE `items` SET `values` = '[5.1, 3.5, 1.4, 0.2]' WHERE `id` = 304").await;
    worked_off(&in_time, 1).await;
    assert_standing(&db, Mood::Calm, &[]).await;
}

#[rstest]
#[tokio::test]
async fn who_watches_a_run_is_told_once_that_nobody_is_at_work_on_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "5"), ("LANES", "1")]).await;
    arrived(&db, 1..=40, 60).await;
    let now = present(&db).await;
    db.hop(&tick_of(now, 0), Clock::immediately(now)).await;
    db.execute("UPDATE `batch_lanes` SET `updated_at` = `updated_at` - INTERVAL 40 SECOND").await;

    let watching = Program::start(ROWSCORE, &["status", "--watch", "--json"], db.variables());
    eventually("some lines", async || watching.output().0.lines().count() >= 4).await;
    let table = &db.config.work.items_table;
    hop::steer(&mut db.connect().await, table, RunId(1), RunState::Paused).await.unwrap();

    let ended = watching.end().await;
    assert_eq!(ended.status.code(), Some(3), "{ended:?}");
    assert_eq!(ended.stderr.matches("Nobody is at work on run 1: no hop for ").count(), 1, "{ended:?}");
}
