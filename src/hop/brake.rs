//! What stops all lanes of a hop before their next page, so that the database has its rest.

use std::sync::OnceLock;
use std::time::Instant;

use crate::window::Time;

/// Why a run waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    /// In words.
    pub why: String,
    /// When it is over, if that is known.
    pub until: Option<Time>,
}

/// Stops all lanes of a hop before their next page.
#[derive(Debug, Default)]
pub(super) struct Brake {
    /// When it is on whatever else is, and why then.
    at: Option<(Instant, Wait)>,
    pulled: OnceLock<Wait>,
}

impl Brake {
    /// One that is on from a moment on.
    pub(super) fn on_at(at: Option<(Instant, Wait)>) -> Self {
        Self { at, pulled: OnceLock::new() }
    }

    /// Puts it on.
    pub(super) fn pull(&self, why: Wait) {
        self.pulled.get_or_init(|| why);
    }

    /// Whether it is on.
    pub(super) fn is_on(&self) -> bool {
        self.wait().is_some()
    }

    /// Why it is on, if it is.
    pub(super) fn wait(&self) -> Option<&Wait> {
        let by_time = self.at.as_ref().filter(|(at, _)| Instant::now() >= *at);
        self.pulled.get().or(by_time.map(|(_, wait)| wait))
    }
}
