//! The status page.

use axum::http::StatusCode;
use reqwest::Method;
use rowscore::config::MysqlConfig;
use rowscore::store::Database;
use rstest::rstest;

use super::Service;
use crate::support::items::Item;
use crate::support::{Server, TestDb, at};

const CREATED: &str = "2024-03-05T09:30:00Z";
const TICK: &str = "2024-03-05T10:00:00Z";
const SCRIPT: &str = "<script>alert(1)</script>";

#[rstest]
#[tokio::test]
async fn without_any_run_it_says_so(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[]).await;
    let service = Service::of(&db).await;
    let page = service.page().await;
    for said in ["No run yet.", "There is no prediction yet.", "There is none yet.", "Nothing: every item"] {
        assert!(page.contains(said), "{said}");
    }
}

#[rstest]
#[tokio::test]
async fn a_finished_run_is_shown_with_its_predictions(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, CREATED).await;
    db.tick(TICK).await;
    db.execute("UPDATE `batch_runs` SET `finished_at` = '2024-03-05 10:00:00', `deadline` = '2024-03-05 11:00:00'")
        .await;
    let service = Service::of(&db).await;

    let page = service.page().await;

    assert!(page.contains("<h1 role=\"status\">All predicted.</h1>"), "{page}");
    assert!(page.contains("Run 1 finished 3 min ago, 1 h before its deadline."), "{page}");
    assert!(page.contains("Predictions by most probable class, run by run"), "{page}");
    assert!(page.contains("<a href=\"/data/50\">50</a>") && page.contains("<a href=\"/runs/1\">1</a>"), "{page}");

    db.execute("UPDATE `batch_runs` SET `deadline` = '2024-03-05 09:59:00'").await;
    let late = service.page().await;
    assert!(late.contains("Run 1 finished 3 min ago, 1 min too late."), "{late}");
    assert!(late.contains("class=\"odd\"") && late.contains("1 min late"), "{late}");
    for class in crate::support::model().classes() {
        assert!(page.contains(class.as_str()), "{class}");
    }
}

#[rstest]
#[tokio::test]
async fn a_run_under_way_is_shown_with_its_progress(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("PAGE_SIZE", "10"), ("LANES", "1")]).await;
    db.fill(1..=100, CREATED).await;
    db.hurried_tick(TICK).await;
    db.execute("UPDATE `batch_lanes` SET `updated_at` = '2024-03-05 10:02:50'").await;
    let service = Service::of(&db).await;

    let page = service.page().await;
    assert!(page.contains("Run 1 is at work.") && page.contains("10 of 100 items are worked off."), "{page}");
    assert!(page.contains("aria-label=\"10.0 % done\"") && page.contains("data-every=\"2\""), "{page}");

    db.execute("UPDATE `batch_lanes` SET `updated_at` = '2024-03-05 09:58:00'").await;
    let page = service.page().await;
    assert!(page.contains("Run 1 stands still.") && page.contains("The last page was committed 5 min ago"), "{page}");

    db.execute("UPDATE `batch_runs` SET `state` = 'paused'").await;
    assert!(service.page().await.contains("Run 1 is paused."));
}

#[rstest]
#[tokio::test]
async fn a_failed_run_says_why(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "10")]).await;
    let bad: Vec<Item> = (1..=10).map(|id| Item { id, values: "[]".into(), created: Some(at(CREATED)) }).collect();
    db.insert(&bad).await;
    db.tick(TICK).await;
    let service = Service::of(&db).await;

    let page = service.page().await;

    assert!(page.contains("Run 1 failed.") && page.contains("MAX_FAILED_PERCENT"), "{page}");
}

#[rstest]
#[tokio::test]
async fn what_stands_in_the_table_is_text_and_never_markup(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    let values = serde_json::to_string(&[SCRIPT, "\"><img src=x onerror=alert(1)>"]).unwrap();
    db.fill([1], CREATED).await;
    db.insert(&[Item { id: 2, values, created: Some(at(CREATED)) }]).await;
    db.tick(TICK).await;
    db.execute(&format!("UPDATE `item_failures` SET `reason` = '{SCRIPT}', `code` = '<b>'")).await;
    db.execute(&format!("UPDATE `batch_runs` SET `last_error` = '{SCRIPT}'")).await;
    db.execute(&format!("UPDATE `items` SET `values` = '[\"{SCRIPT}\"]' WHERE `id` = 1")).await;
    let service = Service::of(&db).await;

    let page = service.page().await;

    assert!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count() >= 4, "{page}");
    assert!(!page.contains(SCRIPT) && !page.contains("<img") && !page.contains("<b>"), "{page}");
    // And if it were, the browser would not run it.
    let response = service.send(Method::GET, "/").await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
}

#[rstest]
#[tokio::test]
async fn what_runs_saw_is_drawn_run_by_run(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=10, CREATED).await;
    db.tick(TICK).await;
    db.tick("2024-03-05T11:00:00Z").await;
    for (run, classes, index) in [(1, "[5, 3, 2]", 0.031), (2, "[1, 1, 2]", 0.4)] {
        let drift = format!(r#"[{{"feature": "petal_length", "psi": {index}, "threshold": 0.25}}]"#);
        let profile = format!(r#"{{"rows": 10, "classes": {classes}, "drift": {drift}}}"#);
        db.execute(&format!("UPDATE `batch_runs` SET `profile` = '{profile}' WHERE `id` = {run}")).await;
    }
    let service = Service::of(&db).await;

    let page = service.page().await;

    assert!(page.contains("aria-label=\"run 1: setosa 50.0 %, versicolor 30.0 %, virginica 20.0 %\""), "{page}");
    assert!(page.contains("aria-label=\"run 2: setosa 25.0 %, versicolor 25.0 %, virginica 50.0 %\""), "{page}");
    assert!(
        page.contains("petal_length") && page.contains("0.400") && page.contains("0.250") && page.contains(">moved<"),
        "{page}"
    );
    assert!(page.contains("run 1: 12.4 % of the limit") && page.contains("run 2: 160.0 % of the limit"), "{page}");
}

#[tokio::test]
async fn without_the_database_there_is_still_a_page_that_says_so() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let mysql = MysqlConfig { port: 1, ..db.config.mysql.clone() };
    let service = Service::over(Database::new(&mysql, &db.config.work.items_table).await).await;

    let response = service.send(Method::GET, "/").await;

    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.text().await.unwrap().contains("The database cannot be read."));
}
