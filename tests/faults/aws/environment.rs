//! An execution environment that may die, or take too long.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tokio::time::timeout;

use super::Habits;
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
    /// The program in it: a version of the function.
    pub program: &'static str,
    inner: runtime_api::Environment,
    time_limit: Duration,
    clock_s: i64,
    busy: AtomicBool,
}

impl Environment {
    /// A cold start of a program, for an event that is about to be given. An invocation may take `time_limit`.
    pub(super) async fn start(
        program: &'static str,
        variables: &BTreeMap<String, String>,
        &Habits { time_limit, clock_s, .. }: &Habits,
    ) -> Self {
        let inner = runtime_api::Environment::start_with(program, variables).await;
        Self { program, inner, time_limit, clock_s, busy: AtomicBool::new(true) }
    }

    /// Gives the function an event and waits for the end of its work.
    pub(super) async fn invoke(&self, event: &Value) -> Invocation {
        let deadline = SystemTime::now() + self.time_limit;
        let since_1970 = deadline.duration_since(UNIX_EPOCH).unwrap().as_millis();
        let deadline_ms = u64::try_from(since_1970).unwrap().saturating_add_signed(1000 * self.clock_s);
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

    /// Whether nothing will ever happen in it again.
    pub(super) fn is_over(&self) -> bool {
        !self.busy.load(Ordering::Relaxed) && !self.inner.is_alive()
    }

    /// The process's id.
    pub(super) fn id(&self) -> u32 {
        self.inner.id()
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
