//! Continuations over SQS FIFO.

use std::error::Error;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;

use crate::event::Continuation;
use crate::hop::Relay;

/// The queue that continuations are sent to.
///
/// One message group per run and worker: SQS delivers a group one message at a time, so a worker
/// has one hop at work. One deduplication id per hop: sending it twice within five minutes is
/// sending it once.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue at `url`, with credentials and region from the environment.
    pub async fn new(url: String) -> Self {
        Self { client: Client::new(&aws_config::load_from_env().await), url }
    }
}

impl Relay for SqsQueue {
    async fn send(&self, continuation: &Continuation) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Continuation { run_id, worker, hop } = continuation;
        self.client
            .send_message()
            .queue_url(&self.url)
            .message_group_id(format!("run-{run_id}-worker-{worker}"))
            .message_deduplication_id(format!("run-{run_id}-worker-{worker}-hop-{hop}"))
            .message_body(serde_json::to_string(continuation)?)
            .send()
            .await
            .map_err(|error| format!("{}: {}", self.url, DisplayErrorContext(error)))?;
        tracing::debug!(run = %run_id, worker, hop, "continuation sent");
        Ok(())
    }
}
