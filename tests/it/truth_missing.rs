//! A column for the truth that the table does not have: whoever describes the table is refused, and no run is held up.

use rstest::rstest;
use serde_json::{Value, json};

use crate::api::Service;
use crate::quality::items;
use crate::support::programs::rowscore;
use crate::support::readings::Own;
use crate::support::{Server, TestDb};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// A slip: the column is called `came`.
const SLIP: [(&str, &str); 1] = [("TRUTH_COLUMN", "cmae")];

const TOLD: &str = "TRUTH_COLUMN names `cmae`, which is no column of the table; of its columns MYSQL_USER may see `id`";

/// An error that lists several problems, as it is told where there is one line.
fn in_one_line(said: &str) -> String {
    said.replacen(":\n  - ", ": ", 1).replace("\n  - ", "; ")
}

#[rstest]
#[tokio::test]
async fn init_doctor_and_quality_refuse_it_and_a_tick_predicts_all_the_same(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let Own { owner, scorer } = items(server, &[], 30).await;
    let (owner, scorer) = (owner.with(&SLIP).await, scorer.with(&SLIP).await);

    let init = rowscore(&["init"], owner.variables()).await;
    assert_eq!(init.status.code(), Some(1), "{init:?}");
    assert!(in_one_line(&init.stderr).contains(TOLD), "{init:?}");
    let doctor = rowscore(&["doctor"], scorer.variables()).await;
    assert_eq!(doctor.status.code(), Some(1), "{doctor:?}");
    let checkup: Value = serde_json::from_str(&doctor.stdout).unwrap();
    let failed = |finding: &&Value| finding["state"] == json!("failed");
    let fit = checkup["steps"].as_array().unwrap().iter().find(failed).unwrap();
    let said = fit["said"].as_str().unwrap();
    assert!(fit["step"] == json!("fit") && said.contains("cannot be judged") && said.contains(TOLD), "{checkup:#}");

    let answer = scorer.tick(TICK).await;
    assert_eq!((answer.counts.predicted, answer.is_truth_missing), (30, true));
    // Not only when something was predicted.
    assert!(scorer.tick(LATER).await.is_truth_missing);
    let quality = rowscore(&["quality"], scorer.variables()).await;
    assert_eq!(quality.status.code(), Some(1), "{quality:?}");
    let told = format!("table `items` cannot be judged: {TOLD}");
    assert!(in_one_line(&quality.stderr).contains(&told), "{quality:?}");
}

#[rstest]
#[tokio::test]
async fn status_page_and_health_say_it_until_the_column_is_there(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let Own { owner, scorer } = items(server, &[], 30).await;
    let (owner, scorer) = (owner.with(&SLIP).await, scorer.with(&SLIP).await);
    scorer.tick(TICK).await;
    for (is_there, tick) in [(false, LATER), (true, "2024-03-05T12:00:00Z")] {
        if is_there {
            owner.execute("ALTER TABLE `items` ADD COLUMN `cmae` VARCHAR(20)").await;
            let init = rowscore(&["init", "--grant", &scorer.config.mysql.user], owner.variables()).await;
            assert_eq!(init.status.code(), Some(0), "{init:?}");
        }
        let status = rowscore(&["status"], scorer.variables()).await;
        let sentence = "No prediction is judged: the table has no column `cmae` for the truth";
        assert_eq!(status.stderr.contains(sentence), !is_there, "{status:?}");
        assert!(is_there || status.status.code() != Some(0), "{status:?}");
        let service = Service::today(&owner).await;
        for (path, name) in [("/health", "\"truth_missing\""), ("/metrics", "trouble=\"truth_missing\"")] {
            let said = service.text(path).await;
            assert_eq!(said.contains(name), !is_there, "{said}");
        }
        assert_eq!(service.page().await.contains("No prediction is judged"), !is_there);
        assert_eq!(scorer.tick(tick).await.is_truth_missing, !is_there);
    }
}

#[rstest]
#[tokio::test]
async fn init_says_of_a_table_that_it_made_that_it_has_no_column_for_the_truth_yet(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let db = TestDb::bare(server, &SLIP).await;
    let init = rowscore(&["init", "--create"], db.variables()).await;
    assert_eq!(init.status.code(), Some(1), "{init:?}");
    assert!(init.stderr.contains("Created table `items`") && in_one_line(&init.stderr).contains(TOLD), "{init:?}");
    db.execute("ALTER TABLE `items` ADD COLUMN `cmae` VARCHAR(20)").await;
    let again = rowscore(&["init"], db.variables()).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
}
