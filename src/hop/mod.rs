//! One hop, by named steps: `open_run` → `claim_lanes` → per lane, { `read_page` → `score_page` →
//! `write_page` → `commit_page` } → `send_continuation` or `finish_run` → `respond`.
//!
//! This is the core. It knows the database and the model, and of the world outside only a
//! [`Trigger`], a [`Deadline`] and a [`Relay`] for continuations: nothing of Lambda or SQS.

mod aside;
mod canary;
mod census;
mod check;
mod compare;
mod deadline;
mod drift;
mod end;
mod forecast;
mod lane;
mod open;
mod pace;
mod page;
mod plan;
mod relay;
mod respond;
mod scope;
mod side_by_side;
pub mod step;
mod succession;
mod watch;

use std::error::Error;
use std::time::Duration;

use futures_util::future::join;

use crate::answer::{Answer, HopWork, Outcome};
use crate::config::WorkConfig;
use crate::event::{Continuation, Request, Trigger};
use crate::model::Model;
use crate::run::{Pass, RunId, RunKind, RunState};
use crate::store::runs::Run;
use crate::store::session::Session;
use crate::store::{Database, StoreError, hold, lanes, runs};
use crate::window::Time;

use aside::Aside;
pub use check::{Fit, Unfit, check_columns};
pub use deadline::Deadline;
use end::{Ended, fail_for_failures, finish_run, may_run_out_of_hops};
pub use end::{Steered, steer, stop};
pub use forecast::Late;
use lane::{Job, LaneEnd};
use open::{Opened, Opening, open_run};
pub use plan::{Basis, Plan, plan};
pub use relay::{InAnswer, Relay};
use step::Step;

/// Why a hop failed. What was committed before stays; a repeated delivery or the next tick goes on.
#[derive(Debug, thiserror::Error)]
pub enum HopError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The table, its rows and the model do not fit each other. Nothing was touched.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The continuation could not be sent.
    #[error("sending the continuation: {0}")]
    Relay(#[source] Box<dyn Error + Send + Sync>),
    /// A canary found something different from what it should be.
    #[error("the canary failed: {0}")]
    Canary(String),
}

/// What hops are made with.
#[derive(Debug)]
pub struct Runner<'a, R> {
    /// The database that holds the items.
    pub database: &'a Database,
    /// How runs are worked off.
    pub work: &'a WorkConfig,
    /// What scores the items.
    pub model: &'a Model,
    /// Where continuations go.
    pub relay: &'a R,
}

/// One hop under way.
#[derive(Debug)]
struct Hop<'h, R> {
    database: &'h Database,
    work: &'h WorkConfig,
    model: &'h Model,
    relay: &'h R,
    /// When it starts.
    now: Time,
    deadline: Deadline,
    /// Beside the hop's first session one for each lane, which connects as the hop begins.
    aside: &'h Aside,
}

/// One worker's part of a run that a hop is about to take.
#[derive(Clone, Copy, Debug)]
struct Turn {
    worker: u16,
    hop: u32,
}

impl<R: Relay> Runner<'_, R> {
    /// Does what `trigger` asks for, for as long as `deadline` allows. `now` is the present time.
    ///
    /// # Errors
    /// The hop failed and may be repeated.
    pub async fn hop(&self, trigger: &Trigger, now: Time, deadline: Deadline) -> Result<Answer, HopError> {
        let trigger = match trigger {
            Trigger::Wake(wake) => &wake.event,
            asked => asked,
        };
        let Self { database, work, model, relay } = *self;
        let aside = &Aside::new(database, work.lanes);
        let hop = Hop { database, work, model, relay, now, deadline: deadline.of_hop_at(now), aside };
        hop.check_names(trigger)?;
        let mut session = Session::new(database);
        // Boxed: a hop's future is deep, and its type would be as deep in every caller's.
        let result = match trigger {
            Trigger::Open(request) if request.kind == RunKind::Canary => {
                Box::pin(hop.canary(&mut session, request)).await
            }
            Trigger::Open(request) => Box::pin(hop.open(&mut session, request)).await,
            Trigger::Continue(message) => Box::pin(hop.go_on(&mut session, *message)).await,
            Trigger::Status | Trigger::Wake(_) => Box::pin(hop.status(&mut session)).await,
        };
        join(session.close(), aside.close()).await;
        result
    }
}

impl<R: Relay> Hop<'_, R> {
    async fn open(&self, session: &mut Session, request: &Request) -> Result<Answer, HopError> {
        // Whoever is refused is refused once, not on each connection.
        session.connect().await?;
        self.aside.ready_during(self.open_connected(session, request)).await
    }

    async fn open_connected(&self, session: &mut Session, request: &Request) -> Result<Answer, HopError> {
        self.check_table(session).await?;
        let opening = self.opening();
        loop {
            let opened = session.run(async |conn| open_run(conn, opening, request).await).await?;
            match opened {
                Opened::New(run, workers) => {
                    // Of before the first page: a lane has its session when the question is answered.
                    let oldest = async { self.oldest_pending(&mut *self.aside.first().await, &run).await };
                    let (oldest, answer) = join(oldest, self.set_off(session, &run, workers)).await;
                    let (oldest, answer) = (oldest?, answer?);
                    return Ok(Answer { oldest_pending_seconds: answer.oldest_pending_seconds.or(oldest), ..answer });
                }
                Opened::Unfit(unfit) => return Err(unfit.into()),
                Opened::Empty(id) => return self.respond_with(session, id, Outcome::NothingToDo, 0).await,
                Opened::Over(run) => return self.respond(session, run.id, Outcome::NothingToDo).await,
                Opened::InTheWay(run) => {
                    tracing::warn!(run = %run.id, "no dry run while a backfill that writes is unfinished");
                    return self.respond(session, run.id, Outcome::AlreadyRunning).await;
                }
                Opened::Unfinished(run) => {
                    tracing::info!(run = %run.id, window = %run.window, "an unfinished run comes first");
                    let answer = self.take_up(session, &run).await?;
                    let own = request.tick.is_some() && run.tick == request.tick;
                    if own || answer.outcome != Outcome::Finished || !self.deadline.allows(Duration::ZERO) {
                        return Ok(answer);
                    }
                }
            }
        }
    }

    fn opening(&self) -> Opening<'_> {
        let Self { database, work, model, now, aside, .. } = *self;
        Opening { database, work, model, now, aside }
    }

    /// Takes up a run, with the workers whose lanes are not finished.
    async fn take_up(&self, session: &mut Session, run: &Run) -> Result<Answer, HopError> {
        if run.state != RunState::Running {
            return self.respond(session, run.id, Outcome::Stopped).await;
        }
        let id = run.id;
        let workers = session.ask(|| lanes::unfinished_workers(id)).await?;
        if workers.is_empty() {
            return self.finish(session, run, 0).await;
        }
        self.set_off(session, run, workers).await
    }

    /// Works on the lanes of the first of the workers that nobody holds, and sends the others off. For a
    /// new run these are all; of an unfinished one they are those that vanished.
    async fn set_off(&self, session: &mut Session, run: &Run, workers: Vec<(u16, u32)>) -> Result<Answer, HopError> {
        let id = run.id;
        let mut mine = None;
        let mut sent = Vec::new();
        for (worker, hop) in workers {
            // A new number even where a hop was due: the queue would take the same message for a
            // duplicate, and whoever still has the old one finds it stale.
            let turn = Turn { worker, hop: hop + 1 };
            if mine.is_none() {
                if session.ask(|| hold::hold(id, worker)).await? {
                    mine = Some(turn);
                }
            } else if !session.ask(|| hold::is_held(id, worker)).await? {
                sent.push(self.send_off(session, id, turn).await?);
            }
        }
        match mine {
            Some(turn) => self.work(session, run, turn, sent).await,
            None => self.respond(session, id, Outcome::AlreadyRunning).await,
        }
    }

    /// Makes a worker's turn due and sends its continuation.
    async fn send_off(&self, session: &mut Session, run: RunId, turn: Turn) -> Result<Continuation, HopError> {
        session.ask(|| lanes::hand_over(run, turn.worker, turn.hop)).await?;
        self.send_continuation(Continuation { run_id: run, worker: turn.worker, hop: turn.hop }).await
    }

    /// A continuation arrived. It is trusted for nothing but where to look.
    async fn go_on(&self, session: &mut Session, message: Continuation) -> Result<Answer, HopError> {
        let Continuation { run_id: id, worker, hop } = message;
        let table = self.database.items_table();
        let Some(run) = session.ask(|| runs::find(table, id)).await? else {
            tracing::warn!(run = %id, table = table.as_str(), "a continuation of a run that the table does not have");
            return Ok(Answer::without_run(Outcome::Stale));
        };
        match run.state {
            _ if run.kind == RunKind::Canary => return self.respond(session, id, Outcome::Stale).await,
            RunState::Running | RunState::Cancelled if run.model_version != self.model.version().to_string() => {
                return self.take_over(session, &run).await;
            }
            RunState::Running => {}
            RunState::Succeeded | RunState::SucceededWithFailures => {
                return self.respond(session, id, Outcome::Stale).await;
            }
            RunState::Paused | RunState::Failed | RunState::Cancelled => {
                return self.respond(session, id, Outcome::Stopped).await;
            }
        }
        let (held, lanes) = session.ask(|| hold::hold(id, worker).and(lanes::unfinished(id, worker))).await?;
        if !held {
            return self.respond(session, id, Outcome::AlreadyRunning).await;
        }
        let Some(due) = lanes.iter().map(|lane| lane.hop).max() else {
            // The worker vanished between its last page and the end of the run, or is long done.
            return self.finish(session, &run, 0).await;
        };
        if hop < due {
            // An old message, and nobody at work: whoever sent it may have vanished before sending
            // the next. Sending that again is harmless.
            let next = self.send_continuation(Continuation { run_id: id, worker, hop: due }).await?;
            let mut answer = self.respond(session, id, Outcome::Stale).await?;
            answer.continuations.push(next);
            return Ok(answer);
        }
        // The lanes' own number, not the message's: no message can use up the hops that are left.
        self.work(session, &run, Turn { worker, hop: due }, Vec::new()).await
    }

    /// Works on one worker's lanes, which this session holds, side by side.
    async fn work(
        &self,
        session: &mut Session,
        run: &Run,
        turn: Turn,
        mut sent: Vec<Continuation>,
    ) -> Result<Answer, HopError> {
        let forecast = self.forecast(session, run).await?;
        let done = match self.work_lanes(session, run, turn, forecast.as_ref()).await {
            Ok(done) => done,
            Err(error) => {
                let text = error.to_string();
                // The hop's own error is what counts, also where it cannot be noted.
                let _ = session.run(async |conn| runs::note_error(conn, run.id, &text).await).await;
                return Err(error.into());
            }
        };
        let mut hop = HopWork::default();
        done.iter().for_each(|lane| hop.add(lane.hop));
        let rows = hop.predicted + hop.failed;
        let any = |end: LaneEnd| done.iter().any(|lane| lane.end == end);
        let mut answer = if any(LaneEnd::TakenOver) {
            self.respond_with(session, run.id, Outcome::Stale, rows).await?
        } else if any(LaneEnd::TooManyFailures) {
            let job = self.job(run);
            session.run(async |conn| fail_for_failures(conn, job).await).await?;
            self.respond_with(session, run.id, Outcome::Stopped, rows).await?
        } else if any(LaneEnd::Stopped) {
            self.respond_with(session, run.id, Outcome::Stopped, rows).await?
        } else if any(LaneEnd::OutOfTime) {
            self.hand_over(session, run, turn, &mut sent, rows).await?
        } else {
            self.finish(session, run, rows).await?
        };
        answer.continuations.splice(0..0, sent);
        answer.hop.add(hop);
        if let Some(late) = forecast.and_then(|forecast| forecast.judge(answer.forecast_spare_seconds?)) {
            self.relay.will_be_late(&late);
        }
        Ok(answer)
    }

    /// Time is up: makes the next hop due, then sends its continuation. A crash in between is
    /// healed by the redelivery of the message that started this hop.
    async fn hand_over(
        &self,
        session: &mut Session,
        run: &Run,
        turn: Turn,
        sent: &mut Vec<Continuation>,
        rows: u64,
    ) -> Result<Answer, HopError> {
        let next = Turn { hop: turn.hop + 1, ..turn };
        if next.hop > self.work.max_hops && may_run_out_of_hops(run) {
            let why = format!("worker {} used up its {} hops (MAX_HOPS)", turn.worker, self.work.max_hops);
            let table = self.database.items_table();
            session.run(async |conn| stop(conn, table, run.id, RunState::Failed, Some(&why)).await).await?;
            return self.respond_with(session, run.id, Outcome::Stopped, rows).await;
        }
        // Let go first: the continuation may be delivered before this hop has ended.
        session.ask(hold::release).await?;
        sent.insert(0, self.send_off(session, run.id, next).await?);
        self.respond_with(session, run.id, Outcome::Continued, rows).await
    }

    async fn send_continuation(&self, continuation: Continuation) -> Result<Continuation, HopError> {
        let send = async || self.relay.send(&continuation).await.map_err(HopError::Relay);
        Step::SendContinuation.perform(send).await?;
        Ok(continuation)
    }

    /// This worker's lanes are done. Ends the run if they were the last.
    async fn finish(&self, session: &mut Session, run: &Run, rows: u64) -> Result<Answer, HopError> {
        let job = self.job(run);
        match session.run(async |conn| finish_run(conn, job, self.aside).await).await? {
            Ended::Lanes if run.pass == Pass::Check => self.leave_check(session, run, rows).await,
            Ended::Lanes => self.respond_with(session, run.id, Outcome::LanesFinished, rows).await,
            Ended::Run(drift) => {
                let answer = self.respond_with(session, run.id, Outcome::Finished, rows).await?;
                Ok(answer.with_drift(drift))
            }
        }
    }

    /// This worker's lanes are done with the first pass. Goes on with the second, if it has begun.
    async fn leave_check(&self, session: &mut Session, run: &Run, rows: u64) -> Result<Answer, HopError> {
        // Lets go first, then looks: whoever begins the second pass sends off nobody who holds lanes.
        session.ask(hold::release).await?;
        let table = self.database.items_table();
        match session.ask(|| runs::find(table, run.id)).await? {
            Some(run) if run.state == RunState::Running && run.pass == Pass::Write => {
                Box::pin(self.take_up(session, &run)).await
            }
            _ => self.respond_with(session, run.id, Outcome::LanesFinished, rows).await,
        }
    }

    fn job<'j>(&'j self, run: &'j Run) -> Job<'j> {
        Job { run, database: self.database, model: self.model, work: self.work }
    }
}
