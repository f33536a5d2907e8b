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

    assert!(page.contains("<h1>All predicted.</h1>") && page.matches("<h1").count() == 1, "{page}");
    assert!(page.contains("Run 1 finished 3 min ago, 1 h before its deadline."), "{page}");
    assert!(page.contains("Predictions by most probable class, run by run"), "{page}");
    assert!(page.contains("<a href=\"/items/50\">50</a>") && page.contains("<a href=\"/run/1\">1</a>"), "{page}");
    let now = "<time datetime=\"2024-03-05T10:03:00Z\">2024-03-05 10:03:00</time> UTC";
    assert!(page.contains(now), "{page}");

    db.execute("UPDATE `batch_runs` SET `deadline` = '2024-03-05 09:59:00'").await;
    let late = service.page().await;
    assert!(late.contains("Run 1 finished 3 min ago, 1 min too late."), "{late}");
    assert!(late.contains("<h1>Run 1 was 1 min too late.</h1>") && late.contains("class=\"odd\""), "{late}");
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
    assert!(page.contains("<h1>Run 1 is at work.</h1>") && page.contains("10 of 100 items are worked off"), "{page}");
    assert!(page.contains("aria-label=\"10.0 % done\"") && page.contains("data-every=\"2\""), "{page}");
    // The highest ids, of which none has a prediction yet, are not what it did last.
    assert!(page.contains("Of what the run at work has predicted so far"), "{page}");
    assert!(page.contains("<a href=\"/items/10\">10</a>") && page.contains("<a href=\"/items/1\">1</a>"), "{page}");

    db.execute("UPDATE `batch_lanes` SET `updated_at` = '2024-03-05 09:58:00'").await;
    let page = service.page().await;
    assert!(page.contains("<h1>Nobody is at work on run 1.</h1>") && page.contains("No hop for 5 min."), "{page}");

    db.execute("UPDATE `batch_runs` SET `state` = 'paused'").await;
    let page = service.page().await;
    assert!(page.contains("<h1>Run 1 is paused.</h1>") && page.contains("<code>rowscore resume 1</code>"), "{page}");
}

#[rstest]
#[tokio::test]
async fn idle_ticks_are_one_line_and_hide_no_run_that_did_something(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill(1..=50, CREATED).await;
    db.tick(TICK).await;
    for tick in 0..52 {
        db.tick(&format!("2024-03-{:02}T{:02}:00:00Z", 6 + tick / 24, tick % 24)).await;
    }
    let service = Service::of(&db).await;

    let page = service.page().await;

    assert!(page.contains("<td class=\"run\">4–53</td><td>50 with nothing to do</td>"), "{page}");
    assert!(page.contains("<a href=\"/run/1\">1</a>") && page.contains("aria-label=\"Run 1 in numbers\""), "{page}");
    assert!(page.contains("the numbers are those of run 1."), "{page}");
}

#[rstest]
#[tokio::test]
async fn canaries_are_no_runs_and_dry_runs_are_marked(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    for hour in 10..13 {
        db.fill([hour], &format!("2024-03-05T{:02}:30:00Z", hour - 1)).await;
        db.tick(&format!("2024-03-05T{hour}:00:00Z")).await;
    }
    db.execute("UPDATE `batch_runs` SET `kind` = 'backfill', `mode` = 'dry_run' WHERE `id` = 2").await;
    db.execute("UPDATE `batch_runs` SET `kind` = 'canary' WHERE `id` = 3").await;
    let service = Service::of(&db).await;

    let page = service.page().await;

    assert!(page.contains("<small>backfill, dry run</small>"), "{page}");
    assert!(page.contains("aria-label=\"run 1: ") && !page.contains("aria-label=\"run 3: "), "{page}");
    assert!(page.contains("aria-label=\"Run 1 in numbers\""), "{page}");
}

#[rstest]
#[tokio::test]
async fn what_is_set_aside_and_what_drifted_is_said_on_top(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[("MAX_FAILED_PERCENT", "100")]).await;
    db.fill(1..=10, CREATED).await;
    let bad: Vec<Item> = (11..=20).map(|id| Item { id, values: "[]".into(), created: Some(at(CREATED)) }).collect();
    db.insert(&bad).await;
    db.tick(TICK).await;
    let drift = r#"[{"feature": "petal_length", "psi": 0.4, "threshold": 0.25}]"#;
    db.execute(&format!(
        r#"UPDATE `batch_runs` SET `profile` = '{{"rows": 10, "classes": [5, 3, 2], "drift": {drift}}}'"#
    ))
    .await;
    let service = Service::of(&db).await;

    let page = service.page().await;

    assert!(page.contains("<section id=\"state\" class=\"odd\">"), "{page}");
    assert!(page.contains("<h1>Run 1 set aside 10 of 20 items (50.0 %).</h1>"), "{page}");
    let drifted = "<li class=\"odd\">The items of run 1 are unlike the training rows: petal_length drifted to 1.60";
    assert!(page.contains(drifted), "{page}");
}

#[rstest]
#[tokio::test]
async fn runs_and_items_have_pages_of_their_own(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], CREATED).await;
    db.insert(&[Item { id: 2, values: "[]".into(), created: Some(at(CREATED)) }]).await;
    db.tick(TICK).await;
    let service = Service::of(&db).await;
    let page = async |path: &str, status| {
        let response = service.send(Method::GET, path).await;
        assert_eq!(response.status(), status, "{path}");
        assert!(response.headers().contains_key("content-security-policy"), "{path}");
        response.text().await.unwrap()
    };

    let run = page("/run/1", StatusCode::OK).await;
    assert!(run.contains("<h1>Run 1</h1>") && run.contains("<a href=\"/runs/1\">/runs/1</a>"), "{run}");
    assert!(run.contains("<a href=\"/items/2\">item 2</a> values has 0 elements, the model takes 4"), "{run}");
    let item = page("/items/1", StatusCode::OK).await;
    assert!(item.contains("Probability of setosa") && item.contains("<a href=\"/run/1\">run 1</a>"), "{item}");
    let aside = page("/items/2", StatusCode::OK).await;
    assert!(aside.contains("Set aside: values has 0 elements"), "{aside}");
    for path in ["/run/7", "/run/-1", "/items/7"] {
        let missing = page(path, StatusCode::NOT_FOUND).await;
        assert!(missing.contains("<h1>There is nothing here.</h1>"), "{missing}");
    }
    assert!(page("/run/first", StatusCode::BAD_REQUEST).await.contains("is no number"));
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
    db.fill(11..=20, "2024-03-05T10:30:00Z").await;
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
