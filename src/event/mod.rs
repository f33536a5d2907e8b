//! What starts rowscore, [`read()`] from the JSON of an event.
//!
//! Everything is decided here, before anything is touched: an event that is not understood is
//! refused with what was given and what is accepted.

mod error;
mod input;
mod read;

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};

use crate::run::{FailurePolicy, Mode, RunId, RunKind};
use crate::window::Time;
use input::ContinuationInput;

pub use error::EventError;
pub use read::read;

/// An event, understood.
#[derive(Debug)]
pub enum Event {
    /// A schedule fired, or somebody asks by hand.
    Direct(Trigger),
    /// Messages of the continuation queue, in order.
    Queue(Vec<Message>),
}

/// One message of the continuation queue.
#[derive(Debug)]
pub struct Message {
    /// The queue's id of it, to report a failure by.
    pub id: String,
    /// What it says, if that is understood.
    pub trigger: Result<Trigger, EventError>,
    /// X-Ray's header that came with it.
    pub trace: Option<String>,
}

/// What rowscore is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Trigger {
    /// Open a run and begin with it.
    Open(Request),
    /// Go on with one worker's lanes of a run.
    Continue(Continuation),
    /// Say how the last run stands. Never sent as a message.
    #[serde(skip)]
    Status,
    /// Wait on for a database that is being started, then do what was asked for.
    Wake(Wake),
}

/// A run as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Window, sweep, backfill or canary.
    #[serde(rename = "run")]
    pub kind: RunKind,
    /// The schedule's time, by which two deliveries of one tick are known; `None` by hand.
    #[serde(rename = "scheduled_time", skip_serializing_if = "Option::is_none")]
    pub tick: Option<Time>,
    /// Begin of the window; `None`: where the last finished one ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// End of the window; `None`: the tick, or now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Time>,
    /// Instead of `FAILURE_POLICY`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<FailurePolicy>,
    /// Instead of `DELIVER_WITHIN`, in seconds, so that each schedule has a deadline of its own.
    #[serde(serialize_with = "in_seconds", skip_serializing_if = "Option::is_none")]
    pub deliver_within: Option<Duration>,
    /// Whether a backfill replaces predictions. Every other run does write.
    #[serde(rename = "dry_run", skip_serializing_if = "Mode::is_write", serialize_with = "Mode::as_dry_run")]
    pub mode: Mode,
}

fn in_seconds<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match span {
        Some(span) => serializer.collect_str(&format_args!("{}s", span.as_secs())),
        None => serializer.serialize_none(),
    }
}

impl Request {
    /// Whether it is the request of a tick, and a run was opened for that.
    pub(crate) fn is_of_tick(&self, tick: Option<Time>) -> bool {
        self.tick.is_some() && self.tick == tick
    }

    /// A run of `kind` that reaches to now, with the configured policy.
    pub fn by_hand(kind: RunKind) -> Self {
        Self { kind, tick: None, from: None, to: None, policy: None, deliver_within: None, mode: Mode::Write }
    }
}

/// The message that starts the next hop. It carries ids only: the truth is in MySQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "run", rename = "continuation", from = "ContinuationInput")]
pub struct Continuation {
    /// The run to go on with.
    pub run_id: RunId,
    /// Whose lanes, counted from 0.
    pub worker: u16,
    /// The hop that it starts, counted from 1.
    pub hop: u32,
}

/// The message that waits on for a database that is being started, in hops like everything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "run", rename = "wake")]
pub struct Wake {
    /// When the waiting began.
    pub since: Time,
    /// The hop that it starts, counted from 1.
    pub hop: u32,
    /// What is to be done then.
    pub event: Box<Trigger>,
}
