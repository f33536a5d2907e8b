//! Rows that the database refuses to be written: each is set aside with its words, and the rest go on.

use rowscore::answer::Outcome;
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::readings::{DDL, Own, SETTINGS, insert_samples, own};
use crate::support::{Server, TestDb};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// The items that are set aside, with code and reason.
async fn set_aside(db: &TestDb) -> Vec<(i64, String, String)> {
    db.rows("SELECT `item_id`, `code`, `reason` FROM `item_failures` ORDER BY `item_id`").await
}

#[rstest]
#[case::by_a_trigger(
    "CREATE TRIGGER `no` BEFORE UPDATE ON `items` FOR EACH ROW \
     IF NEW.`id` IN (7, 1500, 1501) THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'the row is closed'; END IF",
    "the row is closed"
)]
#[case::by_a_triggers_other_table(
    "CREATE TABLE `log` (`item` BIGINT PRIMARY KEY); INSERT INTO `log` VALUES (7), (1500), (1501); \
     CREATE TRIGGER `no` AFTER UPDATE ON `items` FOR EACH ROW INSERT INTO `log` VALUES (NEW.`id`)",
    "Duplicate entry"
)]
#[case::by_a_check(
    "ALTER TABLE `items` ADD `state` INT DEFAULT 0; \
     UPDATE `items` SET `state` = 1 WHERE `id` IN (7, 1500, 1501); \
     ALTER TABLE `items` ADD CONSTRAINT `no` CHECK (`state` = 0 OR `prediction` IS NULL)",
    "`no`"
)]
#[tokio::test]
async fn a_row_that_the_database_refuses_is_set_aside_with_its_words(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("1", "2")] lanes: &str,
    #[case] refuses: &str,
    #[case] words: &str,
) {
    let db = TestDb::new(server, &[("LANES", lanes)]).await;
    db.fill(1..=2000, CREATED).await;
    db.execute(refuses).await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.failed), (Outcome::Finished, 1997, 3));
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", 1997, 3, 0));
    let found = set_aside(&db).await;
    assert_eq!(found.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), [7, 1500, 1501]);
    for (_, code, reason) in &found {
        let words = if server == Server::Mysql { words.replace('`', "'") } else { words.to_owned() };
        assert!(code == "refused" && reason.contains(&words), "{code}: {reason}");
    }
    let expected: Vec<i64> = (1..=2000).filter(|id| ![7, 1500, 1501].contains(id)).collect();
    assert_eq!(db.ids("`prediction` IS NOT NULL").await, expected);

    // Each try is one more attempt, as for any item that is set aside.
    db.tick("2024-03-05T11:00:00Z").await;
    let attempts: Vec<u32> = db.rows("SELECT `attempts` FROM `item_failures`").await;
    assert_eq!(attempts, [2; 3]);
}

#[rstest]
#[tokio::test]
async fn labels_that_a_foreign_key_does_not_know_are_refused_row_by_row(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let ddl =
        DDL.replace("`scores` JSON", "`species` VARCHAR(10), FOREIGN KEY (`species`) REFERENCES `known` (`name`)");
    let ddl =
        format!("CREATE TABLE `known` (`name` VARCHAR(10) PRIMARY KEY); INSERT INTO `known` VALUES ('setosa'); {ddl}");
    let label = [("PREDICTION_FORMAT", "label"), ("PREDICTION_COLUMN", "species"), ("MAX_FAILED_PERCENT", "100")];
    let Own { owner, scorer } = own(server, &ddl, &[&SETTINGS[..], &label].concat()).await;
    insert_samples(&owner, 300).await;

    let answer = scorer.tick(TICK).await;

    let known = owner.count("`Readings` WHERE `species` = 'setosa'").await;
    assert!(known > 0 && known < 300, "{known} of 300");
    assert_eq!(
        (answer.outcome, answer.counts.predicted, answer.counts.failed),
        (Outcome::Finished, known, 300 - known)
    );
    let (_, code, reason) = &set_aside(&owner).await[0];
    assert!(code == "refused" && reason.contains("foreign key constraint fails"), "{code}: {reason}");
}

#[rstest]
#[tokio::test]
async fn a_database_that_refuses_every_row_stops_the_run_by_its_brake(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("LANES", "1")]).await;
    db.fill(1..=3000, CREATED).await;
    db.execute(
        "CREATE TRIGGER `no` BEFORE UPDATE ON `items` FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'closed'",
    )
    .await;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.predicted), (Outcome::Stopped, 0));
    assert!(answer.counts.failed > 1500 && answer.counts.failed < 2500, "{}", answer.counts.failed);
    assert_eq!(db.run(1).await.state, "failed");
    assert_eq!(db.ids("`prediction` IS NOT NULL").await, Vec::<i64>::new());
}

#[rstest]
#[tokio::test]
async fn a_window_in_one_piece_that_is_being_written_is_ended_by_no_brake(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values(40, 4000)] items: i64,
) {
    let db = TestDb::new(server, &[("FAILURE_POLICY", "retry_all"), ("LANES", "1")]).await;
    db.fill(1..=items, CREATED).await;
    // More than half of them can be scored and not written.
    db.execute(&format!(
        "CREATE TRIGGER `no` BEFORE UPDATE ON `items` FOR EACH ROW \
         IF NEW.`id` <= {} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'closed'; END IF",
        items * 3 / 5
    ))
    .await;
    let (failed, predicted) = ((items * 3 / 5) as u64, (items * 2 / 5) as u64);

    let answer = db.tick(TICK).await;

    // Another attempt would count what it finds, and not what this one has written.
    assert_eq!(answer.outcome, Outcome::Finished);
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", predicted, failed, 0));
    db.tick("2024-03-05T11:00:00Z").await;
    assert_eq!(db.run(1).await, RunRow::over("succeeded_with_failures", predicted, failed, 0));
    assert_eq!(db.count("`items` WHERE `run_id` = 1").await, predicted);
}
