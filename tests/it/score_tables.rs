//! Predictions that go to a table of their own: of the table that is scored, rowscore reads, and nothing else.

use mysql_async::Error;
use mysql_async::prelude::Queryable;
use rowscore::answer::{Answer, Outcome};
use rowscore::event::{Request, Trigger};
use rowscore::run::{Mode, RunKind, RunState};
use rstest::rstest;
use serde_json::{Value as Json, json};

use crate::support::backfills::backfill;
use crate::support::items::{label, sample, score, score_by};
use crate::support::models::other;
use crate::support::programs::rowscore;
use crate::support::readings::{DDL, Own, SETTINGS, insert, insert_samples, numbers, own, refusal, sampled};
use crate::support::{Server, at, model, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// `Readings` without anything to write to, and a score table.
pub(crate) async fn scored(server: Server, settings: &[(&str, &str)]) -> Own {
    let ddl = DDL.replace("`scores` JSON, ", "");
    let mut all = SETTINGS.to_vec();
    all.retain(|(name, _)| *name != "PREDICTION_COLUMN");
    all.push(("SCORE_TABLE", "Reading Scores"));
    all.extend(settings);
    let own = own(server, &ddl, &all).await;
    // Whoever writes to it, the test notices.
    for what in ["UPDATE", "DELETE"] {
        let sql = "CREATE TRIGGER `no_{}` BEFORE {} ON `Readings` FOR EACH ROW SIGNAL SQLSTATE '45000'";
        own.owner.execute(&sql.replace("{}", what)).await;
    }
    own
}

/// Every score: key, run, version, prediction.
pub(crate) async fn scores(Own { owner, .. }: &Own) -> Vec<(i64, u64, String, Vec<f64>)> {
    let sql = "SELECT `Reading No`, `run_id`, `model_version`, CAST(`prediction` AS CHAR) FROM `Reading Scores` \
               ORDER BY `Reading No`, `run_id`";
    let rows: Vec<(i64, u64, String, String)> = owner.rows(sql).await;
    rows.into_iter().map(|(id, run, version, text)| (id, run, version, serde_json::from_str(&text).unwrap())).collect()
}

/// The bits of a model's predictions of the samples with these ids.
fn right(ids: impl IntoIterator<Item = i64>) -> Vec<(i64, Vec<f64>)> {
    ids.into_iter().map(|id| (id, score(&sample(id)))).collect()
}

fn predictions(scores: Vec<(i64, u64, String, Vec<f64>)>) -> Vec<(i64, Vec<f64>)> {
    scores.into_iter().map(|(id, _, _, prediction)| (id, prediction)).collect()
}

#[rstest]
#[tokio::test]
async fn scores_go_to_a_table_of_their_own_and_nothing_of_the_source_is_written(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("latest", "history")] keeps: &str,
) {
    let own = scored(server, &[("SCORES", keeps), ("PAGE_SIZE", "25")]).await;
    insert_samples(&own.owner, 60).await;
    own.owner.execute("DROP TRIGGER `no_UPDATE`; UPDATE `Readings` SET `width` = NULL WHERE `Reading No` = 4").await;
    let before: Vec<String> = own.owner.rows("SELECT CONCAT_WS('|', `Reading No`, `sl`, `note`) FROM `Readings`").await;

    let canary = Trigger::Open(Request::by_hand(RunKind::Canary));
    assert_eq!(own.scorer.hop(&canary, unhurried(at(TICK))).await.state, Some(RunState::Succeeded));
    assert_eq!(own.owner.count("`Reading Scores`").await, 0, "a canary keeps nothing");
    let first = own.scorer.tick(TICK).await;
    let second = own.scorer.tick(LATER).await;

    assert_eq!((first.counts.predicted, first.counts.failed, first.counts.pending), (59, 1, 0));
    assert_eq!(second.counts.predicted, 0);
    let found = scores(&own).await;
    assert!(found.iter().all(|(_, run, ..)| Some(*run) == first.run_id.map(|run| run.0)), "{first:?}");
    assert_eq!(predictions(found), right((1..=60).filter(|id| *id != 4)));
    let now: Vec<String> = own.owner.rows("SELECT CONCAT_WS('|', `Reading No`, `sl`, `note`) FROM `Readings`").await;
    assert_eq!(now, before);

    // What was set aside is tried again once it can be scored; a new row is pending, a deleted one's score stays.
    own.owner.execute("UPDATE `Readings` SET `width` = 1 WHERE `Reading No` = 4; DROP TRIGGER `no_DELETE`").await;
    own.owner.execute("DELETE FROM `Readings` WHERE `Reading No` = 5").await;
    insert(&own.owner, &[(61, numbers(sampled(61)))]).await;
    let third = own.scorer.hop(&Trigger::Open(Request::by_hand(RunKind::Sweep)), unhurried(at(LATER))).await;
    assert_eq!((third.counts.predicted, third.counts.failed, third.counts.pending), (2, 0, 0));
    assert_eq!(own.owner.count("`Reading Scores`").await, 61);
    assert_eq!(own.owner.count("`item_failures`").await, 0);
}

#[rstest]
#[tokio::test]
async fn the_login_may_select_of_the_source_what_it_reads_and_do_nothing_else_there(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = scored(server, &[]).await;
    insert_samples(&owner, 3).await;

    let login = &scorer.config.mysql.user;
    let again = rowscore(&["init", "--grant", login], owner.variables()).await;
    assert_eq!(again.status.code(), Some(0), "{again:?}");
    let grants: Vec<String> = owner.rows(&format!("SHOW GRANTS FOR `{login}`")).await;
    let on = |table: &str| -> Vec<&String> { grants.iter().filter(|grant| grant.contains(table)).collect() };
    let [source] = on("`Readings`")[..] else { panic!("{grants:?}") };
    assert!(source.starts_with("GRANT SELECT (") && !source.contains("UPDATE"), "{source}");
    assert!(!source.contains("REFERENCES") && !source.contains("`note`"), "{source}");
    assert!(on("`Reading Scores`")[0].starts_with("GRANT SELECT, INSERT, UPDATE ON "), "{grants:?}");
    let own = grants.iter().filter(|grant| grant.contains("`batch_") || grant.contains("`item_failures`")).count();
    // One of them says that it may log in.
    assert_eq!(grants.len(), 3 + own, "{grants:#?}");

    let mut conn = scorer.database.connect().await.unwrap();
    for sql in [
        "UPDATE `Readings` SET `width` = 1",
        "DELETE FROM `Readings`",
        "INSERT INTO `Readings` (`width`) VALUES (1)",
        "SELECT `note` FROM `Readings`",
        "DELETE FROM `Reading Scores`",
        "ALTER TABLE `Reading Scores` ADD COLUMN `extra` INT",
        "DROP TABLE `Reading Scores`",
    ] {
        let result = conn.query_drop(sql).await;
        assert!(
            matches!(&result, Err(Error::Server(error)) if [1142, 1143].contains(&error.code)),
            "{sql}: {result:?}"
        );
    }
    assert_eq!(scorer.tick(TICK).await.counts.predicted, 3);
}

#[rstest]
#[tokio::test]
async fn a_backfill_replaces_the_latest_score_and_a_history_keeps_that_of_each_model(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("latest", "history")] keeps: &str,
) {
    let own = scored(server, &[("SCORES", keeps), ("PAGE_SIZE", "25")]).await;
    insert_samples(&own.owner, 60).await;
    let db = &own.scorer;
    assert_eq!(db.hop_by(other(), &tick(TICK), unhurried(at(TICK))).await.counts.predicted, 60);
    let old: Vec<Vec<f64>> = (1..=60).map(|id| score_by(other(), &sample(id))).collect();
    // A row that no model has scored is a window's, and no backfill's.
    insert(&own.owner, &[(61, numbers(sampled(61)))]).await;

    let dry = db.hop(&backfill(Mode::DryRun), unhurried(at(LATER))).await;
    assert_eq!(scores(&own).await.len(), 60);
    let answer = db.hop(&backfill(Mode::Write), unhurried(at(LATER))).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (60, 0, 0));
    let change: f64 = (1..=60)
        .zip(&old)
        .map(|(id, old)| score(&sample(id)).iter().zip(old).map(|(new, old)| (new - old).abs()).sum::<f64>() / 3.0)
        .sum();
    for answer in [&dry, &answer] {
        let report = answer.backfill.as_ref().unwrap();
        assert_eq!((report.compared, report.incomparable), (60, 0), "{report:?}");
        assert!((report.mean_absolute_change.unwrap() - change / 60.0).abs() < 1e-9, "{report:?} {change}");
    }
    let found = scores(&own).await;
    let (new, replaced): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(_, run, ..)| Some(*run) == answer.run_id.map(|run| run.0));
    assert_eq!(predictions(new), right(1..=60));
    let kept: Vec<Vec<f64>> = replaced.into_iter().map(|(.., prediction)| prediction).collect();
    assert_eq!(kept, if keeps == "history" { old } else { Vec::new() });
    assert_eq!(db.hop(&backfill(Mode::Write), unhurried(at(LATER))).await.counts.predicted, 0);

    // The model from before comes back: its backfill takes all of them again, whatever it wrote before.
    let back = db.hop_by(other(), &backfill(Mode::Write), unhurried(at(LATER))).await;
    assert_eq!((back.counts.predicted, back.counts.pending), (60, 0));
    let results = rowscore(&["results", "--limit", "1"], db.variables()).await;
    let line: Json = serde_json::from_str(&results.stdout).unwrap_or_else(|error| panic!("{error}: {results:?}"));
    assert_eq!(line["prediction"], json!(score_by(other(), &sample(1))));
}

#[rstest]
#[tokio::test]
async fn whoever_comes_twice_or_beside_another_run_scores_no_row_twice(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("latest", "history")] keeps: &str,
) {
    let own = scored(server, &[("SCORES", keeps), ("PAGE_SIZE", "20"), ("WORKERS", "2")]).await;
    insert_samples(&own.owner, 600).await;
    let db = &own.scorer;

    let window = async {
        let first = db.hurried_tick(TICK).await;
        let mut twice = first.clone();
        twice.continuations.extend(first.continuations.clone());
        db.follow(twice, at(TICK)).await
    };
    let sweep = async {
        let sweep = Trigger::Open(Request::by_hand(RunKind::Sweep));
        let first = db.hop(&sweep, unhurried(at(TICK))).await;
        db.follow(first, at(TICK)).await
    };
    let _: (Vec<Answer>, Vec<Answer>) = tokio::join!(window, sweep);
    let rest = db.tick(LATER).await;
    let rest = db.follow(rest, at(LATER)).await;

    assert_eq!(rest.last().unwrap().counts.pending, 0, "{rest:?}");
    assert_eq!(predictions(scores(&own).await), right(1..=600));
    let said: u64 = db.value("SELECT CAST(SUM(`predicted`) AS UNSIGNED) FROM `batch_runs`").await;
    let unequal = "(SELECT r.`id` FROM `batch_runs` r LEFT JOIN `Reading Scores` s ON s.`run_id` = r.`id` \
                   GROUP BY r.`id`, r.`predicted` HAVING COUNT(s.`run_id`) <> r.`predicted`) unequal";
    assert_eq!((said, db.count(unequal).await), (600, 0));
}

#[rstest]
#[tokio::test]
async fn parts_of_a_prediction_have_columns_of_their_own_in_a_score_table_that_gains_them(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = scored(server, &[]).await;
    insert_samples(&owner, 60).await;
    let settings = [
        ("LABEL_COLUMN", "label"),
        ("CONFIDENCE_COLUMN", "confidence"),
        ("CLASS_COLUMNS", "setosa, virginica=p of virginica"),
        ("DECISION_COLUMN", "is_virginica"),
        ("THRESHOLD", "virginica=0.5"),
    ];
    let (more, made) = (scorer.with(&settings).await, owner.with(&settings).await);
    let missing = refusal(&more).await;
    assert!(missing.contains("LABEL_COLUMN names `label`, which is no column of the score table"), "{missing}");
    assert!(missing.contains("`rowscore init` adds to `Reading Scores` what is missing"), "{missing}");
    let init = rowscore(&["init"], made.variables()).await;
    assert!(init.status.success() && init.stdout.contains("confidence"), "{init:?}");

    assert_eq!(more.tick(TICK).await.counts.predicted, 60);

    let sql =
        "SELECT `Reading No`, `label`, `confidence`, `setosa`, `p of virginica`, `is_virginica` FROM `Reading Scores`";
    let mut conn = owner.connect().await;
    let rows: Vec<(i64, String, f64, f64, f64, bool)> = conn.exec(sql, ()).await.unwrap();
    assert_eq!(rows.len(), 60);
    for (id, class, confidence, setosa, virginica, is_virginica) in rows {
        let right = score(&sample(id));
        let most = right.iter().copied().fold(0.0, f64::max);
        assert_eq!((class.as_str(), confidence, setosa, virginica), (label(&sample(id)), most, right[0], right[2]));
        assert_eq!(is_virginica, right[2] >= 0.5, "{id}");
    }
}

#[rstest]
#[case("DROP TABLE `Reading Scores`", "the database has no such table")]
#[case("ALTER TABLE `Reading Scores` MODIFY `prediction` INT", "PREDICTION_COLUMN `prediction` is int")]
#[case("ALTER TABLE `Reading Scores` DROP COLUMN `predicted_at`", "has no column `predicted_at`")]
#[case("ALTER TABLE `Reading Scores` ENGINE=MyISAM", "ENGINE=InnoDB makes it one")]
#[case(
    "ALTER TABLE `Reading Scores` DROP PRIMARY KEY, ADD PRIMARY KEY (`Reading No`, `model_version`)",
    "SCORES=latest needs (Reading No): set SCORES to the other"
)]
#[tokio::test]
async fn a_score_table_that_is_none_is_refused_before_a_run_is_opened(#[case] change: &str, #[case] told: &str) {
    let Own { owner, scorer } = scored(Server::Mysql, &[]).await;
    insert_samples(&owner, 1).await;
    owner.execute(change).await;
    let error = refusal(&scorer).await;
    assert!(error.contains(told), "{error}");
}

#[rstest]
#[tokio::test]
async fn a_score_that_the_database_refuses_is_set_aside_and_the_rest_go_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = scored(server, &[]).await;
    insert_samples(&own.owner, 60).await;
    own.owner.execute("ALTER TABLE `Reading Scores` ADD CONSTRAINT `not_seven` CHECK (`Reading No` <> 7)").await;
    let answer = own.scorer.tick(TICK).await;
    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.failed), (Outcome::Finished, 59, 1));
    let code: String = own.owner.value("SELECT `code` FROM `item_failures` WHERE `item_id` = 7").await;
    assert_eq!(code, "refused");
    assert_eq!(predictions(scores(&own).await), right((1..=60).filter(|id| *id != 7)));
}

#[rstest]
#[tokio::test]
async fn a_row_that_goes_while_its_page_is_written_keeps_nobody_from_going_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = scored(server, &[("LANES", "1")]).await;
    insert_samples(&own.owner, 300).await;
    // Whoever waits to insert a score of the first item waits until another has gone.
    let mut holder = own.owner.connect().await;
    holder.query_drop("START TRANSACTION").await.unwrap();
    let score = "INSERT INTO `Reading Scores` (`Reading No`, `run_id`, `model_version`, `predicted_at`) VALUES (1, 9, '', NOW())";
    holder.query_drop(score).await.unwrap();
    let gone = async {
        own.owner.wait_for_lock_waits(1).await;
        own.owner.execute("SET SESSION lock_wait_timeout = 60; DROP TRIGGER `no_DELETE`; DELETE FROM `Readings` WHERE `Reading No` = 200").await;
        holder.query_drop("ROLLBACK").await.unwrap();
    };
    let (answer, ()) = tokio::join!(own.scorer.tick(TICK), gone);
    let found = scores(&own).await.len() as u64;
    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.pending), (Outcome::Finished, found, 0));
    assert!(found >= 299, "{found}");
}

#[rstest]
#[tokio::test]
async fn what_a_later_run_has_scored_meanwhile_is_not_counted_as_the_backfills_own(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("latest", "history")] keeps: &str,
    #[values(true, false)] is_by_the_same_model: bool,
) {
    let own = scored(server, &[("SCORES", keeps), ("LANES", "1")]).await;
    insert_samples(&own.owner, 60).await;
    let db = &own.scorer;
    // In a history each model has a score of each item by now, and the one in use is not the latest.
    assert_eq!(db.tick(TICK).await.counts.predicted, 60);
    let before = db.hop_by(other(), &backfill(Mode::Write), unhurried(at(LATER))).await;
    assert_eq!(before.counts.predicted, 60);

    // A run with a greater number scores 20 of the items while the backfill's page is under way.
    let version = if is_by_the_same_model { model() } else { other() }.version();
    let mut later = own.owner.connect().await;
    later.query_drop("START TRANSACTION").await.unwrap();
    let replace =
        "REPLACE INTO `Reading Scores` (`Reading No`, `run_id`, `model_version`, `predicted_at`, `prediction`)";
    let rows: Vec<String> = (11..=30).map(|id| format!("({id}, 999, '{version}', NOW(), '[1,0,0]')")).collect();
    later.query_drop(format!("{replace} VALUES {}", rows.join(", "))).await.unwrap();
    let commit = async {
        if keeps == "latest" || is_by_the_same_model {
            own.owner.wait_for_lock_waits(1).await;
        }
        later.query_drop("COMMIT").await.unwrap();
    };
    let trigger = backfill(Mode::Write);
    let (answer, ()) = tokio::join!(db.hop(&trigger, unhurried(at(LATER))), commit);

    let run = answer.run_id.unwrap();
    let found = own.owner.count(&format!("`Reading Scores` WHERE `run_id` = {run}")).await;
    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.pending), (Outcome::Finished, found, 0));
    assert_eq!(own.owner.count("`Reading Scores` WHERE `run_id` = 999").await, 20);
    assert!(found >= 40, "{found}");
}

/// Two of these keys have the same sum as the other two, and so have their CRCs.
#[rstest]
#[tokio::test]
async fn other_items_of_the_same_sums_are_not_taken_for_those_that_have_a_score(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Own { owner, scorer } = scored(server, &[("PAGE_SIZE", "148"), ("LANES", "2")]).await;
    insert_samples(&owner, 300).await;
    let first = scorer.hurried_tick(TICK).await;
    assert_eq!(owner.count("`Reading Scores` WHERE `Reading No` IN (134, 135, 175, 176)").await, 4, "{first:?}");
    owner.execute("DROP TRIGGER `no_DELETE`; DELETE FROM `Readings` WHERE `Reading No` IN (135, 175)").await;
    owner.execute("DELETE FROM `Reading Scores` WHERE `Reading No` IN (134, 176)").await;

    let answers = scorer.follow(first, at(TICK)).await;

    let last = answers.last().unwrap();
    assert_eq!((last.outcome, last.counts.predicted, last.counts.pending), (Outcome::Finished, 300, 2), "{last:?}");
}
