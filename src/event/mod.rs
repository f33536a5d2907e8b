//! What starts rowscore, [`read()`] from the JSON of an event.
//!
//! Everything is decided here, before anything is touched: an event that is not understood is
//! refused with what was given and what is accepted.

mod error;
mod input;
mod read;
mod request;

use serde::{Deserialize, Serialize};

use crate::run::RunId;
use crate::window::Time;

pub use error::EventError;
pub use read::read;
pub use request::{Request, RequestError};

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
    /// By what the queue knows this delivery of it.
    pub receipt: Option<String>,
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

/// The fields of a continuation in JSON. A field beyond them is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContinuationInput {
    #[serde(rename = "run")]
    _run: String,
    run_id: RunId,
    worker: u16,
    hop: u32,
}

impl From<ContinuationInput> for Continuation {
    fn from(ContinuationInput { run_id, worker, hop, .. }: ContinuationInput) -> Self {
        Self { run_id, worker, hop }
    }
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
