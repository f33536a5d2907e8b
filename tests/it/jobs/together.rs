//! How the jobs stand together, where the table of the variables is nobody's.

use reqwest::StatusCode;
use rstest::rstest;
use serde_json::{Value, json};

use super::{Plant, job};
use crate::api::programs::serve;
use crate::support::programs::rowscore;
use crate::support::{Server, Setup};

/// What a service of this reader answers.
struct Root {
    _program: crate::support::programs::Program,
    address: String,
}

impl Root {
    async fn of(reader: &Setup) -> Self {
        let (program, address) = serve(reader).await;
        Self { _program: program, address }
    }

    async fn ask(&self, path: &str) -> (StatusCode, String) {
        let response = reqwest::get(format!("http://{}{path}", self.address)).await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    async fn text(&self, path: &str) -> String {
        let (status, text) = self.ask(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {text}");
        text
    }

    async fn health(&self) -> Value {
        serde_json::from_str(&self.text("/health").await).unwrap()
    }

    /// That the page, `/health` and `/metrics` say that things stand so.
    async fn assert_standing(&self, mood: &str, jobs: &Value, sentence: &str) {
        let health = self.health().await;
        let all_is_well = if mood == "bad" { "bad" } else { "ok" };
        assert_eq!((&health["health"], &health["standing"]), (&json!(all_is_well), &json!(mood)), "{health}");
        assert_eq!(&health["jobs"], jobs, "{health}");
        let page = self.text("/").await;
        assert!(page.contains(&format!("<section id=\"state\" class=\"{mood}\"")), "{page}");
        assert!(page.contains(&format!("<h1>{sentence}</h1>")), "{page}");
        let metrics = self.text("/metrics").await;
        for of_job in jobs.as_array().unwrap() {
            let [name, mood] = [&of_job["job"], &of_job["standing"]].map(|text| text.as_str().unwrap());
            let said = format!("rowscore_standing{{job=\"{name}\",mood=\"{mood}\"}} 1.0\n");
            assert!(metrics.contains(&said), "{said}: {metrics}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn health_and_metrics_at_the_root_are_those_of_the_jobs(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 3), ("places", 2)], &[]).await;
    plant.described(&(job("people", "people", "max_failed_percent = 0") + &job("places", "places", ""))).await;
    // Nobody's, so that it need not be there.
    plant.owner.execute("DROP TABLE `items`").await;
    let runs = async |job: &str, code: i32| {
        let run = rowscore(&["run", job, "--sweep"], plant.scorer.variables()).await;
        assert_eq!(run.status.code(), Some(code), "{run:?}");
    };
    let reader = plant.owner.reader_of(&["people", "places"]).await;
    let root = Root::of(&reader).await;
    let stand = |people: &str, places: &str| json!([{"job": "people", "standing": people}, {"job": "places", "standing": places}]);

    runs("people", 0).await;
    root.assert_standing("odd", &stand("calm", "odd"), "There are 2 jobs; 1 wants a look.").await;
    let waiting = root.health().await;
    assert_eq!(
        (&waiting["waiting"], &waiting["run_id"], &waiting["model_version"]),
        (&json!(2), &json!(null), &json!(null))
    );
    let trouble = &waiting["troubles"][0];
    assert_eq!((&trouble["job"], &trouble["name"]), (&json!("places"), &json!("never_run")));
    assert_eq!(trouble["remedy"], json!("The schedule makes the first; `rowscore run places` makes one now."));

    runs("places", 0).await;
    root.assert_standing("calm", &stand("calm", "calm"), "There are 2 jobs.").await;
    let metrics = root.text("/metrics").await;
    for line in ["rowscore_waiting_items{job=\"people\"} 0.0", "rowscore_waiting_items{job=\"places\"} 0.0"] {
        assert!(metrics.lines().any(|said| said == line), "{line}: {metrics}");
    }
    for line in metrics.lines().filter(|line| line.starts_with("# HELP ")) {
        assert_eq!(metrics.matches(line).count(), 1, "each name is explained once: {line}");
    }

    plant.owner.execute("UPDATE `people` SET `values` = '[]', `prediction` = NULL WHERE `id` = 2").await;
    runs("people", 1).await;
    let sentence = "There are 2 jobs; something is to be done about 1.";
    root.assert_standing("bad", &stand("bad", "calm"), sentence).await;
    let page = root.text("/").await;
    assert!(page.contains("Job <code>people</code>: Sweep ") && page.contains(" failed: 1 of 1 item cannot"), "{page}");

    // One that is gone is no matter of the others, and one that is held waits for nobody.
    plant.owner.execute("DROP TABLE `places`").await;
    assert_eq!(rowscore(&["pause", "people"], plant.owner.variables()).await.status.code(), Some(0));
    let sentence = "There are 2 jobs; something is to be done about 1.";
    root.assert_standing("bad", &json!([{"job": "places", "standing": "bad"}]), sentence).await;
    let gone = root.health().await;
    assert_eq!((&gone["troubles"][0]["name"], &gone["waiting"]), (&json!("unreadable"), &json!(null)), "{gone}");
}

#[rstest]
#[tokio::test]
async fn of_very_many_jobs_some_are_looked_at_and_the_others_are_counted(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 0)], &[]).await;
    let row = |number: u32| {
        format!("('job-{number:03}', 1, '{{\"source\": \"people\"}}', 'active', UTC_TIMESTAMP(), 'a test')")
    };
    let rows: Vec<String> = (1..=103).map(row).collect();
    plant.owner.execute(&format!("INSERT INTO `batch_jobs` VALUES {}", rows.join(", "))).await;
    let root = Root::of(&plant.owner.reader_of(&["people"]).await).await;

    let health = root.health().await;

    let looked_at = health["jobs"].as_array().unwrap().len();
    assert!((1..=100).contains(&looked_at), "{health}");
    let trouble = &health["troubles"][0];
    assert_eq!((&health["health"], &trouble["name"]), (&json!("ok"), &json!("unseen_jobs")), "{health}");
    let unseen = 103 - looked_at;
    let said = format!("{unseen} of 103 jobs were not looked at: ");
    assert!(trouble["sentence"].as_str().unwrap().starts_with(&said), "{said} in {health}");
    assert!(root.text("/metrics").await.contains("rowscore_unseen_jobs "));
}

#[rstest]
#[tokio::test]
async fn an_outage_of_the_database_is_one_also_where_there_are_jobs(
    #[values(Server::Mysql, Server::Mariadb)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 1)], &[]).await;
    plant.described(&job("people", "people", "")).await;
    let reader = plant.owner.reader_of(&["people"]).await;
    let root = Root::of(&reader.with(&[("MYSQL_PORT", "9")]).await).await;
    for path in ["/health", "/metrics", "/"] {
        assert_eq!(root.ask(path).await.0, StatusCode::SERVICE_UNAVAILABLE, "{path}");
    }
}
