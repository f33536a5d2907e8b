//! An execution environment: the function's binary, and the Runtime API that it asks for work.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::support::programs::{Program, SCORE};
use crate::support::runtime_api::lambda_variables;

/// How often it is looked whether the process still lives.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How an invocation ended.
#[derive(Debug)]
pub enum Invocation {
    /// With a reply.
    Answered(Value),
    /// With an error.
    Failed,
    /// With the end of the process.
    Died,
    /// Not in time; Lambda ends the process.
    TimedOut,
}

pub struct Environment {
    program: Mutex<Program>,
    api: Arc<Api>,
    server: JoinHandle<()>,
    time_limit: Duration,
    busy: AtomicBool,
}

/// What the Runtime API's two sides know of each other.
#[derive(Default)]
struct Api {
    event: Mutex<Option<Value>>,
    given: Notify,
    ended: Mutex<Option<Invocation>>,
    taken: Notify,
    deadline_ms: Mutex<u64>,
}

impl Environment {
    /// A cold start, for an event that is about to be given. An invocation may take `time_limit`.
    pub async fn start(variables: &BTreeMap<String, String>, time_limit: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let api = Arc::new(Api::default());
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(Arc::clone(&api));
        let server = tokio::spawn(async move {
            axum::serve(listener.tap_io(|stream| stream.set_nodelay(true).unwrap()), routes).await.unwrap()
        });
        let mut variables = variables.clone();
        variables.extend(lambda_variables(&address));
        let program = Mutex::new(Program::start(SCORE, &[], &variables));
        Self { program, api, server, time_limit, busy: AtomicBool::new(true) }
    }

    /// Gives the function an event and waits for the end of its work.
    pub async fn invoke(&self, event: &Value) -> Invocation {
        let deadline = SystemTime::now() + self.time_limit;
        let deadline_ms = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis();
        *self.api.deadline_ms.lock().unwrap() = deadline_ms.try_into().unwrap();
        *self.api.event.lock().unwrap() = Some(event.clone());
        self.api.given.notify_one();
        let begun = Instant::now();
        loop {
            // Without a notice in time it is only looked at the process.
            let _ = timeout(LOOK_EVERY, self.api.taken.notified()).await;
            if let Some(ended) = self.api.ended.lock().unwrap().take() {
                return ended;
            }
            if !self.is_alive() {
                return Invocation::Died;
            }
            if begun.elapsed() > self.time_limit {
                self.kill();
                return Invocation::TimedOut;
            }
        }
    }

    /// Notes whether it has an event to work on.
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }

    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) && self.is_alive()
    }

    /// Warm, and nothing to do.
    pub fn is_idle(&self) -> bool {
        !self.busy.load(Ordering::Relaxed) && self.is_alive()
    }

    fn is_alive(&self) -> bool {
        self.program.lock().unwrap().is_running()
    }

    /// SIGKILL.
    pub fn kill(&self) {
        self.program.lock().unwrap().kill();
    }

    /// The function's log: one JSON object a line, and whatever else it said.
    pub fn log(&self) -> String {
        let (stdout, stderr) = self.program.lock().unwrap().output();
        stdout + &stderr
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(api): State<Arc<Api>>) -> Response {
    loop {
        let event = api.event.lock().unwrap().take();
        if let Some(event) = event {
            let headers = [
                ("Lambda-Runtime-Aws-Request-Id", "invocation".to_owned()),
                ("Lambda-Runtime-Deadline-Ms", api.deadline_ms.lock().unwrap().to_string()),
                ("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:1:function:rowscore".to_owned()),
                ("Content-Type", "application/json".to_owned()),
            ];
            return (headers, event.to_string()).into_response();
        }
        api.given.notified().await;
    }
}

async fn response(State(api): State<Arc<Api>>, Path(_): Path<String>, body: Bytes) -> StatusCode {
    api.end(Invocation::Answered(serde_json::from_slice(&body).unwrap()))
}

async fn error(State(api): State<Arc<Api>>, Path(_): Path<String>, _: Bytes) -> StatusCode {
    api.end(Invocation::Failed)
}

impl Api {
    fn end(&self, how: Invocation) -> StatusCode {
        *self.ended.lock().unwrap() = Some(how);
        self.taken.notify_one();
        StatusCode::ACCEPTED
    }
}
