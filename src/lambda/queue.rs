//! Continuations over SQS FIFO.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{BuildError, SdkError};
use aws_sdk_sqs::operation::change_message_visibility::ChangeMessageVisibilityError;
use aws_sdk_sqs::operation::send_message::SendMessageError;
use aws_sdk_sqs::types::{MessageSystemAttributeNameForSends, MessageSystemAttributeValue};
use tokio::sync::OnceCell;

use super::sdk;
use crate::config::{Config, JobName};
use crate::event::{Continuation, Request, Trigger};
use crate::model::Digest;
use crate::window::Time;

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue refused it or could not be reached.
    #[error("{url}")]
    Send {
        /// The queue.
        url: String,
        /// What SQS said.
        source: Box<SdkError<SendMessageError>>,
    },
    /// It would not say when a message is to come again.
    #[error("putting a message of {url} off")]
    PutOff {
        /// The queue.
        url: String,
        /// What SQS said.
        source: Box<SdkError<ChangeMessageVisibilityError>>,
    },
    /// It cannot be written as JSON.
    #[error(transparent)]
    Body(#[from] serde_json::Error),
    /// It is no message for SQS.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// The queue that continuations are sent to.
///
/// One message group per run and worker: SQS delivers a group one message at a time, so a worker has one hop at work; and
/// one group per job for what opens its runs. One deduplication id per hop: sending it twice within five minutes is
/// sending it once.
#[derive(Clone, Debug)]
pub struct SqsQueue {
    /// Made when it is first needed: most runs end without a continuation, and its root
    /// certificates take longer to read than everything else at a cold start.
    client: OnceCell<Client>,
    url: String,
}

impl SqsQueue {
    /// The queue that the configuration names, if it names one, with credentials and region from the environment.
    pub fn of(config: &Config) -> Option<Self> {
        Some(Self { client: OnceCell::new(), url: config.continuation_queue_url.clone()? })
    }

    /// Sends a message that waits on for the database, or the one that stops it. Their group is one: a database starts
    /// once, and is stopped behind whoever waits. All that it says makes it another message.
    ///
    /// # Errors
    /// The queue could not be reached, or did not take it.
    pub async fn send_wake(&self, message: &Trigger, trace: Option<&str>) -> Result<(), QueueError> {
        let body = serde_json::to_string(message)?;
        self.put("wake", &Digest::of(body.as_bytes()).to_string(), &body, trace).await
    }

    /// Sends the message that starts the next hop, in X-Ray's trace of this one.
    ///
    /// # Errors
    /// As [`SqsQueue::send_wake`].
    pub async fn send(&self, continuation: &Continuation, trace: Option<&str>) -> Result<(), QueueError> {
        let Continuation { run_id, worker, hop, not_before, .. } = continuation;
        let worker = format!("run-{run_id}-worker-{worker}");
        let (group, id) = match not_before {
            None => (worker.clone(), format!("{worker}-hop-{hop}")),
            // In a group of its own: while it is put off, nothing comes that is behind it.
            Some(at) => (format!("{worker}-later"), format!("{worker}-hop-{hop}-at-{}", at.timestamp_millis())),
        };
        self.put(&group, &id, &serde_json::to_string(continuation)?, trace).await
    }

    /// Sends the message by which a job does its part of what was asked for at `now`. Each job has a group, and so an
    /// order, of its own; a tick that is delivered twice sends nothing twice.
    ///
    /// # Errors
    /// As [`SqsQueue::send_wake`].
    pub async fn send_request(
        &self,
        job: &JobName,
        request: &Request,
        (now, trace): (Time, Option<&str>),
    ) -> Result<(), QueueError> {
        let asked = Trigger::Open(request.clone()).of_job(job);
        let group = format!("job-{job}");
        let moment = request.tick.unwrap_or(now).timestamp_millis();
        let id = format!("{group}-{}-{moment}", request.kind);
        self.put(&group, &id, &serde_json::to_string(&asked)?, trace).await
    }

    /// Lets a message that goes back be delivered again after so many seconds, and not only after the queue's
    /// visibility timeout, which is longer than the longest hop.
    ///
    /// # Errors
    /// The queue could not be reached, or knows the receipt no more.
    pub async fn put_off(&self, receipt: &str, seconds: i32) -> Result<(), QueueError> {
        let change = self.client().await.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        let changed = change.visibility_timeout(seconds).send().await;
        changed.map(|_| ()).map_err(|error| QueueError::PutOff { url: self.url.clone(), source: Box::new(error) })
    }

    async fn client(&self) -> &Client {
        self.client.get_or_init(async || Client::new(&sdk::from_env().await)).await
    }

    async fn put(&self, group: &str, id: &str, body: &str, trace: Option<&str>) -> Result<(), QueueError> {
        let mut message = self.client().await.send_message().queue_url(&self.url).message_body(body);
        if let Some(trace) = trace {
            let value = MessageSystemAttributeValue::builder().data_type("String").string_value(trace).build()?;
            message = message.message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, value);
        }
        let sent = message.message_group_id(group).message_deduplication_id(id).send().await;
        sent.map_err(|error| QueueError::Send { url: self.url.clone(), source: Box::new(error) })?;
        tracing::debug!(id, "message sent");
        Ok(())
    }
}
