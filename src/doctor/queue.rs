//! Whether the canary's message comes back: from the function to SQS, and from there to the function.

use std::time::{Duration, Instant};

use super::checkup::{Finding, Step};
use super::remedy::{Found, of_store};
use crate::hop::Clock;
use crate::run::RunId;
use crate::store::returned;
use crate::store::session::Session;
use crate::words;

/// How long it is waited for. A queue delivers within a second, and another invocation may have to start for it.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Waits for the message of a canary, which was sent.
pub(super) async fn came_back(session: &mut Session, run: RunId, clock: Clock, login: &str) -> Finding {
    let (begun, until) = (Instant::now(), clock.gives_up_at().min(Instant::now() + PATIENCE));
    loop {
        match session.ask(|| returned::is_back(run)).await {
            Err(error) => return Finding::failed(Step::Queue, of_store(&error, login)),
            Ok(true) => {
                let took = words::took(chrono::TimeDelta::from_std(begun.elapsed()).unwrap_or_default());
                return Finding::ok(Step::Queue, format!("a message went out and came back in {took}"));
            }
            Ok(false) if Instant::now() + LOOK_EVERY > until => break,
            Ok(false) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    let waited = words::span(begun.elapsed().as_secs());
    let said = format!("the message of run {run} was sent, and did not come back within {waited}");
    let remedy = "look whether the queue's trigger is Enabled (aws lambda list-event-source-mappings), whether other \
                  invocations use up the function's concurrency, and at the log";
    Finding::failed(Step::Queue, Found { said, remedy: Some(remedy.to_owned()) })
}
