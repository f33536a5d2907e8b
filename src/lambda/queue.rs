//! Continuations over SQS FIFO.

use std::error::Error;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use tokio::sync::OnceCell;

use crate::event::{Continuation, Wake};
use crate::hop::Relay;

/// The queue that continuations are sent to.
///
/// One message group per run and worker: SQS delivers a group one message at a time, so a worker
/// has one hop at work. One deduplication id per hop: sending it twice within five minutes is
/// sending it once.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    /// Made when it is first needed: most runs end without a continuation, and its root
    /// certificates take longer to read than everything else at a cold start.
    client: OnceCell<Client>,
    url: String,
}

impl SqsQueue {
    /// The queue at `url`, with credentials and region from the environment.
    pub fn new(url: String) -> Self {
        Self { client: OnceCell::new(), url }
    }

    /// Sends the message that waits on for the database. Their group is one: a database starts once.
    pub async fn send_wake(&self, wake: &Wake) -> Result<(), Box<dyn Error + Send + Sync>> {
        let id = format!("wake-{}-hop-{}", wake.since.timestamp_millis(), wake.hop);
        self.send_message("wake", &id, &serde_json::to_string(wake)?).await
    }

    async fn send_message(&self, group: &str, id: &str, body: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let client = self.client.get_or_init(async || Client::new(&aws_config::load_from_env().await)).await;
        let message = client.send_message().queue_url(&self.url).message_body(body);
        let sent = message.message_group_id(group).message_deduplication_id(id).send().await;
        sent.map_err(|error| format!("{}: {}", self.url, DisplayErrorContext(error)))?;
        tracing::debug!(id, "message sent");
        Ok(())
    }
}

impl Relay for SqsQueue {
    async fn send(&self, continuation: &Continuation) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Continuation { run_id, worker, hop } = continuation;
        let group = format!("run-{run_id}-worker-{worker}");
        self.send_message(&group, &format!("{group}-hop-{hop}"), &serde_json::to_string(continuation)?).await
    }
}
