//! One invocation: from the event's JSON to the answer's.

use std::mem;
use std::time::{Duration, SystemTime};

use chrono::TimeDelta;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;

use super::call::{Back, Call, Outbox, now};
use super::examined::examined;
use super::metrics::Source;
use super::wake::{Asleep, Rest, Standing};
use super::work::{Several, Works};
use super::{Leftovers, SqsQueue, Tellers, WakeError, Waker};
use crate::answer::{Answer, Outcome};
use crate::config::Config;
use crate::doctor::Checkup;
use crate::event::{self, Event, EventError, Message, Sleep, Trigger, Wake};
use crate::hop::{Clock, HopError, Jobs, seconds_until};
use crate::model::Model;
use crate::run::RunKind;
use crate::store::runs;
use crate::store::session::Session;
use crate::words;

/// How long a database may take to start. RDS needs 5 to 20 minutes, an Aurora less.
const WAKE_PATIENCE: TimeDelta = TimeDelta::minutes(40);

/// How long after the last work a database is stopped. A failed event comes again after a minute.
const SLEEP_AFTER: TimeDelta = TimeDelta::minutes(2);

/// The Lambda function: what lives as long as its execution environment. Connections do not: an
/// environment may be frozen for minutes between two invocations.
#[derive(Debug)]
pub struct Function {
    works: Works,
    outbox: Outbox,
    waker: Option<Waker>,
    tellers: Tellers,
    leftovers: Option<Leftovers>,
}

/// The answer and, to a queue, the messages that are to be delivered again.
#[derive(Debug, Serialize)]
pub struct Reply {
    /// The answer to the last message, or to the event.
    #[serde(flatten)]
    pub answer: Answer,
    /// What waits on until the database takes connections, sent or to be sent; absent where nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wake: Option<Wake>,
    /// How each step went, where everything was tried out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkup: Option<Checkup>,
    /// SQS's partial batch response; absent where the event was none of SQS's.
    #[serde(rename = "batchItemFailures", skip_serializing_if = "Option::is_none")]
    pub batch_item_failures: Option<Vec<BatchItemFailure>>,
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self { answer, wake: None, checkup: None, batch_item_failures: None }
    }
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
    /// The database could not be started or stopped.
    #[error(transparent)]
    Wake(#[from] WakeError),
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        let error_type = match &failure {
            Failure::Event(_) => "BadEvent",
            Failure::Hop(HopError::Store(_)) => "DatabaseError",
            Failure::Hop(HopError::Unfit(_)) => "TableUnfit",
            Failure::Hop(HopError::Model(_)) => "ModelUnusable",
            Failure::Hop(HopError::Job(_)) => "BadEvent",
            Failure::Hop(HopError::Relay(_)) | Failure::Wake(WakeError::Relay(_)) => "QueueError",
            Failure::Hop(HopError::Canary(_)) => "CanaryFailed",
            Failure::Hop(HopError::Panicked(_)) => "Panic",
            Failure::Wake(_) => "WakeError",
        };
        Self { error_type: error_type.into(), error_message: words::chain(&failure) }
    }
}

impl Function {
    /// The function of `config`, scoring with `model`. Opens no connection.
    pub async fn new(config: Config, model: &'static Model) -> Self {
        let outbox = SqsQueue::of(&config).map_or(Outbox::Answer, Outbox::Queue);
        let (waker, leftovers) = (Waker::of(&config).await, Leftovers::of(&config));
        let tellers = Tellers::new(&config);
        Self { works: Works { jobs: Jobs::new(config).await, model }, outbox, waker, tellers, leftovers }
    }

    /// Handles one invocation.
    ///
    /// # Errors
    /// A refused event, or a hop that failed. Of a queue's messages the failed ones are named in
    /// the reply instead.
    pub async fn handle(&self, invocation: LambdaEvent<Value>) -> Result<Reply, Failure> {
        let LambdaEvent { payload, context } = invocation;
        let (now, of_variables) = (now(), self.works.jobs.of_variables());
        let work = &of_variables.work;
        let call = Call {
            now,
            clock: Clock::starting(time_left(&context), work.hop_margin, work.hop_budget),
            outbox: &self.outbox,
            tellers: &self.tellers,
            metrics: Source { function: &context.env_config.function_name, job: None },
            trace: context.xray_trace_id.as_deref(),
        }
        .of(of_variables);
        let event = event::read(&payload, now).map_err(|error| told(error.into(), call))?;
        match event {
            Event::Direct(trigger) => {
                let done = self.hop(&trigger, call).await.map_err(|failure| told(failure, call));
                self.look_for_leftovers(&trigger, call).await;
                done
            }
            Event::Queue(messages) => Ok(self.batch(messages, call).await),
        }
    }

    /// The canary's part that has nothing to do with any job: whether something failed for good since somebody looked.
    async fn look_for_leftovers(&self, trigger: &Trigger, call: Call<'_>) {
        let is_canary = matches!(trigger, Trigger::Open(request) if request.kind == RunKind::Canary);
        if let Some(leftovers) = self.leftovers.as_ref().filter(|_| is_canary) {
            call.metrics.left_over(Box::pin(leftovers.look()).await, call.now);
        }
    }

    /// Does what `trigger` asks for, where wanted on a database that is started for it.
    async fn hop(&self, trigger: &Trigger, call: Call<'_>) -> Result<Reply, Failure> {
        if let Trigger::Doctor(job) = trigger {
            let checkup = Box::pin(examined(&self.works, self.waker.as_ref(), job.as_ref(), call)).await?;
            return Ok(Reply { checkup: Some(checkup), ..Answer::without_run(Outcome::Examined).into() });
        }
        let Some(waker) = self.waker.as_ref().filter(|_| !matches!(trigger, Trigger::Status(_))) else {
            if let Trigger::Sleep(_) = trigger {
                // Of a time when it was woken.
                return Ok(Answer::without_run(Outcome::NothingToDo).into());
            }
            return Ok(Box::pin(self.works.work(trigger, call, Several::BesideEachOther)).await?.into());
        };
        if let Trigger::Sleep(sleep) = trigger {
            return Box::pin(self.sleep(waker, sleep, call)).await;
        }
        // Boxed, as what is above and below: AWS's clients are deep, and would make every hop's future as deep.
        match Box::pin(waker.rouse(call.clock)).await? {
            Standing::Waking(status) => Box::pin(wait_on(waker, trigger, status, call)).await,
            Standing::Awake { ours } => {
                let worked = Box::pin(self.works.work(trigger, call, Several::InTurn)).await;
                // Also after a failure: nobody else would stop it.
                let rested = if ours { Box::pin(self.rest(waker, call)).await } else { Ok(()) };
                if let (Err(_), Err(error)) = (&worked, &rested) {
                    tracing::error!(error = words::chain(error), "and the database that was started for it stays up");
                }
                let answer = worked?;
                rested?;
                Ok(answer.into())
            }
        }
    }

    /// Whether a run is still at work on the database. Where that cannot be asked, no run can work; but for want of room,
    /// which a run may have taken.
    async fn is_needed(&self, call: Call<'_>) -> bool {
        let database = &self.works.jobs.of_variables().database;
        let mut session = Session::new(database).until(call.clock.gives_up_at());
        let needed = session.ask(runs::is_any_running).await;
        session.close().await;
        needed.unwrap_or_else(|error| {
            let counts_as_one = error.is_for_want_of_room();
            tracing::warn!(error = words::chain(&error), counts_as_one, "whether a run is at work cannot be asked");
            counts_as_one
        })
    }

    /// Has the database stopped that was started for a run, if none is at work on it: by a message, behind all that wait
    /// for it and after what is about to come, as a canary's own message or a failed event's second delivery; without a
    /// queue, at once.
    async fn rest(&self, waker: &Waker, call: Call<'_>) -> Result<(), WakeError> {
        if self.is_needed(call).await {
            return Ok(());
        }
        let sleep = Sleep { since: call.now, hop: 1, not_before: Some(call.now + SLEEP_AFTER) };
        match call.outbox {
            Outbox::Queue(_) => send_sleep(sleep, call).await,
            Outbox::Answer => lay_to_rest(waker, &sleep, call).await,
        }
    }

    /// Stops the database that was started for a run, unless somebody needs it again: whose run ends last sends the
    /// next message.
    async fn sleep(&self, waker: &Waker, sleep: &Sleep, call: Call<'_>) -> Result<Reply, Failure> {
        if waker.asleep().await?.is_some() || !self.is_needed(call).await {
            lay_to_rest(waker, sleep, call).await?;
        }
        Ok(Answer::without_run(Outcome::NothingToDo).into())
    }

    /// Handles a queue's messages in order, the first in any case, the others for as long as the
    /// deadline allows. From the first one that fails on, all go back: a FIFO queue keeps its order.
    async fn batch(&self, messages: Vec<Message>, call: Call<'_>) -> Reply {
        let mut reply = Reply::from(Answer::without_run(Outcome::NothingToDo));
        let mut messages = messages.into_iter();
        let mut back = Vec::new();
        let mut is_first = true;
        for Message { id, trigger, trace, receipt } in messages.by_ref() {
            // The sender's trace goes on; the invocation has one of its own in any case.
            let call = Call { trace: trace.as_deref().or(call.trace), ..call };
            // A message cannot be sent for later to a queue that keeps its order: it is taken, and put off.
            if let Ok(trigger) = &trigger
                && let Some(after) = seconds_until(trigger.not_before(), call.now)
            {
                reply = Reply::from(Answer::without_run(Outcome::Waiting));
                back.push(Back { id, receipt, after });
                break;
            }
            let in_time = mem::replace(&mut is_first, false) || call.clock.allows(Duration::ZERO);
            let handled = match trigger {
                Ok(trigger) if in_time => self.hop(&trigger, call).await,
                Ok(_) => {
                    back.push(Back { id, receipt, after: AT_ONCE });
                    break;
                }
                Err(error) => Err(error.into()),
            };
            match handled {
                Ok(handled) => reply = handled,
                Err(failure) => {
                    let failure = told(failure, call);
                    tracing::error!(
                        message = id,
                        error = words::chain(&failure),
                        "the message failed and goes back to the queue"
                    );
                    let (outcome, after) = match failure {
                        // It is never understood: soon it is in the dead-letter queue.
                        Failure::Event(_) => (Outcome::Refused, AT_ONCE),
                        Failure::Hop(_) | Failure::Wake(_) => (Outcome::Failed, A_MINUTE),
                    };
                    reply = Reply::from(Answer::without_run(outcome));
                    back.push(Back { id, receipt, after });
                    break;
                }
            }
        }
        back.extend(messages.map(|Message { id, receipt, .. }| Back { id, receipt, after: AT_ONCE }));
        call.outbox.take_back(&back).await;
        let failures = back.into_iter().map(|Back { id, .. }| BatchItemFailure { item_identifier: id }).collect();
        Reply { batch_item_failures: Some(failures), ..reply }
    }
}

/// Says in the figures that an event or a message failed. A hop that did has said so itself.
fn told(failure: Failure, call: Call<'_>) -> Failure {
    match &failure {
        Failure::Event(_) => call.metrics.event_refused(call.now),
        Failure::Wake(_) => call.metrics.wake_failed(call.now),
        Failure::Hop(_) => {}
    }
    failure
}

/// Seconds after which a message comes again that was not tried, or will never be understood.
const AT_ONCE: i32 = 0;

/// Seconds after which a message comes again whose hop failed: what was the matter may be over.
const A_MINUTE: i32 = 60;

/// The message after this one, of those that wait until the database takes connections.
fn next_wait(trigger: &Trigger, call: Call<'_>) -> Wake {
    match trigger {
        Trigger::Wake(wake) => Wake { hop: wake.hop.saturating_add(1), ..wake.clone() },
        asked => Wake { since: call.now, hop: 1, event: Box::new(asked.clone()) },
    }
}

/// Whether it was waited for too long. A begin in the future would never be long ago.
fn is_too_long(waited: TimeDelta) -> bool {
    waited.abs() > WAKE_PATIENCE
}

/// Sends the message that continues to wait, unless it took too long already.
async fn wait_on(waker: &Waker, trigger: &Trigger, status: Asleep, call: Call<'_>) -> Result<Reply, Failure> {
    let next = next_wait(trigger, call);
    let waited = call.now - next.since;
    if is_too_long(waited) {
        let resource = waker.resource().clone();
        return Err(WakeError::OutOfPatience { resource, status, minutes: waited.num_minutes() }.into());
    }
    if let Outbox::Queue(queue) = call.outbox {
        let message = Trigger::Wake(next.clone());
        queue.send_wake(&message, call.trace).await.map_err(|error| WakeError::Relay(error.into()))?;
    }
    tracing::info!(resource = %waker.resource(), %status, waited_s = waited.num_seconds(), "waiting for the database");
    Ok(Reply { wake: Some(next), ..Answer::without_run(Outcome::Waking).into() })
}

/// Stops the database. Where it cannot be stopped now, a message tries it again.
async fn lay_to_rest(waker: &Waker, sleep: &Sleep, call: Call<'_>) -> Result<(), WakeError> {
    let Rest::Refused(status) = waker.lay_to_rest(call.clock).await? else { return Ok(()) };
    let (resource, waited) = (waker.resource(), call.now - sleep.since);
    if is_too_long(waited) {
        let minutes = waited.num_minutes();
        tracing::error!(%resource, status, minutes, "the database could not be stopped; the next tick tries it again");
        return Ok(());
    }
    tracing::warn!(%resource, status, "the database cannot be stopped now; a message tries it again");
    send_sleep(Sleep { hop: sleep.hop.saturating_add(1), not_before: None, ..sleep.clone() }, call).await
}

/// Sends the message that stops the database, if there is a queue.
async fn send_sleep(sleep: Sleep, call: Call<'_>) -> Result<(), WakeError> {
    let Outbox::Queue(queue) = call.outbox else { return Ok(()) };
    let message = Trigger::Sleep(sleep);
    queue.send_wake(&message, call.trace).await.map_err(|error| WakeError::Relay(error.into()))
}

/// Time until the function's deadline. One in the past (a local emulator sends 1970) is unknown.
fn time_left(context: &Context) -> Option<Duration> {
    context.deadline().duration_since(SystemTime::now()).ok()
}
