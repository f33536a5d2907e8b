//! The way out of the core: continuations, and word of what will be late and of what ended.

use std::error::Error;

use futures_util::future::BoxFuture;

use super::ended::{Ended, Tally};
use super::forecast::Late;
use crate::event::Continuation;
use crate::run::Channel;

/// Whether somebody was reached. Boxed, as relays are of any kind, so that a hop is compiled once for all of them.
pub type Reached<'r> = BoxFuture<'r, Result<(), Box<dyn Error + Send + Sync>>>;

/// Whether somebody was told.
pub type Told<'r> = BoxFuture<'r, Result<(), NotTold>>;

/// Why somebody was not told that a run ended.
#[derive(Debug)]
pub enum NotTold {
    /// They did not take it: that goes for this run, and another one they may take.
    Refused(Box<dyn Error + Send + Sync>),
    /// They could not be reached, or have too much to do: that goes for every run.
    Unreached(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for NotTold {
    fn from(error: E) -> Self {
        Self::Unreached(error.into())
    }
}

/// Where continuations go.
pub trait Relay: Sync {
    /// Sends the message that starts the next hop. Sending one twice must be harmless.
    fn send<'r>(&'r self, continuation: &'r Continuation) -> Reached<'r>;

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
    fn tell<'r>(&'r self, by: Channel, _: &'r Ended) -> Told<'r> {
        let why = format!("this caller has no way to tell others by: {by}");
        Box::pin(async move { Err(NotTold::Unreached(why.into())) })
    }

    /// What the hop told others, and what it could not.
    fn told(&self, _: Tally) {}
}

/// The relay that sends nothing: the answer names the continuations, and the caller follows them.
#[derive(Clone, Copy, Debug)]
pub struct InAnswer;

impl Relay for InAnswer {
    fn send<'r>(&'r self, _: &'r Continuation) -> Reached<'r> {
        Box::pin(async { Ok(()) })
    }

    fn brings_back(&self) -> bool {
        false
    }
}
