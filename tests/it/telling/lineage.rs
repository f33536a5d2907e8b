//! OpenLineage events, as a collector gets them.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{table, tick, untold};
use crate::support::Server;
use crate::support::invocation::invoke;

/// What a collector got: whose token came along, and the event.
type Got = Arc<Mutex<Vec<(Option<String>, Value)>>>;

/// A collector that answers with a status.
async fn collector(status: StatusCode) -> (String, Got) {
    collector_that(move |_| status).await
}

/// A collector that answers each event with a status.
async fn collector_that(status: impl Fn(&str) -> StatusCode + Clone + Send + Sync + 'static) -> (String, Got) {
    let got = Got::default();
    let take = async move |State(got): State<Got>, headers: HeaderMap, body: String| {
        let token = headers.get("authorization").map(|token| token.to_str().unwrap().to_owned());
        got.lock().unwrap().push((token, serde_json::from_str(&body).unwrap()));
        (status(&body), "no room\u{1b}[2J")
    };
    let router = Router::new().route("/api/v1/lineage", post(take)).with_state(Arc::clone(&got));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, got)
}

#[rstest]
#[tokio::test]
async fn a_collector_of_lineage_gets_the_begin_and_the_end_of_each_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (url, got) = collector(StatusCode::CREATED).await;
    let (db, function) = table(server, &[("LINEAGE_URL", &url)]).await;

    invoke(&function, tick(10)).await.unwrap();
    invoke(&function, tick(11)).await.unwrap();

    let events: Vec<Value> = got.lock().unwrap().iter().map(|(_, event)| event.clone()).collect();
    let kinds: Vec<&Value> = events.iter().map(|event| &event["eventType"]).collect();
    assert_eq!(kinds, [&json!("START"), &json!("COMPLETE"), &json!("START"), &json!("COMPLETE")]);
    let (begin, end) = (&events[0], &events[1]);
    let mysql = &db.config.mysql;
    let namespace = json!(format!("mysql://{}:{}", mysql.server, mysql.port));
    let name = json!(format!("{}.items", mysql.database));
    for event in [begin, end] {
        assert_eq!(event["inputs"], json!([{"namespace": namespace, "name": name}]));
        assert_eq!((&event["outputs"][0]["namespace"], &event["outputs"][0]["name"]), (&namespace, &name));
        assert_eq!(event["job"]["name"], json!(format!("{}.items.default", mysql.database)));
        assert_eq!(event["schemaURL"], json!("https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"));
        assert!(event["producer"].as_str().unwrap().starts_with("urn:rowscore:"), "{event:#}");
    }
    assert_eq!(end["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], json!(19));
    let id = end["run"]["runId"].as_str().unwrap();
    assert_eq!(begin["run"]["runId"], end["run"]["runId"]);
    assert_ne!(events[2]["run"]["runId"], end["run"]["runId"]);
    // A UUID of the eighth version.
    assert!(id.len() == 36 && id.as_bytes()[14] == b'8' && "89ab".contains(&id[19..20]), "{id}");
    assert!(begin["eventTime"].as_str() < end["eventTime"].as_str(), "{begin:#} {end:#}");
    assert_eq!(events[3]["run"]["facets"]["nominalTime"]["nominalEndTime"], json!("2024-03-05T11:00:00Z"));
    assert_eq!(untold(&db).await, 0);
}

#[rstest]
#[tokio::test]
async fn a_run_that_a_collector_refuses_keeps_no_later_one_from_it(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let refused = |body: &str| match body.contains("\"nominalEndTime\":\"2024-03-05T11:00:00Z\"") {
        true => StatusCode::FORBIDDEN,
        false => StatusCode::CREATED,
    };
    let (url, got) = collector_that(refused).await;
    let (db, function) = table(server, &[("LINEAGE_URL", &url)]).await;

    for hour in [10, 11, 12] {
        invoke(&function, tick(hour)).await.unwrap();
    }

    let left: Vec<u64> = db.rows("SELECT `id` FROM `batch_runs` WHERE `to_tell` IS NOT NULL").await;
    assert_eq!(left, [2]);
    let last = got.lock().unwrap().last().unwrap().1.clone();
    assert_eq!(last["run"]["facets"]["nominalTime"]["nominalEndTime"], json!("2024-03-05T12:00:00Z"));
}

#[rstest]
#[tokio::test]
async fn a_collector_that_refuses_is_told_again_and_one_that_is_there_gets_the_reason_of_a_failure(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let (url, got) = collector(StatusCode::SERVICE_UNAVAILABLE).await;
    let settings = [("LINEAGE_URL", url.as_str()), ("FAILURE_POLICY", "retry_all"), ("MAX_ATTEMPTS", "1")];
    let (db, function) = table(server, &settings).await;

    assert_eq!(invoke(&function, tick(10)).await.unwrap()["state"], json!("failed"));
    let posted = got.lock().unwrap().len();
    assert_eq!((posted, untold(&db).await), (1, 1));

    let (url, got) = collector(StatusCode::OK).await;
    let later = db.with(&[("LINEAGE_URL", &url), ("FAILURE_POLICY", "retry_all"), ("MAX_ATTEMPTS", "1")]).await;
    invoke(&later.function().await, tick(11)).await.unwrap();

    let events = got.lock().unwrap().clone();
    let (_, failed) = events.iter().find(|(_, event)| event["eventType"] == json!("FAIL")).expect("it is told");
    let message = &failed["run"]["facets"]["errorMessage"]["message"];
    assert_eq!(message, &json!("1 item cannot be scored, so none was written (retry_all)"));
    assert_eq!(events[0].1["run"]["runId"], failed["run"]["runId"]);
    assert_eq!(untold(&db).await, 0);
}
