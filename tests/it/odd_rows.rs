//! Rows as they are: without values, with dates that no calendar has. None of them stops the others.

use rowscore::answer::Outcome;
use rowscore::event::{Continuation, Request, Trigger};
use rowscore::hop::{InAnswer, Late, Reached, Relay, Runner};
use rowscore::model::{Artifact, Feature, Model};
use rowscore::run::{RunKind, RunState};
use rstest::rstest;

use crate::support::items::{Item, sample, score};
use crate::support::programs::rowscore;
use crate::support::readings::{Own, own};
use crate::support::{Server, TestDb, at, model, sweep, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// The table of the default names, made by somebody else: with columns of these kinds.
fn items(values: &str, created: &str) -> String {
    format!(
        "CREATE TABLE `items` (`id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, `values` {values}, `prediction` JSON NULL, \
         `created_datetime` {created}, `updated_datetime` {created})"
    )
}

/// What reads the table beside a run, each to a good end.
async fn readers_are_well(own: &Own) {
    for arguments in [&["results", "--limit", "100"][..], &["status"], &["failures"], &["run", "--canary"]] {
        let ended = rowscore(arguments, own.scorer.variables()).await;
        // That items wait is no failure of the reader.
        let is_told = arguments == ["status"] && ended.status.code() == Some(3) && ended.stderr.contains(" wait");
        assert!(ended.status.success() || is_told, "{arguments:?}: {ended:?}");
    }
}

#[rstest]
#[tokio::test]
async fn values_that_are_null_are_set_aside_and_taken_up_when_they_are_filled_in(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("retry_failed", "leave")] policy: &str,
) {
    let settings = [("FAILURE_POLICY", policy), ("PAGE_SIZE", "2"), ("MAX_ATTEMPTS", "1")];
    let own = own(server, &items("JSON NULL", "DATETIME NULL"), &settings).await;
    own.owner.fill(1..=9, "2024-03-05T09:30:00Z").await;
    own.owner.execute("UPDATE `items` SET `values` = NULL WHERE `id` IN (1, 4, 9)").await;

    let answer = own.scorer.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (6, 3, 0));
    let found: Vec<(i64, String, String)> =
        own.owner.rows("SELECT `item_id`, `code`, `reason` FROM `item_failures` ORDER BY 1").await;
    let reason = "values is null, not an array of numbers or an object of them";
    assert_eq!(found, [1, 4, 9].map(|id| (id, "not_an_array".to_owned(), reason.to_owned())));
    readers_are_well(&own).await;
    assert_eq!(own.scorer.tick(LATER).await.outcome, Outcome::NothingToDo);

    own.owner.execute(&format!("UPDATE `items` SET `values` = '{}' WHERE `id` = 4", sample(4))).await;
    assert_eq!(own.scorer.tick("2024-03-05T12:00:00Z").await.counts.predicted, 1);
    assert_eq!(own.owner.count("`item_failures`").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_row_with_an_impossible_date_is_scored_and_shown_without_one(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("DATETIME", "DATETIME(6)", "TIMESTAMP")] kind: &str,
) {
    let own = own(server, &items("JSON NOT NULL", &format!("{kind} NULL")), &[("PAGE_SIZE", "2")]).await;
    own.owner.fill(1..=6, "2024-03-05T09:30:00Z").await;
    own.owner.execute(&format!("SET SESSION sql_mode = ''; UPDATE `items` SET `created_datetime` = '0000-00-00 00:00:00', \
         `updated_datetime` = '0000-00-00 00:00:00' WHERE `id` IN (1, 4); {}", if kind == "TIMESTAMP" { "" } else {
        "UPDATE `items` SET `created_datetime` = '2024-00-10', `updated_datetime` = '2024-02-00' WHERE `id` = 2; \
         SET SESSION sql_mode = 'ALLOW_INVALID_DATES'; \
         UPDATE `items` SET `created_datetime` = '2024-02-31', `updated_datetime` = '0000-01-01' WHERE `id` = 3"
    })).await;
    // The oldest pending one is looked for before the first page.
    readers_are_well(&own).await;

    let answer = own.scorer.tick(TICK).await;

    assert_eq!((answer.state, answer.counts.predicted, answer.counts.failed), (Some(RunState::Succeeded), 6, 0));
    readers_are_well(&own).await;
    let shown = rowscore(&["results"], own.scorer.variables()).await;
    let lines: Vec<serde_json::Value> = shown.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    assert!(lines[0]["created_datetime"].is_null() && lines[3]["updated_datetime"].is_null(), "{shown:?}");
    assert_eq!(lines[5]["created_datetime"], "2024-03-05T09:30:00Z");
    for arguments in [&["run", "--sweep"][..], &["plan"], &["explain", "--id", "1"]] {
        let ended = rowscore(arguments, own.scorer.variables()).await;
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {ended:?}");
    }
}

/// A way out that panics.
struct Broken;

impl Relay for Broken {
    fn send<'r>(&'r self, _: &'r Continuation) -> Reached<'r> {
        panic!("no way out")
    }

    fn will_be_late(&self, _: &Late) {}
}

#[rstest]
#[tokio::test]
async fn a_panic_is_noted_in_the_run_as_any_error_is(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.insert(&(1..=40).map(|id| Item::new(id, sample(id))).collect::<Vec<_>>()).await;
    let runner = Runner { means: db.means(model()), relay: &Broken };

    let clock = rowscore::hop::Clock::immediately(at(TICK));
    let error = runner.hop(&tick(TICK), clock).await.unwrap_err().to_string();

    assert!(error.contains("(no way out)") && error.contains("what was committed stays"), "{error}");
    assert_eq!(db.value::<String>("SELECT `last_error` FROM `batch_runs` WHERE `id` = 1").await, error);
    assert_eq!(db.run(1).await.state, "running");
    assert_eq!(db.hop(&tick(LATER), unhurried(at(LATER))).await.outcome, Outcome::NothingToDo);
    assert_eq!(db.predicted().await.len(), 40);
    let canary = Trigger::Open(Request::by_hand(RunKind::Canary));
    let error = runner.hop(&canary, unhurried(at(LATER))).await.unwrap_err().to_string();
    assert_eq!(db.value::<String>("SELECT `last_error` FROM `batch_runs` WHERE `kind` = 'canary'").await, error);
    assert_eq!(db.hop(&sweep(), unhurried(at(LATER))).await.outcome, Outcome::NothingToDo);
}

#[rstest]
#[tokio::test]
async fn new_rows_with_the_ids_of_rows_that_were_set_aside_and_are_gone_are_predicted(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("leave", "retry_failed", "retry_all")] policy: &str,
) {
    let settings = [("FAILURE_POLICY", "leave"), ("MAX_FAILED_PERCENT", "100"), ("MAX_ATTEMPTS", "1")];
    let db = TestDb::new(server, &settings).await;
    db.insert(&[1, 2, 3, 9].map(|id| Item::new(id, "[1, 2]"))).await;
    assert_eq!(db.tick(TICK).await.counts.failed, 4);
    db.execute("TRUNCATE TABLE `items`").await;
    // The third one is as bad as the one before, and the ninth does not come back.
    let created = Some(at("2024-03-05T10:30:00Z"));
    db.insert(&[(1, sample(1)), (2, sample(2)), (3, "[1, 2]".into()), (4, sample(4))].map(|(id, values)| Item {
        id,
        values,
        created,
    }))
    .await;

    let later = db.with(&[("FAILURE_POLICY", policy)]).await;
    later.tick(LATER).await;
    if policy == "retry_all" {
        // It fails as a whole for the one that is bad.
        db.execute(
            "UPDATE `items` SET `values` = '[5.1, 3.5, 1.4, 0.2]', `updated_datetime` = '2020-01-01' WHERE `id` = 3",
        )
        .await;
        later.tick("2024-03-05T12:00:00Z").await;
    }

    let predicted: &[i64] = if policy == "retry_all" { &[1, 2, 3, 4] } else { &[1, 2, 4] };
    assert_eq!(db.predicted().await, predicted);
    let left: Vec<i64> = db.rows("SELECT `item_id` FROM `item_failures`").await;
    assert_eq!(left, if policy == "retry_all" { vec![] } else { vec![3] });
}

#[rstest]
#[case("TEXT CHARACTER SET latin1")]
#[case("VARCHAR(2000) CHARACTER SET utf16")]
#[case("MEDIUMTEXT CHARACTER SET utf32 COLLATE utf32_bin")]
#[case("TEXT CHARACTER SET ascii")]
#[case("TEXT CHARACTER SET binary")]
#[case("VARBINARY(2000)")]
#[case("LONGBLOB")]
#[tokio::test]
async fn values_in_any_character_set_are_scored_and_known_again(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[case] kind: &str,
) {
    let Own { owner, scorer } = own(server, &items(kind, "DATETIME NULL"), &[("MAX_ATTEMPTS", "1")]).await;
    let bad = if kind.contains("ascii") { r#"{"note": "plain"}"# } else { r#"{"note": "Größe"}"# };
    owner.insert(&[Item::new(1, sample(1)), Item::new(2, bad), Item::new(3, sample(3)), Item::new(4, "no JSON")]).await;
    owner.execute(&format!("UPDATE `items` SET `updated_datetime` = NULL; UPDATE `items` SET `values` = x'5bff5d' WHERE `id` = 4 AND {}", kind.contains('B'))).await;

    assert_eq!(scorer.tick(TICK).await.counts.predicted, 2);
    // With the same values they are not tried again.
    let before: Vec<(i64, u64, String)> =
        owner.rows("SELECT `item_id`, `run_id`, `code` FROM `item_failures` ORDER BY 1").await;
    assert_eq!(before.iter().map(|(id, run, _)| (*id, *run)).collect::<Vec<_>>(), [(2, 1), (4, 1)]);
    assert_eq!(scorer.tick(LATER).await.outcome, Outcome::NothingToDo);
    assert_eq!(
        owner.rows::<(i64, u64, String)>("SELECT `item_id`, `run_id`, `code` FROM `item_failures` ORDER BY 1").await,
        before
    );
    owner.execute(&format!("UPDATE `items` SET `values` = '{}' WHERE `id` IN (2, 4)", sample(2))).await;
    assert_eq!(scorer.tick("2024-03-05T12:00:00Z").await.counts.predicted, 2);
    let shown = rowscore(&["results"], scorer.variables()).await;
    assert_eq!((shown.status.code(), shown.stdout.lines().count()), (Some(0), 4), "{shown:?}");
}

#[rstest]
#[tokio::test]
async fn bytes_that_are_no_text_are_in_nobodys_way(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = own(server, &items("BLOB", "DATETIME NULL"), &[("PREDICTION_FORMAT", "probabilities")]).await;
    own.owner.fill(1..=5, "2024-03-05T09:30:00Z").await;
    own.owner.execute("UPDATE `items` SET `values` = x'5b80ff2c' WHERE `id` = 2").await;
    assert_eq!(own.scorer.tick(TICK).await.counts.predicted, 4);
    readers_are_well(&own).await;
}

#[rstest]
#[tokio::test]
async fn the_smallest_and_the_largest_ids_are_scored(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "2"), ("LANES", "3")]).await;
    let ids = [i64::MIN + 1, i64::MIN + 2, -9, -1, 0, 1, 2, i64::MAX - 1, i64::MAX];
    db.execute("ALTER TABLE `items` MODIFY `id` BIGINT NOT NULL").await;
    db.fill(ids, "2024-03-05T09:30:00Z").await;
    let first = db.hurried_tick(TICK).await;
    let last = db.follow(first, at(TICK)).await.pop().unwrap();
    assert_eq!((last.counts.predicted, last.counts.pending), (9, 0));
    assert_eq!(db.predicted().await, ids);
    // Before the smallest one there is no number to begin at.
    db.fill([i64::MIN], "2024-03-05T10:30:00Z").await;
    assert_eq!(db.with(&[]).await.tick(LATER).await.counts.predicted, 1);
    assert_eq!(db.predicted().await.len(), 10);
}

#[rstest]
#[tokio::test]
async fn objects_with_long_notes_are_scored_in_pages_that_fit_into_memory(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let object = |id: i64, note: usize| {
        let [sl, sw, pl, pw]: [f64; 4] = serde_json::from_str(&sample(id)).unwrap();
        serde_json::json!({"note": "é".repeat(note), "petal_width": pw, "sepal_length": sl, "petal_length": pl,
            "sepal_width": sw, "flag": true})
        .to_string()
    };
    db.insert(&[Item::new(1, object(1, 2500)), Item::new(2, object(2, 30_000)), Item::new(3, object(3, 40_000))]).await;
    // Twenty megabytes: more than a page holds.
    for ids in [(4..200), (200..400), (400..704)] {
        db.insert(&ids.map(|id| Item::new(id, object(id, 15_000))).collect::<Vec<_>>()).await;
    }

    let answer = db.tick(TICK).await;

    assert_eq!((answer.counts.predicted, answer.counts.failed, answer.counts.pending), (702, 1, 0));
    let found: Vec<(i64, String)> = db.rows("SELECT `item_id`, `code` FROM `item_failures`").await;
    assert_eq!(found, [(3, "too_large".to_owned())]);
    for id in [1, 2, 4, 300, 703] {
        assert_eq!(db.prediction(id).await.unwrap(), score(&sample(id)), "{id}");
    }
}

#[rstest]
#[tokio::test]
async fn reasons_are_kept_in_any_characters_whatever_the_databases_default_is(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("latin1", "ascii", "utf8mb3", "utf16")] charset: &str,
) {
    let db = TestDb::bare(server, &[]).await;
    let name = db.config.mysql.database.clone();
    if charset != "utf16" {
        db.execute(&format!("ALTER DATABASE `{name}` CHARACTER SET {charset}")).await;
    }
    db.migrate().await;
    let mut content = model().artifact().content.clone();
    content.features = ["größe", "ширина", "長さ", "🌷"].map(Feature::number).to_vec();
    let odd = Model::new(Artifact::seal(content)).unwrap();
    let bad = r#"{"größe": 1, "ширина": 2, "長さ": "x", "🌷": 4}"#;
    db.insert(&[Item::new(1, bad), Item::new(2, r#"{"größe": 1, "ширина": 2, "長さ": 3}"#), Item::new(3, sample(3))])
        .await;

    let answer =
        Runner { means: db.means(&odd), relay: &InAnswer }.hop(&tick(TICK), unhurried(at(TICK))).await.unwrap();

    assert_eq!((answer.counts.predicted, answer.counts.failed), (1, 2));
    let reasons: Vec<String> = db.rows("SELECT `reason` FROM `item_failures` ORDER BY `item_id`").await;
    assert_eq!(reasons, ["value 3 (`長さ`) is text, not a number", "values has no `🌷`"]);
}
