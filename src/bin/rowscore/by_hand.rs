//! The way out of hops by hand: continuations are followed here, and others are told as the function tells them.

use std::error::Error;

use rowscore::config::Config;
use rowscore::event::Continuation;
use rowscore::hop::{Ended, InAnswer, Relay};
#[cfg(feature = "aws")]
use rowscore::lambda::Tellers;
use rowscore::run::Channel;

#[cfg(not(feature = "aws"))]
use crate::no_tellers::Tellers;

/// The relay of hops that a person began.
#[derive(Debug)]
pub(crate) struct ByHand {
    tellers: Tellers,
}

impl ByHand {
    /// It, telling those that the configuration names.
    pub(crate) fn new(config: &Config) -> Self {
        Self { tellers: Tellers::new(config) }
    }
}

impl Relay for ByHand {
    async fn send(&self, continuation: &Continuation) -> Result<(), Box<dyn Error + Send + Sync>> {
        InAnswer.send(continuation).await
    }

    fn brings_back(&self) -> bool {
        InAnswer.brings_back()
    }

    async fn tell(&self, by: Channel, ended: &Ended) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.tellers.tell(by, ended).await?)
    }
}
