//! Under `retry_all`: what another attempt at a window that failed as a whole takes, and what it may use.

use rowscore::answer::Outcome;
use rowscore::hop::Clock;
use rowscore::run::RunState;
use rstest::rstest;

use crate::support::database::RunRow;
use crate::support::items::{Item, sample};
use crate::support::readings::{Own, own};
use crate::support::{Server, TestDb, at, continued, model};

const CREATED: &str = "2024-03-05T09:30:00Z";
const FIRST: &str = "2024-03-05T10:00:00Z";
const SECOND: &str = "2024-03-05T11:00:00Z";

/// Items 11 to 20, of which number 15 cannot be scored.
async fn one_bad(server: Server, settings: &[(&str, &str)]) -> TestDb {
    let db = TestDb::new(server, &[&[("FAILURE_POLICY", "retry_all")], settings].concat()).await;
    db.fill(11..=20, CREATED).await;
    db.execute("UPDATE `items` SET `values` = '[]' WHERE `id` = 15").await;
    db
}

#[rstest]
#[case::behind_all_others(99)]
#[case::before_all_others(3)]
#[tokio::test]
async fn a_row_that_is_corrected_under_another_key_is_in_its_window_still(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("1", "3")] lanes: &str,
    #[case] id: i64,
) {
    let db = one_bad(server, &[("LANES", lanes)]).await;
    assert_eq!(db.tick(FIRST).await.state, Some(RunState::Failed));
    db.execute("DELETE FROM `items` WHERE `id` = 15").await;
    db.insert(&[Item { id, values: sample(id), created: Some(at(CREATED)) }]).await;

    db.tick(SECOND).await;

    assert_eq!(db.run(1).await, RunRow::over("succeeded", 10, 0, 0));
    assert_eq!(db.ids("`prediction` IS NULL").await, [0; 0]);
}

#[rstest]
#[tokio::test]
async fn a_row_that_is_corrected_under_another_key_that_is_a_text_is_in_its_window_still(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("a", "z")] key: &str,
) {
    let ddl = "CREATE TABLE `things` (`id` VARCHAR(20) PRIMARY KEY, `values` JSON NOT NULL, `prediction` JSON NULL, \
                 `created_datetime` DATETIME NOT NULL) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4";
    let settings = [("ITEMS_TABLE", "things"), ("FAILURE_POLICY", "retry_all"), ("LANES", "2")];
    let Own { owner, scorer } = own(server, ddl, &settings).await;
    let insert = async |key: &str, values: &str| {
        let row = format!("('{key}', '{values}', '2024-03-05 09:30:00')");
        owner.execute(&format!("INSERT INTO `things` (`id`, `values`, `created_datetime`) VALUES {row}")).await;
    };
    for key in ["b", "c", "d", "e"] {
        insert(key, if key == "c" { "[]" } else { "[5.1, 3.5, 1.4, 0.2]" }).await;
    }
    assert_eq!(scorer.tick(FIRST).await.state, Some(RunState::Failed));
    owner.execute("DELETE FROM `things` WHERE `id` = 'c'").await;
    insert(key, "[5.1, 3.5, 1.4, 0.2]").await;

    scorer.tick(SECOND).await;

    assert_eq!(owner.run(1).await, RunRow::over("succeeded", 4, 0, 0));
    assert_eq!(owner.count("`things` WHERE `prediction` IS NULL").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_login_with_the_rights_of_an_earlier_version_tries_a_window_again_in_the_lanes_that_it_has(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = one_bad(server, &[]).await;
    assert_eq!(db.tick(FIRST).await.state, Some(RunState::Failed));
    let later = "UPDATE (`low_id`, `high_id`, `high_key`) ON `batch_lanes`";
    db.execute(&format!("REVOKE {later} FROM `{}`", db.config.mysql.user)).await;
    db.execute("UPDATE `items` SET `values` = '[5.1, 3.5, 1.4, 0.2]' WHERE `id` = 15").await;

    db.tick(SECOND).await;

    assert_eq!(db.run(1).await, RunRow::over("succeeded", 10, 0, 0));
    assert_eq!(db.ids("`prediction` IS NULL").await, [0; 0]);
}

#[rstest]
#[tokio::test]
async fn each_attempt_at_a_window_has_all_hops_that_a_run_may_take(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let settings = [("PAGE_SIZE", "2"), ("LANES", "1"), ("MAX_HOPS", "5")];
    let db = one_bad(server, &settings).await;
    let hurried = async |first: &str| {
        let mut answer = db.hurried_tick(first).await;
        while let [next] = &answer.continuations[..] {
            let next = continued(next.run_id.0, next.worker, next.hop);
            answer = db.hop(&next, Clock::immediately(at(first))).await;
        }
        answer
    };
    assert_eq!(hurried(FIRST).await.state, Some(RunState::Failed));
    db.execute(&format!("UPDATE `items` SET `values` = '{}' WHERE `id` = 15", sample(15))).await;

    let again = hurried(SECOND).await;

    assert_eq!((again.outcome, again.state), (Outcome::Finished, Some(RunState::Succeeded)));
    assert_eq!(db.run(1).await, RunRow::over("succeeded", 10, 0, 0));
}

#[rstest]
#[tokio::test]
async fn many_failed_windows_do_not_keep_a_tick_from_its_own(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("FAILURE_POLICY", "retry_all")]).await;
    let version = model().version().shown();
    let failed = (1..=25).map(|minute| {
        let at = format!("'2024-03-05 08:{minute:02}:00'");
        format!(
            "('items', 'window', {at}, {at}, TRUE, 'retry_all', '{}', 1, 1, 'failed', 'check', {at}, {at})",
            version.as_str()
        )
    });
    db.execute(&format!(
        "INSERT INTO `batch_runs` (`items_table`, `kind`, `tick`, `window_to`, `chained`, `policy`, `model_version`, `lanes`, \
           `workers`, `state`, `pass`, `started_at`, `attempted_at`) VALUES {}",
        failed.collect::<Vec<_>>().join(", ")
    ))
    .await;
    db.fill(1..=3, CREATED).await;

    let answer = db.tick(FIRST).await;

    assert_eq!((answer.state, answer.counts.predicted), (Some(RunState::Succeeded), 3));
    assert_eq!(db.count("`batch_runs` WHERE `attempt` = 2").await, 5);
}
