//! One invocation: its time, and the ways out of it.

use chrono::Utc;

use super::metrics::Source;
use super::{SqsQueue, Tellers};
use crate::event::Continuation;
use crate::hop::{Clock, Ended, InAnswer, Job, Late, Reached, Relay, Tally, Told};
use crate::run::Channel;
use crate::window::Time;
use crate::words;

/// The queue if one is configured, else the answer.
#[derive(Debug)]
pub(super) enum Outbox {
    Queue(SqsQueue),
    Answer,
}

/// One invocation: its time, and the ways out of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'f> {
    /// When it began, by this machine's clock: for messages and metrics of this machine.
    pub now: Time,
    pub clock: Clock,
    pub outbox: &'f Outbox,
    /// Who is told when a run ends.
    pub tellers: &'f Tellers,
    pub metrics: Source<'f>,
    /// X-Ray's trace: that of the run's first hop, so that all of them are found together.
    pub trace: Option<&'f str>,
}

impl<'f> Call<'f> {
    /// The same, for the work of one job.
    pub(super) fn of<'j>(self, job: &'j Job) -> Call<'j>
    where
        'f: 'j,
    {
        let metrics = Source { job: Some((&job.name, job.work.items_table.as_str())), ..self.metrics };
        Call { metrics, ..self }
    }
}

impl Relay for Call<'_> {
    fn send<'r>(&'r self, continuation: &'r Continuation) -> Reached<'r> {
        match self.outbox {
            Outbox::Queue(queue) => Box::pin(async { Ok(queue.send(continuation, self.trace).await?) }),
            Outbox::Answer => InAnswer.send(continuation),
        }
    }

    fn brings_back(&self) -> bool {
        matches!(self.outbox, Outbox::Queue(_))
    }

    fn will_be_late(&self, late: &Late) {
        self.metrics.will_be_late(late, now());
    }

    fn tell<'r>(&'r self, by: Channel, ended: &'r Ended) -> Told<'r> {
        Box::pin(self.tellers.tell(by, ended))
    }

    fn told(&self, tally: Tally) {
        self.metrics.told(tally, now());
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge: an invocation happens now")]
pub(super) fn now() -> Time {
    Utc::now()
}

/// A message that goes back to the queue.
pub(super) struct Back {
    pub id: String,
    pub receipt: Option<String>,
    /// Seconds until it comes again.
    pub after: i32,
}

impl Outbox {
    /// Says when messages that go back are to come again. Where that cannot be said, they come when the queue's
    /// visibility timeout is over.
    pub(super) async fn take_back(&self, messages: &[Back]) {
        let Self::Queue(queue) = self else { return };
        for Back { id, receipt, after } in messages {
            let Some(receipt) = receipt else { continue };
            if let Err(error) = queue.put_off(receipt, *after).await {
                tracing::warn!(message = id, error = words::chain(&error), "the message comes back late");
            }
        }
    }
}
