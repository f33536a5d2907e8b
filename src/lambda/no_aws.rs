//! What there is of AWS's services in a rowscore that was built without them: no queue and no database that sleeps, since
//! its configuration takes none, and nobody who is told.

use super::wake::{Asleep, Rest, Standing, WakeError};
use crate::config::{Config, DatabaseResource, JobName};
use crate::event::{Continuation, Request, Trigger};
use crate::hop::{Clock, Ended, NotTold};
use crate::run::Channel;
use crate::window::Time;

/// Why a message was not sent: none is.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {}

/// A queue; there is none.
#[derive(Clone, Debug)]
pub enum SqsQueue {}

impl SqsQueue {
    /// No queue.
    pub fn of(_: &Config) -> Option<Self> {
        None
    }

    pub(super) async fn send_wake(&self, _: &Trigger, _: Option<&str>) -> Result<(), QueueError> {
        match *self {}
    }

    pub(super) async fn send(&self, _: &Continuation, _: Option<&str>) -> Result<(), QueueError> {
        match *self {}
    }

    pub(super) async fn send_request(
        &self,
        _: &JobName,
        _: &Request,
        _: (Time, Option<&str>),
    ) -> Result<(), QueueError> {
        match *self {}
    }

    pub(super) async fn put_off(&self, _: &str, _: i32) -> Result<(), QueueError> {
        match *self {}
    }
}

/// Queues that should be empty; there are none.
#[derive(Debug)]
pub(super) enum Leftovers {}

impl Leftovers {
    pub(super) fn of(_: &Config) -> Option<Self> {
        None
    }

    pub(super) async fn look(&self) -> Option<u64> {
        match *self {}
    }
}

/// What starts and stops a database; there is none.
#[derive(Clone, Debug)]
pub(super) enum Waker {}

impl Waker {
    pub(super) async fn of(_: &Config) -> Option<Self> {
        None
    }

    pub(super) fn resource(&self) -> &DatabaseResource {
        match *self {}
    }

    pub(super) async fn rouse(&self, _: Clock) -> Result<Standing, WakeError> {
        match *self {}
    }

    pub(super) async fn lay_to_rest(&self, _: Clock) -> Result<Rest, WakeError> {
        match *self {}
    }

    pub(super) async fn asleep(&self) -> Result<Option<Asleep>, WakeError> {
        match *self {}
    }
}

/// Why nobody was told. The function tells them at its next tick.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}`: this rowscore was built without the feature `aws`; build it with `cargo build --release`, or leave it to the \
     function's next tick"
)]
pub struct TellError(Channel);

/// Who is told: nobody.
#[derive(Debug)]
pub struct Tellers;

impl Tellers {
    /// Nobody.
    pub fn new(_: &Config) -> Self {
        Self
    }

    /// Says why nobody is told.
    ///
    /// # Errors
    /// Always.
    pub async fn tell(&self, by: Channel, _: &Ended) -> Result<(), NotTold> {
        Err(TellError(by).into())
    }
}
