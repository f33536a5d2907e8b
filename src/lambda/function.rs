//! One invocation: from the event's JSON to the answer's.

use std::error::Error;
use std::mem;
use std::time::{Duration, SystemTime};

use chrono::Utc;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;

use super::SqsQueue;
use crate::answer::{Answer, Outcome};
use crate::config::Config;
use crate::event::{self, Continuation, Event, EventError, Message, Trigger};
use crate::hop::{Deadline, HopError, InAnswer, Relay, Runner};
use crate::model::Model;
use crate::store::Database;
use crate::window::Time;

/// The Lambda function: what lives as long as its execution environment. Connections do not: an
/// environment may be frozen for minutes between two invocations.
#[derive(Debug)]
pub struct Function {
    config: Config,
    database: Database,
    outbox: Outbox,
    model: &'static Model,
}

/// The queue if one is configured, else the answer.
#[derive(Debug)]
enum Outbox {
    Queue(SqsQueue),
    Answer,
}

impl Relay for Outbox {
    async fn send(&self, continuation: &Continuation) -> Result<(), Box<dyn Error + Send + Sync>> {
        match self {
            Self::Queue(queue) => queue.send(continuation).await,
            Self::Answer => InAnswer.send(continuation).await,
        }
    }
}

/// The answer and, to a queue, the messages that are to be delivered again.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// The answer to the last message, or to the event.
    #[serde(flatten)]
    pub answer: Answer,
    /// SQS's partial batch response; absent where the event was none of SQS's.
    #[serde(rename = "batchItemFailures", skip_serializing_if = "Option::is_none")]
    pub batch_item_failures: Option<Vec<BatchItemFailure>>,
}

/// A message to be delivered again.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// The queue's id of it.
    pub item_identifier: String,
}

/// Why an invocation failed, as Lambda reports it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nothing was touched.
    #[error(transparent)]
    Event(#[from] EventError),
    /// What was committed before stays.
    #[error(transparent)]
    Hop(#[from] HopError),
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match &failure {
            Failure::Event(_) => "BadEvent",
            Failure::Hop(HopError::Store(_)) => "DatabaseError",
            Failure::Hop(HopError::Relay(_)) => "QueueError",
        };
        tracing::error!(error_type, error = %failure, "the invocation failed");
        Self { error_type: error_type.into(), error_message: failure.to_string() }
    }
}

impl Function {
    /// The function of `config`, scoring with `model`. Opens no connection.
    pub async fn new(config: Config, model: &'static Model) -> Self {
        let database = Database::new(&config.mysql, &config.work.items_table).await;
        let outbox = match config.continuation_queue_url.clone() {
            Some(url) => Outbox::Queue(SqsQueue::new(url).await),
            None => Outbox::Answer,
        };
        Self { config, database, outbox, model }
    }

    /// Handles one invocation.
    ///
    /// # Errors
    /// A refused event, or a hop that failed. Of a queue's messages the failed ones are named in
    /// the reply instead.
    #[expect(clippy::disallowed_methods, reason = "the edge: an invocation happens now")]
    pub async fn handle(&self, invocation: LambdaEvent<Value>) -> Result<Reply, Failure> {
        let LambdaEvent { payload, context } = invocation;
        let deadline = Deadline::new(time_left(&context), self.config.work.hop_margin, self.config.work.hop_budget);
        let now = Utc::now();
        match event::read(&payload, now)? {
            Event::Direct(trigger) => {
                let answer = self.hop(&trigger, now, deadline).await?;
                Ok(Reply { answer, batch_item_failures: None })
            }
            Event::Queue(messages) => Ok(self.batch(messages, now, deadline).await),
        }
    }

    async fn hop(&self, trigger: &Trigger, now: Time, deadline: Deadline) -> Result<Answer, HopError> {
        let Self { config, database, outbox, model } = self;
        let runner = Runner { database, work: &config.work, model, relay: outbox };
        let answer = runner.hop(trigger, now, deadline).await?;
        tracing::info!(
            run = answer.run_id.map(|id| id.0), outcome = %answer.outcome, state = answer.state.map(|state| state.name()),
            predicted = answer.counts.predicted, failed = answer.counts.failed, pending = answer.counts.pending,
            pages = answer.counts.pages, elapsed_ms = answer.elapsed_ms, rows_per_second = answer.rows_per_second,
            continuations = answer.continuations.len(), "hop ended"
        );
        Ok(answer)
    }

    /// Handles a queue's messages in order, the first in any case, the others for as long as the
    /// deadline allows. From the first one that fails on, all go back: a FIFO queue keeps its order.
    async fn batch(&self, messages: Vec<Message>, now: Time, deadline: Deadline) -> Reply {
        let mut answer = Answer::without_run(Outcome::NothingToDo);
        let mut messages = messages.into_iter();
        let mut back = Vec::new();
        let mut is_first = true;
        for Message { id, trigger } in messages.by_ref() {
            let in_time = mem::replace(&mut is_first, false) || deadline.allows(Duration::ZERO);
            let handled = match trigger {
                Ok(trigger) if in_time => self.hop(&trigger, now, deadline).await.map_err(Failure::from),
                Ok(_) => {
                    back.push(id);
                    break;
                }
                Err(error) => Err(error.into()),
            };
            match handled {
                Ok(handled) => answer = handled,
                Err(failure) => {
                    tracing::error!(message = id, error = %failure, "the message failed and goes back to the queue");
                    answer = Answer::without_run(match failure {
                        Failure::Event(_) => Outcome::Refused,
                        Failure::Hop(_) => Outcome::Failed,
                    });
                    back.push(id);
                    break;
                }
            }
        }
        back.extend(messages.map(|message| message.id));
        let failures = back.into_iter().map(|item_identifier| BatchItemFailure { item_identifier }).collect();
        Reply { answer, batch_item_failures: Some(failures) }
    }
}

/// Time until the function's deadline. One in the past (a local emulator sends 1970) is unknown.
fn time_left(context: &Context) -> Option<Duration> {
    context.deadline().duration_since(SystemTime::now()).ok()
}
