//! The results of each job over HTTP, and the list of them.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Plant, job};
use crate::api::programs::serve;
use crate::support::Server;
use crate::support::programs::rowscore;

#[rstest]
#[tokio::test]
async fn every_job_has_its_own_page_and_results_below_its_name(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let plant = Plant::new(server, &[("people", 3), ("places", 2)], &[]).await;
    plant.described(&(job("people", "people", "") + &job("places", "places", "schedule = \"nightly\""))).await;
    // The table of the variables is nobody's any more, and need not be there.
    plant.owner.execute("DROP TABLE `items`").await;
    let run = rowscore(&["run", "people"], plant.scorer.variables()).await;
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let reader = plant.owner.reader_of(&["people", "places"]).await;
    let (_program, address) = serve(&reader).await;
    let client = reqwest::Client::new();
    let ask = async |path: &str| client.get(format!("http://{address}{path}")).send().await.unwrap();
    let get = async |path: &str| -> Value { ask(path).await.json().await.unwrap() };
    let text = async |path: &str| ask(path).await.text().await.unwrap();

    let jobs = get("/jobs").await;
    let brief: Vec<Value> =
        jobs.as_array().unwrap().iter().map(|job| json!([job["job"], job["schedule"], job["run"]["state"]])).collect();
    assert_eq!(Value::from(brief), json!([["people", null, "succeeded"], ["places", "nightly", null]]));
    assert_eq!(get("/jobs/people/data/predicted").await.as_array().unwrap().len(), 3);
    assert_eq!(get("/jobs/places/data/predicted").await, json!([]));
    let first = ask("/jobs/people/data/predicted?limit=2").await;
    assert_eq!(first.headers()["link"], "</jobs/people/data/predicted?limit=2&after=2>; rel=\"next\"");
    let id = get("/jobs/people/runs").await[0]["run_id"].clone();
    assert_eq!(get(&format!("/jobs/people/runs/{id}")).await["run"]["done"], json!(3));
    assert_eq!(ask(&format!("/jobs/places/runs/{id}")).await.status(), 404);
    assert_eq!(get("/jobs/people/health").await["health"], json!("ok"));
    let waiting = get("/jobs/places/health").await;
    assert_eq!(
        waiting["troubles"][0]["remedy"],
        json!("The schedule makes the first; `rowscore run places` makes one now.")
    );
    assert!(text("/jobs/people/metrics").await.contains("rowscore_waiting_items{job=\"people\"} 0"));

    let list = text("/").await;
    assert!(
        list.contains("<h1>There are 2 jobs; 1 wants a look.</h1>") && list.contains("href=\"/jobs/people/\""),
        "{list}"
    );
    for path in ["/jobs/people", "/jobs/people/"] {
        let page = text(path).await;
        assert!(page.contains(&format!("href=\"/jobs/people/run/{id}\"")), "{page}");
        assert!(page.contains("href=\"/jobs/people/items/3\"") && !page.contains("href=\"/items/"), "{page}");
    }
    assert!(text(&format!("/jobs/people/run/{id}")).await.contains("<h1>Run "));
    let unknown = ask("/jobs/forth/runs").await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(unknown.headers()["cache-control"], "no-store");
    let said: Value = unknown.json().await.unwrap();
    assert_eq!(said["detail"], json!("there is no job `forth`; the jobs are people, places"));
    assert_eq!(ask("/jobs/Forth/runs").await.status(), 400);

    // What is below a job refuses as the root does.
    let written = client.post(format!("http://{address}/jobs/people/runs")).send().await.unwrap();
    assert_eq!((written.status().as_u16(), &written.headers()["allow"]), (405, &"GET,HEAD".parse().unwrap()));
    assert_eq!(written.headers()["content-type"], "application/problem+json");

    // The root is about nobody's table, and says whose there are.
    assert!(!list.contains("href=\"/runs\"") && !list.contains("href=\"/data/"), "{list}");
    assert!(list.contains("href=\"/jobs\"") && !list.contains("Table <code>"), "{list}");
    for path in ["/runs", "/runs/1", "/data/all", "/data/1", "/quality"] {
        let none = ask(path).await;
        assert_eq!(none.status(), 404, "{path}");
        let said: Value = none.json().await.unwrap();
        let detail = format!("the job `default` is none; ask `/jobs/JOB{path}`: the jobs are people, places");
        assert_eq!(said["detail"], json!(detail));
    }

    // A database that was restored counts the descriptions again.
    plant.owner.execute("UPDATE `batch_jobs` SET `settings` = REPLACE(`settings`, 'places', 'people')").await;
    assert_eq!(get("/jobs/places/data/predicted").await.as_array().unwrap().len(), 3);
}
