//! How long no window came, where windows are opened by hand.

use rowscore::standing::Mood;
use rstest::rstest;

use crate::standing::{arrived, assert_standing};
use crate::support::programs::rowscore;
use crate::support::{Server, TestDb};

#[rstest]
#[tokio::test]
async fn windows_by_hand_are_missed_where_it_is_known_how_often_they_come(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("TICK_EVERY", "1h")]).await;
    arrived(&db, 1..=5, 30).await;
    assert_standing(&db, Mood::Odd, &["never_run"]).await;
    db.execute("UPDATE `items` SET `created_datetime` = `created_datetime` - INTERVAL 1 HOUR").await;
    let said = assert_standing(&db, Mood::Bad, &["silent", "never_run"]).await;
    assert!(said.contains("No window yet, and items wait since "), "{said}");

    assert_eq!(rowscore(&["run"], db.variables()).await.status.code(), Some(0));
    assert_standing(&db, Mood::Calm, &[]).await;
    let two_hours = "`started_at` = `started_at` - INTERVAL 2 HOUR, `finished_at` = `finished_at` - INTERVAL 2 HOUR";
    db.execute(&format!("UPDATE `batch_runs` SET {two_hours}")).await;
    let said = assert_standing(&db, Mood::Bad, &["silent"]).await;
    assert!(said.contains("No window since ") && said.contains("every TICK_EVERY; `rowscore run`"), "{said}");

    // One that finds nothing to do came all the same.
    assert_eq!(rowscore(&["run"], db.variables()).await.status.code(), Some(0));
    assert_standing(&db, Mood::Calm, &[]).await;
}

#[rstest]
#[tokio::test]
async fn items_that_wait_far_longer_than_between_earlier_windows_by_hand_are_odd(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LOOKBACK", "9d")]).await;
    for id in 1..=3 {
        arrived(&db, id..=id, 1).await;
        assert_eq!(rowscore(&["run"], db.variables()).await.status.code(), Some(0));
    }
    let days = "INTERVAL 9 - `id` DAY";
    db.execute(&format!(
        "UPDATE `batch_runs` SET `started_at` = `started_at` - {days}, `finished_at` = `finished_at` - {days}"
    ))
    .await;
    assert_standing(&db, Mood::Calm, &[]).await;

    arrived(&db, 4..=4, 36 * 60).await;
    assert_standing(&db, Mood::Calm, &[]).await;
    arrived(&db, 5..=5, 60 * 60).await;
    let said = assert_standing(&db, Mood::Odd, &["left_waiting"]).await;
    assert!(said.contains("Items wait since ") && said.contains("`rowscore run` takes them"), "{said}");
}
