//! `rowscore pause`, `resume`, `cancel` and `release`: what is true afterwards, and the next command whole.

use rowscore::hop::Clock;
use rowscore::run::Mode;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::backfills::{LATER, backfill, predicted};
use crate::support::programs::{Ended, rowscore};
use crate::support::{Server, TestDb, at, model, window};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

async fn does(db: &TestDb, arguments: &[&str]) -> Ended {
    let ended = rowscore(arguments, db.variables()).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    ended
}

async fn refuses(db: &TestDb, arguments: &[&str]) -> String {
    let ended = rowscore(arguments, db.variables()).await;
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    ended.stderr
}

#[rstest]
#[tokio::test]
async fn each_step_names_the_next_command_whole(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=30, CREATED).await;
    db.hurried_tick(TICK).await;

    let paused = does(&db, &["pause", "1"]).await;
    assert!(paused.stderr.contains("Run 1 is paused") && paused.stderr.contains("`rowscore resume 1`"), "{paused:?}");
    let state: Value = serde_json::from_str(&paused.stdout).unwrap();
    assert_eq!(state, json!({"run_id": 1, "state": "paused"}));
    assert!(refuses(&db, &["pause", "1"]).await.contains("run 1 is paused already; `rowscore resume 1` lets it go on"));
    let resumed = does(&db, &["resume", "1"]).await;
    assert!(
        resumed.stderr.contains("Run 1 is running again") && resumed.stderr.contains("`rowscore run` does so now"),
        "{resumed:?}"
    );
    let cancelled = does(&db, &["cancel", "1"]).await;
    let told = "Run 1 is cancelled: 10 of 30 items are predicted, and stay so. The next window takes the others, or \
                `rowscore run` now.";
    assert!(cancelled.stderr.contains(told), "{cancelled:?}");
    let over = refuses(&db, &["resume", "1"]).await;
    assert!(over.contains("run 1 is over (cancelled) and cannot be running any more"), "{over}");
    does(&db, &["run"]).await;
    assert_eq!(db.predicted().await, Vec::from_iter(1..=30));
}

#[rstest]
#[tokio::test]
async fn what_is_told_after_a_window_of_a_span_was_cancelled_takes_its_rest(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=30, CREATED).await;
    db.hop(&window("2024-03-05T09:00:00Z", "2024-03-05T09:45:00Z"), Clock::immediately(at(TICK))).await;

    let cancelled = does(&db, &["cancel", "1"]).await;

    let command = cancelled.stderr.split('`').nth(1).unwrap_or_else(|| panic!("{cancelled:?}"));
    assert_eq!(command, "rowscore run --from 2024-03-05T09:00:00Z --to 2024-03-05T09:45:00Z");
    does(&db, &command.split(' ').skip(1).collect::<Vec<_>>()).await;
    assert_eq!(db.predicted().await, Vec::from_iter(1..=30));
}

#[rstest]
#[tokio::test]
async fn after_a_backfill_was_cancelled_it_is_told_whose_predictions_there_are(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = predicted(server, &[("PAGE_SIZE", "10"), ("LANES", "1")], 40).await;
    db.hop(&backfill(Mode::Write), Clock::immediately(at(LATER))).await;

    let cancelled = does(&db, &["cancel", "2"]).await;

    let told = format!(
        "Run 2 is cancelled: 10 of 40 items have the predictions of model {} now, the others keep their old ones. \
         `rowscore run --backfill",
        model().version().shown()
    );
    assert!(cancelled.stderr.contains(&told), "{told} in {cancelled:?}");
    assert_eq!(db.predicted_by(model()).await.len(), 10);
    db.hop(&backfill(Mode::DryRun), Clock::immediately(at(LATER))).await;
    let dry = does(&db, &["cancel", "3"]).await;
    assert!(dry.stderr.contains("10 of 30 items were compared, and no prediction was touched."), "{dry:?}");
    does(&db, &["run", "--backfill"]).await;
    assert_eq!(db.predicted_by(model()).await.len(), 40);
}

#[rstest]
#[tokio::test]
async fn to_release_what_is_not_set_aside_is_an_error(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("FAILURE_POLICY", "leave")]).await;
    let nothing = does(&db, &["release", "--all"]).await;
    assert!(nothing.stderr.contains("No item is set aside."), "{nothing:?}");
    db.fill(1..=9, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` IN (3, 4)").await;
    db.tick(TICK).await;

    let of_ids = refuses(&db, &["release", "17", "42"]).await;
    assert!(
        of_ids.contains("no item with a key of 17, 42 is set aside; `rowscore failures` shows which are"),
        "{of_ids}"
    );
    let of_code = refuses(&db, &["release", "3", "--code", "not_finite"]).await;
    assert!(of_code.contains("no item with a key of 3 and the code not_finite is set aside"), "{of_code}");
    let some = does(&db, &["release", "3", "17"]).await;
    assert!(some.stderr.contains("Released 1 item; 1 of those that were named is not set aside so."), "{some:?}");
    // Once more changes nothing, and is no error.
    let again = does(&db, &["release", "3"]).await;
    assert!(again.stderr.contains("Released 1 item; the next run tries again: `rowscore run`."), "{again:?}");
    assert_eq!(again.stdout, "{\"released\":1}\n");
    assert!(does(&db, &["release", "--code", "wrong_length"]).await.stderr.contains("Released 2 items"));
}
