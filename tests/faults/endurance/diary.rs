//! What was done to rowscore, step by step: the last steps are told with whatever is wrong.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use chrono::Utc;

use crate::support::Server;

/// Steps that are remembered.
const REMEMBERED: usize = 25;

/// What was done on one server.
pub(super) struct Diary {
    kind: Server,
    steps: RefCell<VecDeque<String>>,
    counts: RefCell<BTreeMap<&'static str, u64>>,
}

impl Diary {
    pub(super) fn new(kind: Server) -> Self {
        Self { kind, steps: RefCell::default(), counts: RefCell::default() }
    }

    pub(super) fn kind(&self) -> Server {
        self.kind
    }

    /// Notes what is done now.
    pub(super) fn step(&self, what: String) {
        let mut steps = self.steps.borrow_mut();
        if steps.len() == REMEMBERED {
            steps.pop_front();
        }
        steps.push_back(format!("{} {what}", time()));
    }

    /// Counts something that happens often, without noting it.
    pub(super) fn count(&self, what: &'static str) {
        *self.counts.borrow_mut().entry(what).or_default() += 1;
    }

    /// Notes a trouble, and counts it.
    pub(super) fn trouble(&self, kind: &'static str, what: String) {
        self.count(kind);
        self.step(what);
    }

    /// Everything that was counted.
    pub(super) fn counts(&self) -> String {
        let counts = self.counts.borrow();
        counts.iter().map(|(what, count)| format!("{count} {what}")).collect::<Vec<_>>().join(", ")
    }

    /// Kills, restarts, alterations and deployments.
    pub(super) fn troubles(&self) -> u64 {
        super::troubles::KINDS.iter().filter_map(|kind| self.counts.borrow().get(kind).copied()).sum()
    }

    /// The last steps, one a line.
    pub(super) fn last_steps(&self) -> String {
        self.steps.borrow().iter().fold(String::new(), |mut text, step| {
            let _ = write!(text, "\n    {step}");
            text
        })
    }
}

/// The time of the day, in UTC.
#[expect(clippy::disallowed_methods, reason = "it is told, and nothing is decided by it")]
pub(super) fn time() -> String {
    Utc::now().format("%H:%M:%S").to_string()
}
