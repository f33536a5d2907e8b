//! A job that is held, and one that was removed: neither is an outage, and what is said of it helps.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Plant, TICK, job};
use crate::api::programs::serve;
use crate::support::Server;
use crate::support::invocation::invoke;
use crate::support::programs::rowscore;

impl Plant {
    /// What `rowscore` says of a job or a run beside its answer, if it ends so.
    async fn says(&self, arguments: &[&str], code: i32) -> String {
        let ended = rowscore(arguments, self.owner.variables()).await;
        assert_eq!(ended.status.code(), Some(code), "{arguments:?}: {ended:?}");
        ended.stderr
    }
}

/// Windows of an hourly schedule, of which the last two did not come.
async fn ticked(plant: &Plant, table: &str) {
    let window = |hours: u32| {
        let at = format!("UTC_TIMESTAMP() - INTERVAL {hours} HOUR");
        format!(
            "('{table}', '{table}', 'window', {at}, {at}, TRUE, 'leave', 'any', 1, 1, 'succeeded', {at}, 'write', {at}, {at}, 0, 0, 0, 0)"
        )
    };
    let windows: Vec<String> = (3..=8).rev().map(window).collect();
    plant
        .owner
        .execute(&format!(
            "INSERT INTO `batch_runs` (`items_table`, `job`, `kind`, `tick`, `window_to`, `chained`, `policy`, `model_version`, \
               `lanes`, `workers`, `state`, `attempted_at`, `pass`, `started_at`, `finished_at`, `items`, `predicted`, `failed`, \
               `pending`) VALUES {}",
            windows.join(", ")
        ))
        .await;
}

#[rstest]
#[tokio::test]
async fn a_job_whose_ticks_are_passed_by_is_not_silent(#[values(Server::Mysql, Server::Mariadb)] server: Server) {
    let plant = Plant::new(server, &[("people", 3), ("places", 2)], &[]).await;
    let places = job("places", "places", "");
    plant.described(&(job("people", "people", "") + &places)).await;
    ticked(&plant, "people").await;
    plant.says(&["run", "people", "--sweep"], 0).await;
    let silent = "No tick of the schedule since";
    assert!(plant.says(&["status", "people"], 1).await.contains(silent));
    let reader = plant.owner.reader_of(&["people", "places"]).await;
    let (_program, address) = serve(&reader).await;
    let troubles = async || {
        let health: Value =
            reqwest::get(format!("http://{address}/jobs/people/health")).await.unwrap().json().await.unwrap();
        let names = health["troubles"].as_array().unwrap().iter().map(|trouble| trouble["name"].clone());
        (health["health"].clone(), Value::from(names.collect::<Vec<_>>()))
    };
    assert_eq!(troubles().await, (json!("bad"), json!(["silent"])));

    plant.says(&["pause", "people"], 0).await;
    let held = plant.says(&["status", "people"], 3).await;
    assert!(held.contains("Job `people` is paused. `rowscore resume people` lets ticks start it."), "{held}");
    assert!(!held.contains(silent), "{held}");
    assert_eq!(troubles().await, (json!("ok"), json!(["job_paused"])));
    plant.says(&["resume", "people"], 0).await;
    assert!(plant.says(&["status", "people"], 1).await.contains(silent));

    plant.described(&places).await;
    let removed = plant.says(&["status", "people"], 3).await;
    assert!(removed.contains("Job `people` was removed. `rowscore apply` describes it again."), "{removed}");
    assert!(!removed.contains(silent), "{removed}");
    assert_eq!(troubles().await, (json!("ok"), json!(["job_removed"])));
}

#[rstest]
#[tokio::test]
async fn what_is_said_of_a_run_whose_job_is_held_lets_it_go_on(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let one_page = [("PAGE_SIZE", "1"), ("LANES", "1"), ("HOP_BUDGET_MS", "1")];
    let plant = Plant::new(server, &[("people", 3)], &one_page).await;
    plant.described(&job("people", "people", "")).await;
    let function = plant.scorer.function().await;
    let event = json!({"run": "window", "job": "people", "scheduled_time": TICK});
    assert_eq!(invoke(&function, event).await.unwrap()["outcome"], json!("continued"));
    let run: u64 = plant.owner.value("SELECT MAX(`id`) FROM `batch_runs`").await;
    let id = run.to_string();

    let told = |said: &str, what: &str| assert!(said.contains(what), "{what} in {said}");
    told(&plant.says(&["pause", "people"], 0).await, "no page begins until `rowscore resume people`");
    told(
        &plant.says(&["status", "people"], 3).await,
        &format!("Run {id} is paused. `rowscore resume people` lets it go on."),
    );
    told(&plant.says(&["pause", &id], 1).await, "is paused already; `rowscore resume people` lets it go on");
    let alone = plant.says(&["resume", &id], 0).await;
    let but = format!(
        "Run {id} is running again, but its job `people` is paused: ticks and `rowscore run people` pass it by"
    );
    told(&alone, &format!("{but} until `rowscore resume people`."));
    plant.owner.execute("UPDATE `batch_lanes` SET `updated_at` = `updated_at` - INTERVAL 2 MINUTE").await;
    let left = plant.says(&["status", "people"], 3).await;
    told(&left, &format!("Nobody is at work on run {id}: "));
    told(&left, "`rowscore run people` does so now. But `rowscore resume people` comes first.");

    told(&plant.says(&["resume", "people"], 0).await, "Job `people` is active");
    told(&plant.says(&["run", "people"], 0).await, &format!("run {id}: "));
    assert_eq!(plant.filled("people", "prediction").await, 3);
}
