//! The results API and the status page, over HTTP, for a login that may only read.

mod data;
mod keys;
mod outputs;
mod own_table;
mod page;
pub(crate) mod programs;
mod readers;
mod refusals;
mod runs;
mod serving;
mod standing;

use std::time::Duration;

use axum::http::StatusCode;
use reqwest::{Client, Method, Response};
use rowscore::api::{self, Api, Present};
use rowscore::model::Model;
use rowscore::standing::Expected;
use rowscore::store::Database;
use rowscore::window::Time;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::support::{Setup, TestDb, at, model};

/// The present, as far as the service knows.
const NOW: &str = "2024-03-05T10:03:00Z";

/// A service on a port of its own, ended with this value.
pub(crate) struct Service {
    base: String,
    client: Client,
    server: JoinHandle<()>,
}

impl Service {
    /// Over `db`, as its reader.
    pub(crate) async fn of(db: &TestDb) -> Self {
        Self::over(db.reader().await.database.clone()).await
    }

    async fn over(database: Database) -> Self {
        Self::at(database, || at(NOW)).await
    }

    /// Over `db`, by the database's own clock.
    pub(crate) async fn today(db: &Setup) -> Self {
        let expected = Expected::from(&db.config.work);
        Self::expecting(db.database.clone(), model(), Present::Asked(|| at(NOW)), expected).await
    }

    async fn at(database: Database, clock: fn() -> Time) -> Self {
        Self::with(database, Present::Told(clock)).await
    }

    async fn with(database: Database, present: Present) -> Self {
        Self::of_model(database, model(), present).await
    }

    async fn of_model(database: Database, model: &'static Model, present: Present) -> Self {
        let lookback = Duration::from_secs(3600);
        let expected = Expected { lookback, tick_every: None, truth_within: lookback, quality_bound: None };
        Self::expecting(database, model, present, expected).await
    }

    async fn expecting(database: Database, model: &'static Model, present: Present, expected: Expected) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = api::router(Api::new(database, 4, model, present, expected));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, client: Client::new(), server }
    }

    async fn send(&self, method: Method, path: &str) -> Response {
        let request = self.client.request(method, format!("{}{path}", self.base));
        request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// What is answered to a GET: the status and the JSON.
    pub(crate) async fn ask(&self, path: &str) -> (StatusCode, Value) {
        let response = self.send(Method::GET, path).await;
        (response.status(), response.json().await.unwrap_or_else(|error| panic!("{path}: {error}")))
    }

    /// The JSON of a GET that succeeds.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, json) = self.ask(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {json}");
        json
    }

    /// The text of a GET that succeeds.
    pub(crate) async fn text(&self, path: &str) -> String {
        let response = self.send(Method::GET, path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.unwrap()
    }

    /// The status page.
    pub(crate) async fn page(&self) -> String {
        let response = self.send(Method::GET, "/").await;
        assert_eq!(response.status(), StatusCode::OK);
        response.text().await.unwrap()
    }

    /// The entries of a list, page after page, as its links lead, each page's length, and how many
    /// pages there are.
    pub(crate) async fn follow(&self, path: &str) -> (Vec<Value>, Vec<usize>) {
        let (mut entries, mut pages, mut next) = (Vec::new(), Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            assert!(pages.len() < 100, "the links do not come to an end");
            let response = self.send(Method::GET, &path).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            next = response.headers().get("link").map(|link| {
                let link = link.to_str().unwrap();
                link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned()
            });
            let page: Vec<Value> = response.json().await.unwrap();
            pages.push(page.len());
            entries.extend(page);
        }
        (entries, pages)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn ids(entries: &[Value], name: &str) -> Vec<i64> {
    entries.iter().map(|entry| entry[name].as_i64().unwrap()).collect()
}
