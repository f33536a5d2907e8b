//! The way out of the core: continuations, and word of what will be late and of what ended.

use std::error::Error;

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
