//! What a trigger comes to: the work of one job, a message to each of several, or their work in turn.

use futures_util::future::join_all;
use tracing::Instrument;

use super::call::{Call, Outbox, now};
use super::{QueueError, SqsQueue};
use crate::answer::{Answer, OfJob, Outcome};
use crate::config::JobName;
use crate::event::{Request, Trigger};
use crate::hop::{Chosen, HopError, Job, Jobs, NoJob, Runner, Start};
use crate::model::Model;
use crate::run::RunKind;
use crate::words;

/// Messages that are sent at the same time.
const AT_ONCE: usize = 10;

/// What works.
#[derive(Debug)]
pub(super) struct Works {
    pub jobs: Jobs,
    pub model: &'static Model,
}

/// How several jobs do their part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Several {
    /// Each in an invocation of its own, if there is a queue.
    BesideEachOther,
    /// One after the other in this one: whether the database is needed any more is known at its end.
    InTurn,
}

/// Jobs that were chosen, each with the reason why it is of no use if it is of none.
type ChosenJobs = Vec<(JobName, Result<std::sync::Arc<Job>, NoJob>)>;

impl Works {
    /// Does what `trigger` asks for, whosever work it is. Its parts are boxed: each is deep, and would be as deep in all.
    pub(super) async fn work(&self, trigger: &Trigger, call: Call<'_>, several: Several) -> Result<Answer, HopError> {
        let failed = |error: HopError| {
            tell_failure(trigger, call);
            error
        };
        let (start, chosen) = self.jobs.start(trigger, call.clock).await.map_err(|error| failed(error.into()))?;
        let chosen = match chosen.and_then(Chosen::alone) {
            Ok(Chosen::One(job)) => return Box::pin(self.hop(&job, start, trigger, call.of(&job))).await,
            other => {
                start.close().await;
                other.map_err(|error| failed(error.into()))?
            }
        };
        match (chosen, trigger, call.outbox) {
            (Chosen::Nobody(name), ..) => {
                tracing::warn!(job = %name, "the job is paused or was removed");
                Ok(Answer { job: Some(name), ..Answer::without_run(Outcome::Stopped) })
            }
            (Chosen::Each(jobs), Trigger::Open(request), Outbox::Queue(queue))
                if several == Several::BesideEachOther && !jobs.is_empty() =>
            {
                let sent = Box::pin(send_to_each(jobs, request, (queue, call))).await;
                sent.map_err(|error| failed(HopError::Relay(error.into())))
            }
            (Chosen::Each(jobs), ..) if jobs.is_empty() => Ok(Answer::without_run(Outcome::NothingToDo)),
            (Chosen::Each(jobs), _, outbox) => {
                let (answer, failed) = Box::pin(self.in_turn(jobs, trigger, call)).await;
                match (failed, outbox) {
                    // The event comes again, and does nothing twice; a question is answered as far as it can be. Without a
                    // queue the answer has what goes on.
                    (Some(error), Outbox::Queue(_)) if !matches!(trigger, Trigger::Status(_)) => Err(error),
                    _ => Ok(answer),
                }
            }
            (Chosen::One(_), ..) => unreachable!("it was worked on"),
        }
    }

    /// One job after the other, each for its share of the time. What is the matter with one does not touch the others;
    /// the first error is answered, too.
    async fn in_turn(&self, jobs: ChosenJobs, trigger: &Trigger, call: Call<'_>) -> (Answer, Option<HopError>) {
        let mut left = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        let (mut done, mut failed) = (Vec::with_capacity(jobs.len()), None);
        for (name, job) in jobs {
            let clock = call.clock.shared_by(left);
            left -= 1;
            let worked = match job {
                Ok(job) => {
                    let (trigger, call) = (trigger.of_job(&name), Call { clock, ..call.of(&job) });
                    match Start::new(&job.database, clock).await {
                        Ok(start) => Box::pin(self.hop(&job, start, &trigger, call)).await,
                        Err(error) => {
                            tell_failure(&trigger, call);
                            Err(error.into())
                        }
                    }
                }
                Err(error) => {
                    tell_failure(trigger, call);
                    Err(error.into())
                }
            };
            done.push(match worked {
                Ok(answer) => answer.of(name),
                Err(error) => {
                    let text = words::chain(&error);
                    tracing::error!(job = %name, error = text, "the job failed; the others go on");
                    failed.get_or_insert(error);
                    OfJob { job: name, error: Some(text), answer: None }
                }
            });
        }
        (Answer::of_each(done), failed)
    }

    /// One hop of a job, and what it came to: one line in the log, one of metrics.
    async fn hop(&self, job: &Job, start: Start, trigger: &Trigger, call: Call<'_>) -> Result<Answer, HopError> {
        let Call { metrics, trace, .. } = call;
        let clock = call.clock.for_at_most(job.work.hop_budget);
        let runner = Runner { means: job.means(self.model), relay: &call };
        let span = tracing::info_span!("hop", trace_id = trace, job = %job.name);
        let answer = match runner.hop_from(start, trigger, clock).instrument(span).await {
            Ok(answer) => answer,
            Err(error) => {
                tell_failure(trigger, call);
                return Err(error);
            }
        };
        metrics.hop_ended(&answer, now());
        tracing::info!(
            job = %job.name, run = answer.run_id.map(|id| id.0), kind = answer.kind.map(RunKind::name), trace_id = trace,
            outcome = %answer.outcome, state = answer.state.map(|state| state.name()),
            predicted = answer.counts.predicted, failed = answer.counts.failed, pending = answer.counts.pending,
            pages = answer.counts.pages, hop_predicted = answer.hop.predicted, hop_failed = answer.hop.failed,
            longest_page_ms = answer.hop.longest_page.as_millis() as u64,
            changed_class = answer.backfill.map(|backfill| backfill.changed_class),
            mean_absolute_change = answer.backfill.and_then(|backfill| backfill.mean_absolute_change),
            spare_seconds = answer.spare_seconds, forecast_spare_seconds = answer.forecast_spare_seconds,
            oldest_pending_seconds = answer.oldest_pending_seconds, drift_ratio = answer.drift_ratio,
            class_drift_ratio = answer.class_drift_ratio, elapsed_ms = answer.elapsed_ms,
            rows_per_second = answer.rows_per_second, continuations = answer.continuations.len(), "hop ended"
        );
        Ok(answer)
    }
}

/// Sends a message to each job. Where one cannot be sent, the others are all the same; the event comes again then, and
/// sends nothing twice.
async fn send_to_each(
    jobs: ChosenJobs,
    request: &Request,
    (queue, call): (&SqsQueue, Call<'_>),
) -> Result<Answer, QueueError> {
    let names: Vec<JobName> = jobs.into_iter().map(|(name, _)| name).collect();
    let mut failed = None;
    for names in names.chunks(AT_ONCE) {
        let send = |job| queue.send_request(job, request, (call.now, call.trace));
        let sent = join_all(names.iter().map(send)).await;
        failed = sent.into_iter().filter_map(Result::err).next().or(failed);
    }
    tracing::info!(jobs = names.len(), "a message was sent to each job");
    let sent = names.into_iter().map(|job| OfJob { job, error: None, answer: None }).collect();
    failed.map_or_else(|| Ok(Answer { jobs: sent, ..Answer::without_run(Outcome::Sent) }), Err)
}

/// Says in the metrics that a hop failed.
fn tell_failure(trigger: &Trigger, call: Call<'_>) {
    let kind = match trigger {
        Trigger::Open(request) => Some(request.kind),
        _ => None,
    };
    match kind {
        Some(RunKind::Canary) => call.metrics.canary_failed(call.now),
        kind => call.metrics.hop_failed(kind, call.now),
    }
}
