//! Why an event is refused: what was given, and what is accepted.

use serde_json::Value;

use crate::words;

/// Why an event is refused.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// None of the accepted shapes.
    #[error(
        "the event is {0}; accepted: an AWS scheduled event, an SQS event with continuations, or an object with `run`"
    )]
    Shape(String),
    /// A value of `run` that does not exist.
    #[error("`run` is {0}; accepted: window, sweep, backfill, canary, continuation, status, doctor")]
    Run(String),
    /// A field that is missing, unknown or of a wrong type.
    #[error("the `{run}` event is refused: {problem}")]
    Field {
        /// The kind of event.
        run: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl EventError {
    pub(super) fn field(run: &str, problem: &str) -> Self {
        Self::Field { run: run.to_owned(), problem: words::cut(problem, 200) }
    }
}

/// A value as an error message shows it: short, whatever was sent.
pub(super) fn brief(value: &Value) -> String {
    format!("`{}`", words::cut(&value.to_string(), 80))
}
