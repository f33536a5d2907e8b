//! The way out of the core: continuations, and word of what will be late and of what ended.

use std::error::Error;

use futures_util::future::BoxFuture;

use super::ended::{Ended, Tally};
use super::forecast::Late;
use crate::event::Continuation;
use crate::run::Channel;

/// Where continuations go.
pub trait Relay {
    /// Sends the message that starts the next hop. Sending one twice must be harmless.
    fn send(
        &self,
        continuation: &Continuation,
    ) -> impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send;

    /// Whether a continuation that is not to come before some time comes by itself then. Otherwise the caller waits,
    /// or the next tick goes on.
    fn brings_back(&self) -> bool {
        true
    }

    /// A run will miss its deadline. It was logged; whoever else is to know it learns it here, while
    /// there is time left to do something about it.
    fn will_be_late(&self, _: &Late) {}

    /// Tells others by this way that a run ended. Telling it twice must be harmless to them. Only ways that the process is
    /// set to are asked for (`WorkConfig::tells`).
    ///
    /// # Errors
    /// They were not told. A later hop tries again.
    fn tell(&self, by: Channel, _: &Ended) -> impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send {
        async move { Err(format!("this caller has no way to tell others by: {by}").into()) }
    }

    /// What the hop told others, and what it could not.
    fn told(&self, _: Tally) {}
}

/// The relay that sends nothing: the answer names the continuations, and the caller follows them.
#[derive(Clone, Copy, Debug)]
pub struct InAnswer;

impl Relay for InAnswer {
    async fn send(&self, _: &Continuation) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    fn brings_back(&self) -> bool {
        false
    }
}

/// Any relay. What is done with it is compiled once, with this crate; with a relay of its own kind, each program would
/// compile a hop again, for most of a minute.
#[derive(Clone, Copy)]
pub(super) struct AnyRelay<'r>(&'r (dyn Dispatch + Sync));

impl<'r> AnyRelay<'r> {
    pub(super) fn of<R: Relay + Sync>(relay: &'r R) -> Self {
        Self(relay)
    }
}

/// What [`Relay`] says, for any.
trait Dispatch {
    fn send<'a>(&'a self, continuation: &'a Continuation) -> BoxFuture<'a, Result<(), Box<dyn Error + Send + Sync>>>;
    fn brings_back(&self) -> bool;
    fn will_be_late(&self, late: &Late);
    fn tell<'a>(&'a self, by: Channel, ended: &'a Ended) -> BoxFuture<'a, Result<(), Box<dyn Error + Send + Sync>>>;
    fn told(&self, tally: Tally);
}

impl<R: Relay + Sync> Dispatch for R {
    fn send<'a>(&'a self, continuation: &'a Continuation) -> BoxFuture<'a, Result<(), Box<dyn Error + Send + Sync>>> {
        Box::pin(Relay::send(self, continuation))
    }

    fn brings_back(&self) -> bool {
        Relay::brings_back(self)
    }

    fn will_be_late(&self, late: &Late) {
        Relay::will_be_late(self, late);
    }

    fn tell<'a>(&'a self, by: Channel, ended: &'a Ended) -> BoxFuture<'a, Result<(), Box<dyn Error + Send + Sync>>> {
        Box::pin(Relay::tell(self, by, ended))
    }

    fn told(&self, tally: Tally) {
        Relay::told(self, tally);
    }
}

impl Relay for AnyRelay<'_> {
    async fn send(&self, continuation: &Continuation) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.send(continuation).await
    }

    fn brings_back(&self) -> bool {
        self.0.brings_back()
    }

    fn will_be_late(&self, late: &Late) {
        self.0.will_be_late(late);
    }

    async fn tell(&self, by: Channel, ended: &Ended) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.0.tell(by, ended).await
    }

    fn told(&self, tally: Tally) {
        self.0.told(tally);
    }
}
