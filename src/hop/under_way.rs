//! A hop under way: what its stages share.

use std::mem::take;
use std::time::Duration;

use serde_json::json;

use super::clock::{Began, Clock};
use super::error::HopError;
use super::forecast::Forecast;
use super::lane_sessions::LaneSessions;
use super::means::Means;
use super::relay::Relay;
use super::step::Step;
use crate::answer::{HopWork, Part, Waiting};
use crate::drift::Ratios;
use crate::event::{Continuation, Request};
use crate::run::{RunId, RunState};
use crate::store::lanes::{self, Due};
use crate::store::measures;
use crate::store::session::Session;
use crate::store::statement::Statement;
use crate::store::trace::{Act, acting, saw};
use crate::window::Time;

/// One hop under way.
pub(super) struct Hop<'h> {
    pub means: Means<'h>,
    pub relay: &'h dyn Relay,
    pub clock: Clock,
    pub began: Began,
    /// The hop's own session, which also holds a worker's lanes.
    pub session: Session,
    /// The sessions beside it.
    pub lanes: &'h LaneSessions,
    /// What is to be opened once the run at hand, which came first, is finished.
    pub asked: Option<Request>,
    pub done: Done,
}

/// What a hop did so far, for its answer.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The run that it had a part in: what the hop takes is added to that run's.
    pub part_in: Option<RunId>,
    /// The run that is worked on just now, on whose row an error is noted.
    pub about: Option<RunId>,
    /// Whether what was asked for was found or opened: what fails later is no refusal.
    pub is_open: bool,
    /// Of the hop's time, what was added to a run's already.
    pub billed: Duration,
    /// Its work on the run that it had a part in last.
    pub work: HopWork,
    /// Its parts in runs that it finished before.
    pub earlier: Vec<Part>,
    /// Continuations that were sent.
    pub sent: Vec<Continuation>,
    /// What the run waits for, if it does.
    pub waiting: Option<Waiting>,
    /// Absent where nothing can be forecast.
    pub forecast: Option<Forecast>,
    /// What the run saw that was finished.
    pub drift: Ratios,
    /// Whether predictions whose truth has come are worse than they may be, if that is known.
    pub is_quality_missed: Option<bool>,
    /// Whether the table lacks the column in which the truth is to arrive.
    pub is_truth_missing: bool,
    /// Age of the oldest item when the run began.
    pub oldest_pending_seconds: Option<u64>,
}

impl Hop<'_> {
    /// The hop's part in the run that it works on, which is in this state now.
    pub(super) fn part(&self, run_id: RunId, state: RunState) -> Part {
        let Done { work, drift, .. } = self.done;
        Part { run_id, taken_up: self.asked.is_some(), state, work, drift }
    }

    /// One run is done with, and the next begins.
    pub(super) fn begin_another(&mut self, finished: Part) {
        let mut earlier = take(&mut self.done.earlier);
        earlier.push(finished);
        self.done = Done { billed: self.clock.elapsed(), earlier, ..Done::default() };
    }

    /// Makes a worker's hop due and sends its continuation. A crash in between is healed by the
    /// redelivery of the message that started this hop.
    pub(super) async fn send_off(
        &mut self,
        run: RunId,
        due: Due,
        (notes, sends): (Act, Act),
    ) -> Result<Continuation, HopError> {
        acting(notes.alone(), None, self.session.ask(|| lanes::hand_over(run, due))).await?;
        saw(notes, None, || json!({ "worker": due.worker, "number": due.hop }));
        self.send(self.continuation(run, due), sends).await
    }

    /// The message that starts a worker's hop.
    pub(super) fn continuation(&self, run_id: RunId, Due { worker, hop }: Due) -> Continuation {
        Continuation { job: self.means.table().job.clone(), run_id, worker, hop, not_before: None }
    }

    /// Sends the continuation of a hop that is due, not to come before a time.
    pub(super) async fn send_later(&mut self, run: RunId, due: Due, at: Time) -> Result<Continuation, HopError> {
        let later = Continuation { not_before: Some(at), ..self.continuation(run, due) };
        self.send(later, Act::SendContinuation).await
    }

    /// Sends a continuation of a hop that is due already.
    pub(super) async fn send(&self, continuation: Continuation, sends: Act) -> Result<Continuation, HopError> {
        let send = async || self.relay.send(&continuation).await.map_err(HopError::Relay);
        acting(sends.alone(), None, Step::SendContinuation.perform(send)).await?;
        saw(sends, None, || json!({ "worker": continuation.worker, "number": continuation.hop }));
        Ok(continuation)
    }

    /// Adds what the hop took since it said so last to the run that it had a part in: all but the last
    /// words, and Lambda's own start.
    pub(super) fn bill(&self, run: RunId) -> impl Fn() -> Statement<()> + use<> {
        let (is_mine, memory_mb) = (self.done.part_in == Some(run), self.means.work.memory_mb);
        let (clock, billed) = (self.clock, self.done.billed);
        move || {
            let took = clock.elapsed().saturating_sub(billed);
            let milliseconds = (took.as_secs_f64() * 1e3).ceil() as u64;
            if is_mine { measures::add_billed(run, milliseconds, memory_mb) } else { Statement::nothing() }
        }
    }
}
