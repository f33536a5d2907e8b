//! A second model that scores along, into the history only.

use rowscore::answer::{Answer, Outcome};
use rowscore::event::{Request, Trigger};
use rowscore::model::Model;
use rowscore::run::{Mode, RunKind, RunState};
use rstest::rstest;
use serde_json::{Value, json};

use crate::score_tables::{scored, scores};
use crate::support::backfills::backfill;
use crate::support::items::{sample, score_by};
use crate::support::models::{narrower, other};
use crate::support::programs::rowscore;
use crate::support::readings::{Own, insert_samples, refusal};
use crate::support::{Server, Setup, at, model, tick, unhurried};

const TICK: &str = "2024-03-05T10:00:00Z";
const LATER: &str = "2024-03-05T11:00:00Z";

/// A history, and both models in the database.
async fn challenged(server: Server, settings: &[(&str, &str)], items: i64) -> Own {
    let own = scored(server, &[&[("SCORES", "history"), ("PAGE_SIZE", "20")], settings].concat()).await;
    own.owner.push(other()).await;
    own.owner.push(model()).await;
    insert_samples(&own.owner, items).await;
    let challenger = [("CHALLENGER", &*other().version().to_string())];
    let scorer = own.scorer.with(&challenger).await;
    Own { scorer, ..own }
}

/// Asserts that the history has exactly what these two models say of these items, and of each item by the same run.
async fn assert_both(own: &Own, models: [&Model; 2], ids: &[i64]) {
    let mut found: Vec<_> = scores(own).await.into_iter().map(|(id, _, model, output)| (id, model, output)).collect();
    found.sort_by(|(id, model, _), (other, others, _)| (id, model).cmp(&(other, others)));
    let mut right: Vec<_> = ids
        .iter()
        .flat_map(|id| models.map(|model| (*id, model.version().to_string(), score_by(model, &sample(*id)))))
        .collect();
    right.sort_by(|(id, model, _), (other, others, _)| (id, model).cmp(&(other, others)));
    assert_eq!(found.len(), right.len());
    assert_eq!(found, right);
    let apart = "(SELECT 1 FROM `Reading Scores` GROUP BY `Reading No` HAVING MIN(`run_id`) <> MAX(`run_id`)) a";
    assert_eq!(own.owner.count(apart).await, 0);
}

/// The predictions that readers see, by key.
async fn seen(db: &Setup) -> Vec<(i64, Vec<f64>)> {
    let results = rowscore(&["results", "--limit", "1000"], db.variables()).await;
    let lines = results.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    // What is set aside has none.
    let lines = lines.filter(|line| !line["prediction"].is_null());
    let one = |line: Value| (line["id"].as_i64().unwrap(), serde_json::from_value(line["prediction"].clone()).unwrap());
    let mut seen: Vec<(i64, Vec<f64>)> = lines.map(one).collect();
    seen.sort_by_key(|(id, _)| *id);
    seen
}

fn right(model: &Model, last: i64) -> Vec<(i64, Vec<f64>)> {
    (1..=last).map(|id| (id, score_by(model, &sample(id)))).collect()
}

#[rstest]
#[tokio::test]
async fn a_challenger_scores_the_same_rows_and_what_counts_is_still_the_score_of_the_model_in_use(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = challenged(server, &[], 60).await;
    own.owner.execute("DROP TRIGGER `no_UPDATE`; UPDATE `Readings` SET `width` = NULL WHERE `Reading No` = 60").await;
    let db = &own.scorer;

    let answer = db.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.failed), (Outcome::Finished, 59, 1));
    let ids: Vec<i64> = (1..=59).collect();
    assert_both(&own, [model(), other()], &ids).await;
    assert_eq!(seen(db).await, right(model(), 59));
    // Nothing is of another model, though there are scores of one.
    let nothing = db.hop(&backfill(Mode::Write), unhurried(at(LATER))).await;
    assert_eq!((nothing.outcome, nothing.counts.predicted), (Outcome::NothingToDo, 0));
    assert_eq!(db.tick(LATER).await.counts.predicted, 0);

    // The challenger comes into use, and challenges itself no more.
    let promoted = db.hop_by(other(), &backfill(Mode::Write), unhurried(at(LATER))).await;
    assert_eq!((promoted.counts.predicted, promoted.counts.pending), (59, 0));
    assert_eq!(seen(db).await, right(other(), 59));
    assert_eq!(own.owner.count("`Reading Scores`").await, 2 * 59);
}

#[rstest]
#[tokio::test]
async fn whoever_comes_twice_or_with_the_models_exchanged_scores_no_row_twice(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("retry_failed", "retry_all")] policy: &str,
) {
    let own = challenged(server, &[("WORKERS", "2"), ("FAILURE_POLICY", policy)], 400).await;
    let db = &own.scorer;
    let turned = db.with(&[("CHALLENGER", model().name())]).await;

    let window = async {
        let first = db.hurried_tick(TICK).await;
        let mut twice = first.clone();
        twice.continuations.extend(first.continuations.clone());
        db.follow(twice, at(TICK)).await
    };
    let sweep = async {
        let sweep = Trigger::Open(Request::by_hand(RunKind::Sweep));
        turned.hop_by(other(), &sweep, unhurried(at(TICK))).await
    };
    let _: (Vec<Answer>, Answer) = tokio::join!(window, sweep);
    let rest = db.follow(db.tick(LATER).await, at(LATER)).await;

    assert_eq!(rest.last().unwrap().counts.pending, 0, "{rest:?}");
    let ids: Vec<i64> = (1..=400).collect();
    assert_both(&own, [model(), other()], &ids).await;
    let said: u64 = own.owner.value("SELECT CAST(SUM(`predicted`) AS UNSIGNED) FROM `batch_lanes`").await;
    assert_eq!(said, 400);
}

#[rstest]
#[tokio::test]
async fn a_score_of_the_challenger_that_is_refused_sets_no_row_aside(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = challenged(server, &[], 60).await;
    let check = format!("`Reading No` <> 7 OR `model_version` <> '{}'", other().version());
    own.owner.execute(&format!("ALTER TABLE `Reading Scores` ADD CONSTRAINT `not_seven` CHECK ({check})")).await;

    let answer = own.scorer.tick(TICK).await;

    assert_eq!((answer.outcome, answer.counts.predicted, answer.counts.failed), (Outcome::Finished, 60, 0));
    assert_eq!(own.owner.count("`item_failures`").await, 0);
    let of = async |model: &Model| {
        own.owner.count(&format!("`Reading Scores` WHERE `model_version` = '{}'", model.version())).await
    };
    assert_eq!((of(model()).await, of(other()).await), (60, 59));
}

#[rstest]
#[tokio::test]
async fn a_challenger_that_cannot_be_used_opens_no_run_and_ends_none(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = challenged(server, &[], 100).await;
    let narrower = narrower();
    own.owner.push(&narrower).await;
    let absent = own.scorer.with(&[("CHALLENGER", "fedcba9")]).await;
    let told = refusal(&absent).await;
    assert!(told.contains("CHALLENGER is `fedcba9`: no stored model is called so"), "{told}");
    let narrow = own.scorer.with(&[("CHALLENGER", &*narrower.version().to_string())]).await;
    let told = narrow.try_hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err().to_string();
    assert!(told.contains("accepted: a model of the same features in the same order"), "{told}");
    assert_eq!(own.owner.count("`Reading Scores`").await, 0);

    // It is lost while a run is under way: the run goes on, the next one is refused.
    let db = &own.scorer;
    let first = db.hurried_tick(TICK).await;
    own.owner.execute("DELETE FROM `batch_models`").await;
    let rest = db.follow(first, at(TICK)).await;
    assert_eq!(rest.last().unwrap().state, Some(RunState::Succeeded), "{rest:?}");
    assert_eq!(
        own.owner.count(&format!("`Reading Scores` WHERE `model_version` = '{}'", model().version())).await,
        100
    );
    let challenged = own.owner.count("`Reading Scores`").await - 100;
    assert!((1..100).contains(&challenged), "{challenged}");
    let told = db.try_hop(&tick(LATER), unhurried(at(LATER))).await.unwrap_err().to_string();
    assert!(told.contains("no stored model is called so"), "{told}");
}

#[rstest]
#[tokio::test]
async fn a_damaged_challenger_is_named_and_its_model_is_removed_only_once_nobody_names_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = challenged(server, &[], 10).await;
    let version = other().version().to_string();
    let by_owner = own.owner.with(&[("CHALLENGER", version.as_str())]).await;
    let remove = ["model", "remove", version.as_str()];
    let refused = rowscore(&remove, by_owner.variables()).await;
    let told = format!("model {version} stays: it is the challenger of the job `default`; take CHALLENGER out");
    assert!(refused.status.code() == Some(1) && refused.stderr.contains(&told), "{refused:?}");

    own.owner.execute(&format!("DELETE FROM `batch_model_parts` WHERE `version` LIKE '{version}%'")).await;
    let told = own.scorer.try_hop(&tick(TICK), unhurried(at(TICK))).await.unwrap_err().to_string();
    assert!(told.contains(&format!("CHALLENGER is `{version}`: ")) && told.contains("0 of its 1 parts"), "{told}");
    assert_eq!(own.owner.count("`Reading Scores`").await, 0);

    let removed = rowscore(&remove, own.owner.variables()).await;
    assert_eq!(removed.status.code(), Some(0), "{removed:?}");
    let plain = own.scorer.with(&[("CHALLENGER", "")]).await;
    assert_eq!(plain.tick(LATER).await.hop.predicted, 10);
}

#[rstest]
#[tokio::test]
async fn champion_and_challenger_are_judged_side_by_side_over_the_same_rows(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let own = challenged(server, &[("TRUTH_COLUMN", "note"), ("TRUTH_WITHIN", "3000d")], 60).await;
    own.owner.execute("DROP TRIGGER `no_UPDATE`; UPDATE `Readings` SET `note` = NULL").await;
    let run = own.scorer.tick(TICK).await.run_id.unwrap();
    own.owner.execute("UPDATE `Readings` SET `note` = 'versicolor' WHERE `Reading No` <= 50").await;

    // Whoever looks need not name the challenger.
    let plain = own.scorer.with(&[("CHALLENGER", "")]).await;
    let said = rowscore(&["quality", "--json"], plain.variables()).await;

    let lines: Vec<Value> = said.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of_run: Vec<&Value> = lines.iter().filter(|line| line["run_id"] == json!(run.0)).collect();
    assert_eq!(of_run.len(), 2, "{lines:?}");
    for judge in [model(), other()] {
        let version = judge.version().to_string();
        let line = of_run.iter().find(|line| line["model_version"] == json!(version)).unwrap();
        let class = judge.classes().iter().position(|class| class == "versicolor").unwrap();
        let is_right = |id: &i64| {
            let outputs = score_by(judge, &sample(*id));
            outputs.iter().all(|output| *output <= outputs[class])
        };
        let share = (1..=50).filter(is_right).count() as f64 / 50.0;
        assert_eq!((line["judged"].as_u64(), line["accuracy"].as_f64()), (Some(50), Some(share)), "{line}");
    }
}

#[test]
fn a_challenger_needs_a_history() {
    for settings in [&[][..], &[("SCORE_TABLE", "scores")]] {
        let find = |name: &str| match name {
            "MYSQL_DATABASE" | "MYSQL_USER" | "MYSQL_PASSWORD" | "CHALLENGER" => Some("x".to_owned()),
            name => settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        };
        let told = rowscore::config::Config::read(find).unwrap_err().to_string();
        assert!(told.contains("CHALLENGER is set") && told.contains("SCORES=history"), "{told}");
    }
}
