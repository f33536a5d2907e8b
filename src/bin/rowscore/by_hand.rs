//! The way out of hops by hand: continuations are followed here, and others are told as the function tells them.

use rowscore::config::Config;
use rowscore::event::Continuation;
use rowscore::hop::{Ended, InAnswer, Reached, Relay, Told};
use rowscore::lambda::Tellers;
use rowscore::run::Channel;

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
    fn send<'r>(&'r self, continuation: &'r Continuation) -> Reached<'r> {
        InAnswer.send(continuation)
    }

    fn brings_back(&self) -> bool {
        InAnswer.brings_back()
    }

    fn tell<'r>(&'r self, by: Channel, ended: &'r Ended) -> Told<'r> {
        Box::pin(self.tellers.tell(by, ended))
    }
}
