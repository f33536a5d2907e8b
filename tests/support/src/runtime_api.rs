//! The Lambda service's side of the Runtime API, and the function's binary on the other side.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::programs::{Program, SCORE};

/// How often it is looked whether a function's process still lives.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The service. Whatever functions ask it for work take turns at the events.
pub struct RuntimeApi {
    address: SocketAddr,
    invocations: AtomicU32,
    events: UnboundedSender<Invocation>,
    said: tokio::sync::Mutex<UnboundedReceiver<Said>>,
    server: JoinHandle<()>,
}

/// What a function tells the service.
#[derive(Debug)]
pub enum Said {
    /// It asks for work.
    Polled,
    /// An invocation is over.
    Ended(Ended),
}

/// How an invocation ended.
#[derive(Debug)]
pub struct Ended {
    id: String,
    /// What was posted: the reply, or the error.
    pub result: Result<Value, Value>,
    /// When it arrived.
    pub at: SystemTime,
}

/// An event on its way to a function.
struct Invocation {
    id: String,
    event: Value,
    deadline_ms: u64,
}

/// The handlers' ends of the channels.
struct Handlers {
    events: tokio::sync::Mutex<UnboundedReceiver<Invocation>>,
    said: UnboundedSender<Said>,
}

impl RuntimeApi {
    /// Starts the service on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ((give, events), (say, said)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(Arc::new(Handlers { events: events.into(), said: say }));
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { address, invocations: AtomicU32::new(0), events: give, said: said.into(), server }
    }

    /// The variables that Lambda sets.
    pub fn variables(&self) -> BTreeMap<String, String> {
        lambda_variables(&self.address.to_string())
    }

    /// Hands an event to whoever asks next. Returns the invocation's id. `deadline_ms` counts from 1970.
    pub fn give(&self, event: Value, deadline_ms: u64) -> String {
        let id = format!("invocation-{}", 1 + self.invocations.fetch_add(1, Ordering::Relaxed));
        let _ = self.events.send(Invocation { id: id.clone(), event, deadline_ms });
        id
    }

    /// What a function says next.
    pub async fn said(&self) -> Said {
        self.said.lock().await.recv().await.expect("the service runs as long as this value lives")
    }

    /// The end of an invocation. What was said before it is forgotten.
    async fn end_of(&self, invocation: &str) -> Ended {
        loop {
            match self.said().await {
                Said::Ended(ended) if ended.id == invocation => return ended,
                Said::Ended(_) | Said::Polled => {}
            }
        }
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The variables that Lambda sets, with the service at `runtime_api`.
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
async fn next(State(handlers): State<Arc<Handlers>>) -> Response {
    let _ = handlers.said.send(Said::Polled);
    let Some(Invocation { id, event, deadline_ms }) = handlers.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let arn = "arn:aws:lambda:eu-central-1:123456789012:function:rowscore";
    let trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
    let headers = [
        ("Lambda-Runtime-Aws-Request-Id", id),
        ("Lambda-Runtime-Deadline-Ms", deadline_ms.to_string()),
        ("Lambda-Runtime-Invoked-Function-Arn", arn.to_owned()),
        ("Lambda-Runtime-Trace-Id", trace.to_owned()),
        ("Content-Type", "application/json".to_owned()),
    ];
    (headers, event.to_string()).into_response()
}

async fn response(State(handlers): State<Arc<Handlers>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    handlers.end(id, Ok(json(&body)))
}

async fn error(State(handlers): State<Arc<Handlers>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    handlers.end(id, Err(json(&body)))
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(body)))
}

impl Handlers {
    fn end(&self, id: String, result: Result<Value, Value>) -> StatusCode {
        let _ = self.said.send(Said::Ended(Ended { id, result, at: SystemTime::now() }));
        StatusCode::ACCEPTED
    }
}

/// An execution environment with the function in it.
pub struct Environment {
    api: RuntimeApi,
    program: Mutex<Program>,
}

impl Environment {
    /// Starts the function with `variables`, and those that Lambda sets.
    pub async fn start(variables: &BTreeMap<String, String>) -> Self {
        Self::start_with(SCORE, variables).await
    }

    /// The same with another of rowscore's functions.
    pub async fn start_with(program: &str, variables: &BTreeMap<String, String>) -> Self {
        let api = RuntimeApi::start().await;
        let mut variables = variables.clone();
        variables.extend(api.variables());
        Self { api, program: Mutex::new(Program::start(program, &[], &variables)) }
    }

    /// Invokes the function and waits for its end. `deadline_ms` counts from 1970.
    pub async fn invoke(&mut self, event: Value, deadline_ms: u64) -> Ended {
        let ended = timeout(Duration::from_secs(30), self.try_invoke(event, deadline_ms)).await;
        let ended = ended.unwrap_or_else(|_| panic!("no answer: {:?}", self.output()));
        ended.unwrap_or_else(|| panic!("the function is gone: {:?}", self.output()))
    }

    /// The same; `None` if the function's process ends instead.
    pub async fn try_invoke(&self, event: Value, deadline_ms: u64) -> Option<Ended> {
        let id = self.api.give(event, deadline_ms);
        loop {
            if let Ok(ended) = timeout(LOOK_EVERY, self.api.end_of(&id)).await {
                return Some(ended);
            }
            if !self.is_alive() {
                return None;
            }
        }
    }

    /// Whether the function's process has not ended.
    pub fn is_alive(&self) -> bool {
        self.program.lock().unwrap().is_running()
    }

    /// The function's process.
    pub fn id(&self) -> u32 {
        self.program.lock().unwrap().id()
    }

    /// SIGKILL.
    pub fn kill(&self) {
        self.program.lock().unwrap().kill();
    }

    /// What the function has said so far, on both ways out.
    pub fn output(&self) -> (String, String) {
        self.program.lock().unwrap().output()
    }
}
