//! The fields of the events that name themselves by `run`. A field beyond them is refused.

use serde::Deserialize;
use serde_json::Value;

use crate::run::FailurePolicy;
use crate::window::Time;

/// The fields of whatever opens a run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenInput {
    #[serde(rename = "run")]
    _run: String,
    pub(super) job: Option<String>,
    pub(super) schedule: Option<String>,
    /// As a message carries it on that waits for a database.
    pub(super) rule: Option<String>,
    pub(super) scheduled_time: Option<String>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) policy: Option<FailurePolicy>,
    pub(super) deliver_within: Option<String>,
    pub(super) dry_run: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WakeInput {
    #[serde(rename = "run")]
    _run: String,
    pub(super) since: String,
    pub(super) hop: u32,
    pub(super) event: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SleepInput {
    #[serde(rename = "run")]
    _run: String,
    pub(super) since: Time,
    pub(super) hop: u32,
    pub(super) not_before: Option<Time>,
}

/// Of a question about a job, or about all.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QuestionInput {
    #[serde(rename = "run")]
    _run: String,
    pub(super) job: Option<String>,
}
