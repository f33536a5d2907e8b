//! Times of arrival in a DATETIME, which has no zone.

use rowscore::answer::Outcome;
use rowscore::event::Trigger;
use rstest::rstest;

use crate::support::programs::rowscore;
use crate::support::readings::{DDL, Own, SETTINGS, insert_samples, own, readings, refusal};
use crate::support::{OwnServer, Server, TestDb, at, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

#[rstest]
#[case("-05:00", "2024-03-05 04:30:00")]
#[case("+05:30", "2024-03-05 15:00:00")]
#[tokio::test]
async fn a_datetime_of_another_zone_is_compared_in_its_zone(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] zone: &str,
    #[case] local: &str,
) {
    let Own { owner, scorer } = readings(server, &[("LOOKBACK", "1s"), ("CREATED_ZONE", zone)]).await;
    insert_samples(&owner, 3).await;
    owner.execute(&format!("UPDATE `Readings` SET `arrived` = '{local}'")).await;
    owner
        .execute(&format!("UPDATE `Readings` SET `arrived` = '{local}' + INTERVAL 30 MINUTE WHERE `Reading No` = 2"))
        .await;
    owner
        .execute(&format!(
            "UPDATE `Readings` SET `arrived` = '{local}' + INTERVAL 1799999999 MICROSECOND WHERE `Reading No` = 3"
        ))
        .await;

    let plan = scorer.tick("2024-03-05T09:00:00Z").await;
    assert_eq!((plan.outcome, plan.counts.predicted), (Outcome::NothingToDo, 0));
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 2);
    assert_eq!(owner.count("`Readings` WHERE `scores` IS NULL AND `Reading No` = 2").await, 1);
    let later = scorer.tick(LATER).await;
    assert_eq!((later.counts.predicted, later.counts.pending), (1, 0));
    let shown = rowscore(&["results", "--limit", "1"], scorer.variables()).await;
    assert!(shown.stdout.contains("\"created_datetime\":\"2024-03-05T09:30:00Z\""), "{shown:?}");
    // The key finds the window all the same.
    assert_eq!(owner.count("`Readings` WHERE `note` = 'mine'").await, 3);
}

#[rstest]
#[tokio::test]
async fn a_zone_that_does_not_fit_the_column_or_that_nobody_knows_is_refused(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let unknown = readings(server, &[("CREATED_ZONE", "Middle/Earth")]).await;
    assert!(refusal(&unknown.scorer).await.contains("CREATED_ZONE is `Middle/Earth`, which the server does not know"));
    let db = TestDb::new(server, &[("CREATED_ZONE", "+05:30")]).await;
    assert!(
        refusal(&db)
            .await
            .contains("CREATED_COLUMN `created_datetime` is a TIMESTAMP, of which the server knows the zone")
    );
}

#[rstest]
#[tokio::test]
async fn a_datetime_that_seems_to_be_local_time_is_noticed_by_init_and_by_the_canary(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    // The servers of the tests are not in UTC, and the column's default is their time.
    let told = "read as UTC, but its default is the server's own time, which is +05:30: set CREATED_ZONE=+05:30";
    let Own { owner, scorer } = readings(server, &[]).await;
    insert_samples(&owner, 3).await;
    for (arguments, setup) in [(&["init"][..], &*owner), (&["run", "--canary"], &scorer)] {
        let ended = rowscore(arguments, setup.variables()).await;
        assert!(ended.status.code() == Some(0) && ended.stderr.contains(told), "{ended:?}");
    }

    // Without a default only the rows can tell.
    let ddl = DDL.replace(" DEFAULT CURRENT_TIMESTAMP(6)", "");
    let Own { owner, scorer } = own(server, &ddl, &SETTINGS).await;
    insert_samples(&owner, 3).await;
    let quiet = rowscore(&["init"], owner.variables()).await;
    assert!(quiet.status.code() == Some(0) && !quiet.stderr.contains("CREATED_ZONE"), "{quiet:?}");
    owner.execute("UPDATE `Readings` SET `arrived` = UTC_TIMESTAMP() + INTERVAL 330 MINUTE").await;
    let told = "min from now by CREATED_COLUMN `arrived`, a DATETIME, which is read as UTC: set CREATED_ZONE";
    for (arguments, setup) in [(&["init"][..], &*owner), (&["run", "--canary"], &scorer)] {
        let ended = rowscore(arguments, setup.variables()).await;
        assert!(ended.status.code() == Some(0) && ended.stderr.contains(told), "{ended:?}");
    }
    let set = scorer.with(&[("CREATED_ZONE", "+00:00")]).await;
    assert!(!rowscore(&["run", "--canary"], set.variables()).await.stderr.contains("CREATED_ZONE"));
}

#[rstest]
#[tokio::test]
async fn a_server_that_has_forgotten_its_zones_ends_a_run_with_that_and_not_with_an_empty_window(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let own = OwnServer::start_with(server, &["--relaxed"]).await;
    let settings = [&SETTINGS[..], &[("CREATED_ZONE", "Test/Shop"), ("PAGE_SIZE", "1"), ("LANES", "1")]].concat();
    let db = own.bare(&settings).await;
    db.execute(
        "INSERT INTO `mysql`.`time_zone` (`Time_zone_id`, `Use_leap_seconds`) VALUES (9000, 'N'); \
         INSERT INTO `mysql`.`time_zone_name` (`Name`, `Time_zone_id`) VALUES ('Test/Shop', 9000); \
         INSERT INTO `mysql`.`time_zone_transition_type` \
           (`Time_zone_id`, `Transition_type_id`, `Offset`, `Is_DST`, `Abbreviation`) VALUES (9000, 0, 0, 0, 'TST')",
    )
    .await;
    db.execute(DDL).await;
    db.migrate().await;
    insert_samples(&db, 3).await;
    let first = db.hurried_tick(TICK).await;
    assert_eq!((first.outcome, first.counts.predicted), (Outcome::Continued, 1));
    let (other, continued) = (db.with(&[]).await, Trigger::Continue(first.continuations[0].clone()));

    // What a server has read of its zones it knows until it ends.
    db.execute("DELETE FROM `mysql`.`time_zone_name` WHERE `Name` = 'Test/Shop'").await;
    own.stop().await;
    own.restart().await;

    let told = "CREATED_ZONE is `Test/Shop`, which the server does not know";
    for trigger in [&continued, &tick(LATER)] {
        for process in [&db, &other] {
            let error = process.try_hop(trigger, unhurried(at(LATER))).await.unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
    assert_eq!(db.count("`Readings` WHERE `scores` IS NULL").await, 2);
    assert_eq!(db.count("`batch_runs` WHERE `state` LIKE 'succeeded%'").await, 0);
}
