//! What rowscore's tests have in common. The servers are started by `scripts/test`, which names them in the environment.
//!
//! `private`, `server`, `programs`, `runtime_api`, `sqs`, `secrets`, `rds` and `listeners` know nothing of rowscore's types. So rowscore's own unit
//! tests can use them, too: there `crate::Config` and this crate's `rowscore::config::Config` are two different types.
//!
//! ```ignore
//! #[rstest]
//! #[tokio::test]
//! async fn a_step_answers_what_comes_next(#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server) {
//!     let private = PrivateDatabase::new(server).await; // empty; dropped at the end, unless the test failed
//!     let variables = private.variables(); // of a login that may do anything
//!     let config = Config::read(|name| variables.get(name).cloned()).unwrap();
//!     let database = Database::new(&config.mysql, &config.work.items_table).await;
//!     schema::migrate(&mut database.connect().await.unwrap(), &config.work.items_table).await.unwrap();
//!     let mut other_program = private.client().await; // to look at what is in it
//! }
//! ```
//!
//! All else is for tests from outside: a [`TestDb`] is rowscore in such a database, run hop by hop.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on says so by panicking")]

pub mod listeners;
pub mod private;
pub mod programs;
pub mod rds;
pub mod runtime_api;
pub mod secrets;
pub mod server;
pub mod sqs;

pub mod backfills;
pub mod database;
pub mod drawn;
pub mod iam;
pub mod invocation;
pub mod items;
pub mod linear;
pub mod models;
pub mod own_server;
pub mod readings;
pub mod stored;

use std::time::{Duration, Instant};

use rowscore::config::JobName;
use rowscore::event::{Continuation, Request, Trigger};
use rowscore::hop::Clock;
use rowscore::model::{self, Model};
use rowscore::run::{RunId, RunKind};
use rowscore::window::Time;
use serde_json::{Value, json};

pub use database::{Setup, TestDb};
pub use own_server::OwnServer;
pub use private::PrivateDatabase;
pub use server::Server;

/// The embedded model.
pub fn model() -> &'static Model {
    model::embedded().expect("the embedded model is intact")
}

/// A variable that the servers were started with.
#[expect(clippy::disallowed_methods, reason = "the servers are named by the environment")]
pub fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run through `make test`"))
}

/// A moment, written like `2024-03-05T10:00:00Z`.
pub fn at(time: &str) -> Time {
    time.parse().unwrap_or_else(|error| panic!("{time}: {error}"))
}

/// The schedule fired.
pub fn tick(time: &str) -> Trigger {
    Trigger::Open(Request { tick: Some(at(time)), ..Request::by_hand(RunKind::Window) })
}

/// Somebody asks for the window `[from, to)`.
pub fn window(from: &str, to: &str) -> Trigger {
    Trigger::Open(Request { from: Some(at(from)), to: Some(at(to)), ..Request::by_hand(RunKind::Window) })
}

/// A sweep up to now.
pub fn sweep() -> Trigger {
    Trigger::Open(Request::by_hand(RunKind::Sweep))
}

/// The message that starts a worker's hop.
pub fn continuation(run: u64, worker: u16, hop: u32) -> Continuation {
    Continuation { job: JobName::default(), run_id: RunId(run), worker, hop, not_before: None }
}

/// The message that starts a worker's hop, delivered.
pub fn continued(run: u64, worker: u16, hop: u32) -> Trigger {
    Trigger::Continue(continuation(run, worker, hop))
}

/// An SQS event with one message.
pub fn message(id: &str, body: &str) -> Value {
    json!({"Records": [{"messageId": id, "body": body, "eventSource": "aws:sqs", "awsRegion": "eu-central-1"}]})
}

/// More time than any test needs.
pub fn unhurried(now: Time) -> Clock {
    Clock::new(now, None, Duration::ZERO, Duration::from_secs(60))
}

/// Asks again and again until the answer is yes. Panics when it takes too long.
pub async fn eventually(what: &str, mut check: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !check().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
