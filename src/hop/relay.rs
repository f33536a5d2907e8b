//! The way out of the core: continuations.

use std::error::Error;

use crate::event::Continuation;

/// Where continuations go.
pub trait Relay {
    /// Sends the message that starts the next hop. Sending one twice must be harmless.
    fn send(
        &self,
        continuation: &Continuation,
    ) -> impl Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send;
}

/// The relay that sends nothing: the answer names the continuations, and the caller follows them.
#[derive(Clone, Copy, Debug)]
pub struct InAnswer;

impl Relay for InAnswer {
    async fn send(&self, _: &Continuation) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }
}
