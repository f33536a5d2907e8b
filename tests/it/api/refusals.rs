//! What is not answered, and how that is said.

use axum::http::StatusCode;
use mysql_async::prelude::Queryable;
use reqwest::Method;
use rowscore::config::MysqlConfig;
use rowscore::store::Database;
use rstest::rstest;
use serde_json::json;

use super::Service;
use crate::support::{Server, TestDb};

#[rstest]
#[case("/data/all?limit=0", "`limit` is `0`; accepted: a whole number from 1 to 1000")]
#[case("/data/predicted?limit=many", "`limit` is `many`; accepted: a whole number from 1 to 1000")]
#[case("/data/unpredicted?after=1;DROP", "`1;DROP` is no key of this table; accepted: a whole number of 64 bits")]
#[case("/runs?after=x", "`after` is `x`; accepted: a whole number of 64 bits")]
#[case("/runs?page=2", "there is no parameter `page`; accepted: limit and after")]
#[case("/runs?limit=1&limit=2", "`limit` is given twice")]
#[case("/data/first", "`first` is no key of this table; accepted: a whole number of 64 bits")]
#[case(
    "/data/all?after=9223372036854775808",
    "`9223372036854775808` is no key of this table; accepted: a whole number of 64 bits"
)]
#[case("/runs/1.5", "`1.5` is no number; accepted: a whole number of 64 bits")]
#[tokio::test]
async fn a_wrong_parameter_is_named_with_what_is_accepted(#[case] path: &str, #[case] detail: &str) {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let service = Service::of(&db).await;

    let response = service.send(Method::GET, path).await;

    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let problem = json!({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": detail});
    assert_eq!(response.json::<serde_json::Value>().await.unwrap(), problem);
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_done_is_said() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let service = Service::of(&db).await;
    for path in ["/nothing", "/data", "/data/1/more", "/runs/", "/data/17", "/runs/17"] {
        let response = service.send(Method::GET, path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
    }
    for path in ["/", "/health", "/data/all", "/data/17", "/runs", "/openapi.json"] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            let response = service.send(method.clone(), path).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(response.headers()["allow"], "GET,HEAD", "{method} {path}");
        }
    }
    let response = service.send(Method::HEAD, "/data/all").await;
    assert_eq!((response.status(), response.text().await.unwrap().as_str()), (StatusCode::OK, ""));
}

#[tokio::test]
async fn a_path_that_is_no_text_is_refused() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let service = Service::of(&db).await;
    assert_eq!(service.ask("/data/%FF").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(service.ask("/runs/%FF").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn without_a_database_the_service_says_when_to_try_again_and_not_what_it_heard() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    // Nothing listens there.
    let mysql = MysqlConfig { port: 1, ..db.config.mysql.clone() };
    let service = Service::over(Database::new(&mysql, &db.config.work.items_table).await).await;

    for path in ["/health", "/data/all", "/data/1", "/runs", "/runs/1", "/metadata"] {
        let response = service.send(Method::GET, path).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(response.headers()["retry-after"], "2", "{path}");
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(problem["detail"], json!("the database is busy or away; try again"), "{path}");
    }
    // This does not need it.
    service.get("/openapi.json").await;
}

#[tokio::test]
async fn a_missing_table_is_the_operators_to_see_and_not_the_readers() {
    let db = TestDb::new(Server::Mysql, &[]).await;
    let service = Service::of(&db).await;
    db.execute("DROP TABLE `items`").await;

    let (status, problem) = service.ask("/data/all").await;

    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(problem["detail"], json!("the database refused; the log says why"));
}

#[rstest]
#[tokio::test]
async fn a_database_that_is_stuck_is_given_up_and_comes_back(
    #[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server,
) {
    let db = TestDb::new(server, &[]).await;
    db.fill([1], "2024-03-05T09:30:00Z").await;
    let service = Service::of(&db).await;
    let mut other = db.client().await;
    other.query_drop("LOCK TABLES `items` WRITE").await.unwrap();

    let (status, problem) = service.ask("/data/all").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");

    other.query_drop("UNLOCK TABLES").await.unwrap();
    assert_eq!(service.get("/data/all").await.as_array().unwrap().len(), 1);
}
