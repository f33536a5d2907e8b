//! `/health` and `/metrics`.

use reqwest::Method;
use rstest::rstest;
use serde_json::json;

use super::Service;
use crate::support::items::Item;
use crate::support::{Server, TestDb, at};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";

/// What Prometheus is told.
async fn metrics(service: &Service) -> String {
    let response = service.send(Method::GET, "/metrics").await;
    assert_eq!(response.headers()["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    response.text().await.unwrap()
}

#[rstest]
#[tokio::test]
async fn health_says_what_is_beside_that_it_is_there(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "10")]).await;
    db.fill(1..=20, CREATED).await;
    db.tick(TICK).await;
    let service = Service::of(&db).await;

    let health = service.get("/health").await;
    assert_eq!(
        (&health["health"], &health["standing"], &health["troubles"]),
        (&json!("ok"), &json!("calm"), &json!([]))
    );
    assert_eq!((&health["waiting"], &health["last_tick"], &health["run_id"]), (&json!(0), &json!(TICK), &json!(1)));

    let bad: Vec<Item> =
        (21..=30).map(|id| Item { id, values: "[]".into(), created: Some(at("2024-03-05T10:30:00Z")) }).collect();
    db.insert(&bad).await;
    db.tick("2024-03-05T11:00:00Z").await;
    let health = service.get("/health").await;
    assert_eq!((&health["health"], &health["standing"]), (&json!("bad"), &json!("bad")), "{health}");
    assert_eq!(health["troubles"][0]["name"], json!("failed"), "{health}");
    assert!(health["troubles"][0]["sentence"].as_str().unwrap().contains("MAX_FAILED_PERCENT"), "{health}");
    assert!(health["troubles"][0]["remedy"].as_str().unwrap().contains("rowscore status 2"), "{health}");
}

#[rstest]
#[tokio::test]
async fn prometheus_is_told_when_each_kind_of_run_last_succeeded(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "10")]).await;
    let service = Service::of(&db).await;
    assert!(!metrics(&service).await.contains("rowscore_last_success_timestamp_seconds{"));
    db.fill(1..=20, CREATED).await;
    db.tick(TICK).await;
    db.tick("2024-03-05T11:00:00Z").await;
    let ended = || db.rows::<(f64,)>("SELECT MAX(UNIX_TIMESTAMP(`finished_at`)) + 0e0 FROM `batch_runs`");
    let said = format!("rowscore_last_success_timestamp_seconds{{kind=\"window\"}} {:?}\n", ended().await[0].0);
    assert!(metrics(&service).await.contains(&said), "{said}");

    // One that fails later is none that succeeded.
    let bad: Vec<Item> =
        (21..=30).map(|id| Item { id, values: "[]".into(), created: Some(at("2024-03-05T11:30:00Z")) }).collect();
    db.insert(&bad).await;
    db.fill(31..=40, "2024-03-05T11:30:00Z").await;
    db.tick("2024-03-05T12:00:00Z").await;
    assert_eq!(db.run(3).await.state, "failed");
    assert!(metrics(&service).await.contains(&said), "{said}");
}

#[rstest]
#[tokio::test]
async fn prometheus_is_told_how_things_stand(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1"), ("DELIVER_WITHIN", "1h")]).await;
    db.insert(&[Item { id: 1, values: "[]".into(), created: Some(at(CREATED)) }]).await;
    db.fill(2..=100, CREATED).await;
    db.hurried_tick(TICK).await;
    db.execute("UPDATE `batch_runs` SET `state` = 'paused'").await;
    let service = Service::of(&db).await;

    let told = metrics(&service).await;

    for line in [
        "rowscore_standing{mood=\"odd\"} 1.0",
        "rowscore_standing{mood=\"calm\"} 0.0",
        "rowscore_trouble{trouble=\"paused\"} 1.0",
        "rowscore_recent_runs{state=\"paused\"} 1.0",
        "rowscore_recent_runs{state=\"failed\"} 0.0",
        "rowscore_run_items{what=\"done\"} 10.0",
        "rowscore_run_items{what=\"total\"} 100.0",
        "rowscore_run_items{what=\"set_aside\"} 1.0",
        "rowscore_set_aside_items{code=\"wrong_length\"} 1.0",
        "rowscore_waiting_items 90.0",
        "rowscore_oldest_waiting_seconds 1980.0",
        "rowscore_last_tick_seconds 180.0",
    ] {
        assert!(told.lines().any(|said| said == line), "{line}: {told}");
    }
    assert!(told.ends_with("# EOF\n"), "{told}");
    // Each name is explained.
    for line in told.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(told.contains(&format!("# HELP {name} ")) && told.contains(&format!("# TYPE {name} gauge")), "{name}");
    }
}
