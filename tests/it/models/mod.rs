//! Models in the database: from a CSV file to the function's predictions without a build, and back.

mod commands;
mod damaged;
mod jobs;
mod samples;
mod shown;

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use rowscore::answer::Outcome;
use rowscore::hop::Clock;
use rowscore::run::RunId;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::database::RunRow;
use crate::support::invocation::in_milliseconds;
use crate::support::models::other;
use crate::support::programs::{Ended, rowscore};
use crate::support::runtime_api::Environment;
use crate::support::stored::Stored;
use crate::support::{Server, TestDb, at, continued, model, tick, unhurried};

const CREATED: &str = "2024-03-05T09:30:00Z";
const FIRST: &str = "2024-03-05T10:00:00Z";
const SECOND: &str = "2024-03-05T11:00:00Z";
const THIRD: &str = "2024-03-05T12:00:00Z";

/// A command that succeeds: what it said on standard output.
async fn done(arguments: &[&str], variables: &BTreeMap<String, String>) -> Vec<Value> {
    let Ended { status, stdout, stderr } = rowscore(arguments, variables).await;
    assert_eq!(status.code(), Some(0), "{arguments:?}: {stderr}");
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A command that fails: what it said on standard error.
async fn failed(arguments: &[&str], variables: &BTreeMap<String, String>) -> String {
    let Ended { status, stdout, stderr } = rowscore(arguments, variables).await;
    assert_eq!(status.code(), Some(1), "{arguments:?}: {stdout} {stderr}");
    stderr
}

/// The versions of the models that wrote what stands in the items, each with how many.
async fn written(db: &TestDb) -> Vec<(String, u64)> {
    db.rows(
        "SELECT r.`model_version`, COUNT(*) FROM `items` i JOIN `batch_runs` r ON r.`id` = i.`run_id` \
         GROUP BY r.`model_version` ORDER BY MIN(i.`id`)",
    )
    .await
}

#[rstest]
#[tokio::test]
async fn from_a_csv_file_to_the_functions_predictions_without_a_build_and_back(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    owner.fill(1..=50, CREATED).await;
    let mut function = Environment::start(scorer.variables()).await;
    let ticks = async |function: &mut Environment, time: &str| {
        let event = json!({"run": "window", "scheduled_time": time});
        function.invoke(event, in_milliseconds(Duration::from_secs(60))).await.result.unwrap()
    };
    assert_eq!(ticks(&mut function, FIRST).await["predicted"], json!(50));

    // No PATH is set: no cargo and no compiler is found.
    let begun = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let rows: Vec<&str> = include_str!("../../../model/iris.csv").lines().collect();
    fs::write(path("some.csv"), [&rows[..40], &rows[60..100], &rows[120..]].concat().join("\n")).unwrap();
    let train = ["train", &path("some.csv"), "--label", "species", "--out", &path("model.json")];
    let ended = rowscore(&train, &BTreeMap::new()).await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let pushed = done(&["model", "push", &path("model.json")], owner.variables()).await.remove(0);
    let version = pushed["version"].as_str().unwrap();
    done(&["model", "use", "default", &version[..6]], owner.variables()).await;
    owner.fill(51..=70, "2024-03-05T10:30:00Z").await;
    assert_eq!(ticks(&mut function, SECOND).await["predicted"], json!(20));
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let (old, new) = (model().version().to_string(), version[..12].to_owned());
    assert_eq!(written(&owner).await, [(old.clone(), 50), (new.clone(), 20)]);

    done(&["model", "rollback", "default"], owner.variables()).await;
    owner.fill(71..=75, "2024-03-05T11:30:00Z").await;
    assert_eq!(ticks(&mut function, THIRD).await["predicted"], json!(5));
    assert_eq!(written(&owner).await, [(old, 55), (new, 20)]);
}

#[rstest]
#[tokio::test]
async fn a_run_under_way_is_taken_over_by_the_model_that_is_used_from_now_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    owner.fill(1..=50, CREATED).await;
    let begun = scorer.hop(&tick(FIRST), Clock::immediately(at(FIRST))).await;
    assert_eq!((begun.outcome, begun.counts.predicted), (Outcome::Continued, 10));

    owner.use_model(other()).await;
    let answer = scorer.hop(&continued(1, 0, 2), Clock::immediately(at(FIRST))).await;
    assert_eq!((answer.outcome, answer.run_id), (Outcome::Continued, Some(RunId(2))));
    scorer.follow(answer, at(FIRST)).await;

    assert_eq!(owner.run(1).await, RunRow::over("cancelled", 10, 0, 40));
    assert_eq!(owner.run(2).await, RunRow::over("succeeded", 40, 0, 0));
    assert_eq!(owner.predicted_by(other()).await, Vec::from_iter(11..=50));
}

#[rstest]
#[tokio::test]
async fn a_model_that_is_given_by_hand_scores_whatever_the_job_uses(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    owner.use_model(other()).await;
    owner.fill(1..=3, CREATED).await;
    let run = async |more: &[&str]| {
        let window = ["run", "--from", "2024-03-05T09:00:00Z", "--to", FIRST];
        done(&[&window[..], more].concat(), scorer.variables()).await
    };
    run(&["--model", "model/iris.json"]).await;
    assert_eq!(written(&owner).await, [(model().version().to_string(), 3)]);
    run(&["--backfill"]).await;
    assert_eq!(written(&owner).await, [(other().version().to_string(), 3)]);
}

#[rstest]
#[tokio::test]
async fn without_the_right_to_read_models_the_one_that_is_built_in_scores_unless_there_was_the_right_before(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, scorer } = Stored::new(server, &[]).await;
    owner.use_model(other()).await;
    owner.fill(1..=3, CREATED).await;
    let login = &owner.config.mysql.database;
    scorer.tick(FIRST).await;
    owner.execute(&format!("REVOKE SELECT ON `batch_model_uses` FROM `{login}`")).await;

    let lost = scorer.try_hop(&tick(SECOND), unhurried(at(SECOND))).await.unwrap_err().to_string();
    assert!(lost.contains("looking which model is used") && lost.contains("infra/grants.sql"), "{lost}");

    // Another process, which never had it.
    owner.fill(4..=6, "2024-03-05T10:30:00Z").await;
    scorer.with(&[]).await.tick(SECOND).await;
    let versions = [other(), model()].map(|model| (model.version().to_string(), 3));
    assert_eq!(written(&owner).await, versions);
}
