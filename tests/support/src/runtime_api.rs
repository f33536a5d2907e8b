//! The Lambda service's side of the Runtime API, and the function's binary on the other side.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::eventually;
use super::programs::{Program, SCORE};

/// An execution environment with the function in it.
pub struct Environment {
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
    program: Program,
}

#[derive(Default)]
struct Shared {
    invocations: u32,
    waiting: VecDeque<Invocation>,
    ended: HashMap<String, Ended>,
}

struct Invocation {
    id: String,
    event: Value,
    deadline_ms: u64,
}

/// How an invocation ended.
#[derive(Debug)]
pub struct Ended {
    /// What was posted: the reply, or the error.
    pub result: Result<Value, Value>,
    /// When it arrived.
    pub at: SystemTime,
}

impl Environment {
    /// Starts the function with `variables`, and those that Lambda sets.
    pub async fn start(variables: &BTreeMap<String, String>) -> Self {
        Self::start_with(SCORE, variables).await
    }

    /// The same with another of rowscore's functions.
    pub async fn start_with(program: &str, variables: &BTreeMap<String, String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let api = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move { axum::serve(listener, api).await.unwrap() });

        let mut variables = variables.clone();
        variables.extend(lambda_variables(&address.to_string()));
        Self { shared, server, program: Program::start(program, &[], &variables) }
    }

    /// Invokes the function and waits for its end. `deadline_ms` counts from 1970.
    pub async fn invoke(&mut self, event: Value, deadline_ms: u64) -> Ended {
        let id = {
            let mut shared = self.shared.lock().unwrap();
            shared.invocations += 1;
            let id = format!("invocation-{}", shared.invocations);
            shared.waiting.push_back(Invocation { id: id.clone(), event, deadline_ms });
            id
        };
        let mut ended = None;
        eventually(&format!("{id} ends"), async || {
            assert!(self.program.is_running(), "the function is gone: {:?}", self.program.output());
            ended = self.shared.lock().unwrap().ended.remove(&id);
            ended.is_some()
        })
        .await;
        ended.unwrap()
    }

    /// What the function has said so far, on both ways out.
    pub fn output(&self) -> (String, String) {
        self.program.output()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The variables that Lambda sets.
pub fn lambda_variables(runtime_api: &str) -> BTreeMap<String, String> {
    [
        ("AWS_LAMBDA_RUNTIME_API", runtime_api),
        ("AWS_LAMBDA_FUNCTION_NAME", "rowscore"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/rowscore"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/22/[$LATEST]53dc4d37cffa4f7680c98b7d4a4d2eaa"),
        ("AWS_REGION", "eu-central-1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The function asks for work, and gets it when there is some.
async fn next(State(shared): State<Arc<Mutex<Shared>>>) -> Response {
    loop {
        let invocation = shared.lock().unwrap().waiting.pop_front();
        if let Some(Invocation { id, event, deadline_ms }) = invocation {
            let arn = "arn:aws:lambda:eu-central-1:123456789012:function:rowscore";
            let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
            let headers = [
                ("Lambda-Runtime-Aws-Request-Id", id),
                ("Lambda-Runtime-Deadline-Ms", deadline_ms.to_string()),
                ("Lambda-Runtime-Invoked-Function-Arn", arn.to_owned()),
                ("Lambda-Runtime-Trace-Id", trace.to_owned()),
                ("Content-Type", "application/json".to_owned()),
            ];
            return (headers, event.to_string()).into_response();
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn response(State(shared): State<Arc<Mutex<Shared>>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    ended(&shared, id, Ok(json(&body)))
}

async fn error(State(shared): State<Arc<Mutex<Shared>>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    ended(&shared, id, Err(json(&body)))
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(body)))
}

fn ended(shared: &Mutex<Shared>, id: String, result: Result<Value, Value>) -> StatusCode {
    shared.lock().unwrap().ended.insert(id, Ended { result, at: SystemTime::now() });
    StatusCode::ACCEPTED
}
