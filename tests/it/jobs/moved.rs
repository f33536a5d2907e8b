//! What becomes of a job whose table is another one, or has gone, and of one that is held or removed by its name.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Plant, TICK, job};
use crate::support::invocation::invoke;
use crate::support::listeners::Bus;
use crate::support::models::other;
use crate::support::programs::rowscore;
use crate::support::stored::Stored;
use crate::support::{Server, model};

/// One page of one item for each hop.
const ONE_BY_ONE: [(&str, &str); 3] = [("PAGE_SIZE", "1"), ("LANES", "1"), ("HOP_BUDGET_MS", "1")];

/// The counts of each run of a job.
async fn counts(plant: &Plant, job: &str) -> Vec<(String, u64, u64)> {
    let sql = format!("SELECT `state`, `predicted`, `pending` FROM `batch_runs` WHERE `job` = '{job}' ORDER BY `id`");
    plant.owner.rows(&sql).await
}

#[rstest]
#[tokio::test]
async fn the_run_of_a_job_whose_table_was_renamed_is_cancelled_when_that_is_applied(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 4), ("places", 4)], &ONE_BY_ONE).await;
    plant.described(&(job("moved", "people", "") + &job("removed", "places", ""))).await;
    let function = plant.scorer.function().await;
    invoke(&function, json!({"run": "window", "scheduled_time": TICK})).await.unwrap();
    plant.owner.execute("RENAME TABLE `people` TO `clients`; DROP TABLE `places`").await;

    let applied = plant.apply(&job("moved", "clients", ""), &["--yes", "--text"]).await;
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    for name in ["moved", "removed"] {
        let told = format!("of job `{name}` is cancelled; what it predicted stays.");
        assert!(applied.stdout.contains(&told), "{applied:?}");
        // What it had found, less what it did: there is nothing left to be counted.
        assert_eq!(counts(&plant, name).await, [("cancelled".to_owned(), 1, 3)], "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn the_end_of_a_run_is_told_also_where_its_job_has_left_the_table_or_was_removed(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let bus = Bus::new().await;
    let settings = [&ONE_BY_ONE[..], &[("EVENT_BUS", &bus.arn)]].concat();
    let plant = Plant::new(server, &[("people", 4), ("places", 4), ("clients", 4)], &settings).await;
    plant.described(&(job("moved", "people", "") + &job("removed", "places", ""))).await;
    let function = plant.scorer.function().await;
    invoke(&function, json!({"run": "window", "scheduled_time": TICK})).await.unwrap();
    plant.described(&job("moved", "clients", "")).await;
    assert_eq!(bus.heard().await, Vec::<Value>::new());

    let unhurried = plant.scorer.with(&[("HOP_BUDGET_MS", "60000")]).await.function().await;
    invoke(&unhurried, json!({"run": "window", "scheduled_time": "2024-03-05T11:00:00Z"})).await.unwrap();

    let events = bus.heard().await;
    let mut told: Vec<Value> = events
        .iter()
        .map(|event| &event["detail"])
        .map(|end| json!([end["job"], end["table"], end["state"]]))
        .collect();
    told.sort_by_key(ToString::to_string);
    let expected = json!([
        ["moved", "clients", "succeeded"],
        ["moved", "people", "cancelled"],
        ["removed", "places", "cancelled"]
    ]);
    assert_eq!(Value::from(told), expected);
    assert_eq!(plant.owner.count("`batch_runs` WHERE `to_tell` IS NOT NULL").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_run_over_a_table_that_its_job_has_left_or_that_has_gone_is_cancelled_by_number_and_by_job(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
    #[values("moved", "1")] whose: &str,
) {
    let plant = Plant::new(server, &[("people", 4)], &ONE_BY_ONE).await;
    plant.described(&job("moved", "people", "")).await;
    let function = plant.scorer.function().await;
    invoke(&function, json!({"run": "window", "scheduled_time": TICK})).await.unwrap();
    plant.owner.execute("RENAME TABLE `people` TO `clients`").await;
    // As it was left by a version that did not end it.
    plant.owner.execute("UPDATE `batch_jobs` SET `settings` = REPLACE(`settings`, 'people', 'clients')").await;

    let shown = rowscore(&["status", "1"], plant.scorer.variables()).await;
    assert!(!shown.stderr.contains("has no run 1"), "{shown:?}");
    let cancelled = rowscore(&["cancel", whose], plant.scorer.variables()).await;
    assert_eq!(cancelled.status.code(), Some(0), "{cancelled:?}");
    assert_eq!(counts(&plant, "moved").await, [("cancelled".to_owned(), 1, 3)]);
}

#[rstest]
#[tokio::test]
async fn the_run_of_the_variables_job_whose_table_has_gone_is_cancelled(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[], &ONE_BY_ONE).await;
    let login = plant.owner.config.mysql.database.clone();
    rowscore(&["init", "--grant", &login], plant.owner.variables()).await;
    plant.owner.fill(2..=4, super::CREATED).await;
    let function = plant.scorer.function().await;
    invoke(&function, json!({"run": "window", "scheduled_time": TICK})).await.unwrap();
    plant.owner.execute("DROP TABLE `items`").await;

    let cancelled = rowscore(&["cancel", "1"], plant.scorer.variables()).await;
    assert_eq!(cancelled.status.code(), Some(0), "{cancelled:?}");
    assert_eq!(counts(&plant, "default").await, [("cancelled".to_owned(), 1, 3)]);
}

#[rstest]
#[tokio::test]
async fn a_job_keeps_its_model_when_its_table_is_another_one_and_sets_it_free_when_it_is_removed(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 2), ("clients", 2)], &[]).await;
    let Plant { owner, scorer } = &plant;
    owner.push(other()).await;
    let version = other().version().digest().to_string();
    plant.described(&job("churn", "people", "")).await;
    let used = rowscore(&["model", "use", "churn", &version], owner.variables()).await;
    assert_eq!(used.status.code(), Some(0), "{used:?}");

    plant.described(&job("churn", "clients", "")).await;
    let run = rowscore(&["run", "churn"], scorer.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let by: String = owner.value("SELECT `model_version` FROM `batch_runs` WHERE `job` = 'churn'").await;
    assert_eq!(by, other().version().to_string());
    let kept = rowscore(&["model", "remove", &version], owner.variables()).await;
    assert!(kept.stderr.contains("the job `churn`"), "{kept:?}");

    plant.described("").await;
    let removed = rowscore(&["model", "remove", &version], owner.variables()).await;
    assert_eq!(removed.status.code(), Some(0), "{removed:?}");
}

#[rstest]
#[tokio::test]
async fn a_job_that_names_another_model_uses_that_one_from_then_on(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 2)], &[]).await;
    plant.owner.push(other()).await;
    let named = |name: &str| job("churn", "people", &format!("model = \"{name}\""));
    let versions = async || -> Vec<Option<String>> {
        plant.owner.rows("SELECT `version` FROM `batch_model_uses` ORDER BY `id`").await
    };
    let version = other().version().digest().to_string();

    for (name, uses) in [(other().name(), vec![Some(version.clone())]), (model().name(), vec![Some(version), None])] {
        let tried = plant.apply(&named(name), &["--dry-run", "--text"]).await;
        assert!(tried.status.success() && versions().await.len() < uses.len(), "{tried:?}");
        assert!(tried.stdout.contains("From now on job `churn` uses the model "), "{tried:?}");
        let unasked = plant.apply(&named(name), &["--dry-run", "--json"]).await;
        let said: Value = serde_json::from_str(&unasked.stdout).unwrap();
        assert!(said["models"][0].as_str().unwrap().contains(name), "{said}");
        plant.described(&named(name)).await;
        assert_eq!(versions().await, uses);
        plant.owner.execute("UPDATE `people` SET `prediction` = NULL").await;
        let run = rowscore(&["run", "churn", "--sweep"], plant.scorer.variables()).await;
        assert_eq!(run.status.code(), Some(0), "{run:?}");
    }
}

#[rstest]
#[tokio::test]
async fn whoever_applies_a_job_that_a_sample_would_score_is_told(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let Stored { owner, .. } = Stored::new(server, &[("SAMPLE_MODEL", "samples")]).await;
    owner.fill(1..=5, super::CREATED).await;
    let plant = Plant { scorer: owner.with(&[]).await, owner };

    let applied = plant.apply(&job("people", "items", ""), &["--yes", "--text"]).await;
    assert_eq!(applied.status.code(), Some(0), "{applied:?}");
    assert!(applied.stdout.contains("Mind the model of job `people`: the model `iris`"), "{applied:?}");
}

#[rstest]
#[tokio::test]
async fn the_variables_job_is_held_and_removed_as_others_are(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 1)], &[]).await;
    let people = job("people", "people", "");
    plant.described(&(people.clone() + "[default]\n")).await;
    let variables = plant.scorer.variables();
    let paused = rowscore(&["pause", "default"], plant.owner.variables()).await;
    assert_eq!(paused.status.code(), Some(0), "{paused:?}");

    let passed_by = async || {
        let run = rowscore(&["run", "default"], variables).await;
        assert_eq!(run.status.code(), Some(3), "{run:?}");
        assert!(run.stderr.contains("Job `default` is paused or was removed"), "{run:?}");
        assert_eq!(plant.runs("default").await, []);
    };
    passed_by().await;
    let function = plant.scorer.function().await;
    let named = json!({"run": "window", "job": "default", "scheduled_time": TICK});
    assert_eq!(invoke(&function, named).await.unwrap()["outcome"], json!("stopped"));
    plant.described(&("default = false\n".to_owned() + &people)).await;
    passed_by().await;

    // Where no job is described, it is one again, and is not forgotten then.
    plant.described("").await;
    let run = rowscore(&["run", "default"], variables).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let forgotten = plant.apply(&people, &["--yes"]).await;
    assert!(forgotten.stderr.contains("`default = false` ends it"), "{forgotten:?}");
}
