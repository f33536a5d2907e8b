//! An execution environment that may die, or take too long.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::time::timeout;

use crate::support::runtime_api;

/// How an invocation ended.
#[derive(Debug)]
pub(super) enum Invocation {
    /// With a reply.
    Answered(Value),
    /// With an error.
    Failed,
    /// With the end of the process.
    Died,
    /// Not in time; Lambda ends the process.
    TimedOut,
}

pub(super) struct Environment {
    inner: runtime_api::Environment,
    time_limit: Duration,
    busy: AtomicBool,
}

impl Environment {
    /// A cold start, for an event that is about to be given. An invocation may take `time_limit`.
    pub(super) async fn start(variables: &BTreeMap<String, String>, time_limit: Duration) -> Self {
        let inner = runtime_api::Environment::start(variables).await;
        Self { inner, time_limit, busy: AtomicBool::new(true) }
    }

    /// Gives the function an event and waits for the end of its work.
    pub(super) async fn invoke(&self, event: &Value) -> Invocation {
        let deadline = SystemTime::now() + self.time_limit;
        let deadline_ms = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap();
        match timeout(self.time_limit, self.inner.try_invoke(event.clone(), deadline_ms)).await {
            Ok(Some(ended)) => ended.result.map_or(Invocation::Failed, Invocation::Answered),
            Ok(None) => Invocation::Died,
            Err(_) => {
                self.kill();
                Invocation::TimedOut
            }
        }
    }

    /// Notes whether it has an event to work on.
    pub(super) fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) && self.inner.is_alive()
    }

    /// Warm, and nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        !self.busy.load(Ordering::Relaxed) && self.inner.is_alive()
    }

    /// SIGKILL.
    pub(super) fn kill(&self) {
        self.inner.kill();
    }

    /// The function's log: one JSON object a line, and whatever else it said.
    pub(super) fn log(&self) -> String {
        let (stdout, stderr) = self.inner.output();
        stdout + &stderr
    }
}
