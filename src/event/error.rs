//! Why an event is refused: what was given, and what is accepted.

use serde_json::Value;

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
        Self::Field { run: run.to_owned(), problem: shortened(problem, 200) }
    }
}

/// A value as an error message shows it.
pub(super) fn brief(value: &Value) -> String {
    format!("`{}`", shortened(&value.to_string(), 80))
}

/// At most `most` characters of `text`: a message stays short, whatever was sent.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text.to_owned(),
    }
}
