//! What starts rowscore, [`read()`] from the JSON of an event.
//!
//! Everything is decided here, before anything is touched: an event that is not understood is
//! refused with what was given and what is accepted.

mod error;
mod input;
mod read;
mod request;

use serde::{Deserialize, Serialize};

use crate::config::{JobName, ScheduleName};
use crate::run::{RunId, RunKind};
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
    /// Say how the last run stands: of this job, or of all. Never sent as a message.
    #[serde(skip)]
    Status(Option<JobName>),
    /// Try out, step by step, all that a run of this job needs, or of each that is active. Never sent as a message.
    #[serde(skip)]
    Doctor(Option<JobName>),
    /// Wait on for a database that is being started, then do what was asked for.
    Wake(Wake),
    /// Stop a database that was started for a run, if nobody needs it any more.
    Sleep(Sleep),
}

/// The message that starts the next hop. It carries ids only: the truth is in MySQL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "run", rename = "continuation", from = "ContinuationInput")]
pub struct Continuation {
    /// The job whose run it is. Messages of before there were jobs name none.
    #[serde(skip_serializing_if = "JobName::is_default")]
    pub job: JobName,
    /// The run to go on with.
    pub run_id: RunId,
    /// Whose lanes, counted from 0.
    pub worker: u16,
    /// The hop that it starts, counted from 1.
    pub hop: u32,
    /// It is put off until then, since the run waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
}

/// The fields of a continuation in JSON. A field beyond them is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContinuationInput {
    #[serde(rename = "run")]
    _run: String,
    #[serde(default)]
    job: JobName,
    run_id: RunId,
    worker: u16,
    hop: u32,
    #[serde(default)]
    not_before: Option<Time>,
}

impl From<ContinuationInput> for Continuation {
    fn from(ContinuationInput { job, run_id, worker, hop, not_before, .. }: ContinuationInput) -> Self {
        Self { job, run_id, worker, hop, not_before }
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

/// The message that stops a database which was started for a run. It comes behind everything that waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "run", rename = "sleep")]
pub struct Sleep {
    /// When the first of them was sent.
    pub since: Time,
    /// Which of them it is, counted from 1: it is sent again where the database cannot be stopped.
    pub hop: u32,
    /// It is put off until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Time>,
}

/// Whose work is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim<'t> {
    /// This job's.
    Job(&'t JobName),
    /// That of every job that ticks start, whatever its schedule.
    Active,
    /// That of every job of this schedule; `None`: of those without one.
    Schedule(Option<&'t ScheduleName>),
    /// That of every job of the schedule that is called like this rule of EventBridge's, or else of those without one.
    Rule(&'t ScheduleName),
}

impl Trigger {
    /// When its message is to be handled at the earliest; `None`: at once.
    pub fn not_before(&self) -> Option<Time> {
        match self {
            Self::Continue(Continuation { not_before, .. }) | Self::Sleep(Sleep { not_before, .. }) => *not_before,
            Self::Open(_) | Self::Status(_) | Self::Doctor(_) | Self::Wake(_) => None,
        }
    }

    /// Whose work it asks for.
    pub fn aim(&self) -> Aim<'_> {
        match self {
            Self::Open(Request { job: Some(job), .. }) | Self::Status(Some(job)) | Self::Doctor(Some(job)) => {
                Aim::Job(job)
            }
            Self::Open(Request { schedule: None, rule: Some(rule), .. }) => Aim::Rule(rule),
            // It changes nothing, and each job is as likely to be broken.
            Self::Open(Request { kind: RunKind::Canary, schedule: None, .. }) => Aim::Active,
            Self::Open(Request { schedule, .. }) => Aim::Schedule(schedule.as_ref()),
            Self::Continue(Continuation { job, .. }) => Aim::Job(job),
            Self::Status(None) | Self::Doctor(None) => Aim::Active,
            Self::Sleep(_) => Aim::Schedule(None),
            Self::Wake(wake) => wake.event.aim(),
        }
    }

    /// The same, asked of one job.
    #[must_use]
    pub fn of_job(&self, job: &JobName) -> Self {
        match self {
            Self::Open(request) => {
                Self::Open(Request { job: Some(job.clone()), schedule: None, rule: None, ..request.clone() })
            }
            Self::Status(_) => Self::Status(Some(job.clone())),
            Self::Doctor(_) => Self::Doctor(Some(job.clone())),
            Self::Continue(_) | Self::Sleep(_) => self.clone(),
            Self::Wake(wake) => wake.event.of_job(job),
        }
    }
}
