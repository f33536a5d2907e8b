//! The loop of a hop: stage after stage, until one says that the hop is over.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join};

use super::canary::try_out;
use super::challenger::challenger_for;
use super::check::check_names;
use super::clock::Clock;
use super::error::HopError;
use super::finish::finish;
use super::go_on::go_on;
use super::hand_over::hand_over;
use super::in_use::{Decides, model_of};
use super::judging::judge_in_passing;
use super::lane_sessions::LaneSessions;
use super::look_up::look_up;
use super::means::Means;
use super::next::Next;
use super::open::open;
use super::opening::Opening;
use super::refusal::{Refused, note_refusal};
use super::relay::Relay;
use super::respond::respond;
use super::rest::rest;
use super::set_off::{set_off, take_up};
use super::start::Start;
use super::succession::succeed;
use super::telling::tell_in_passing;
use super::under_way::{Done, Hop};
use super::work::work;
use crate::answer::Answer;
use crate::event::Trigger;
use crate::run::RunKind;
use crate::store::StoreError;
use crate::store::runs;
use crate::words;

/// Stages of a hop, at most: a hop that goes from stage to stage and comes to no end is ended by an error.
/// A run that comes first, and the one that was asked for, take a quarter of it.
const STAGES: usize = 100;

/// How long noting an error may take: the hop's time may be up.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// What hops are made with.
pub struct Runner<'a> {
    /// What they work with.
    pub means: Means<'a>,
    /// Where continuations go.
    pub relay: &'a dyn Relay,
}

impl Runner<'_> {
    /// Does what `trigger` asks for, for as long as `clock` allows, with the model that the job uses. If it uses none
    /// that is stored, with that of the means.
    ///
    /// # Errors
    /// The hop failed and may be repeated.
    pub async fn hop(&self, trigger: &Trigger, clock: Clock) -> Result<Answer, HopError> {
        let start = Start::new(self.means.database, clock).await?;
        self.hop_from(start, trigger, clock).await
    }

    /// The same, of a hop that has begun.
    ///
    /// # Errors
    /// As [`Runner::hop`].
    pub async fn hop_from(&self, start: Start, trigger: &Trigger, clock: Clock) -> Result<Answer, HopError> {
        self.hop_as(start, trigger, clock, Decides::Job).await
    }

    /// The same, with the model of whoever decides. Boxed: its callers are deep themselves, and a hop is compiled here,
    /// once, and not in every program.
    ///
    /// # Errors
    /// As [`Runner::hop`].
    pub fn hop_as<'r>(
        &'r self,
        start: Start,
        trigger: &'r Trigger,
        clock: Clock,
        decides: Decides,
    ) -> LocalBoxFuture<'r, Result<Answer, HopError>> {
        Box::pin(self.hop_of(start, trigger, clock, decides))
    }

    async fn hop_of(
        &self,
        start: Start,
        trigger: &Trigger,
        clock: Clock,
        decides: Decides,
    ) -> Result<Answer, HopError> {
        let Self { means, relay } = *self;
        let trigger = match trigger {
            Trigger::Wake(wake) => &wake.event,
            asked => asked,
        };
        let lanes = &LaneSessions::new(means.database, means.work.lanes).until(clock.gives_up_at());
        let version = start.version_of(means.table()).filter(|_| decides == Decides::Job);
        let Start { mut session, began, .. } = start;
        // Boxed, as what is below: it happens once, and would make every hop's future as deep.
        let (stored, unusable) = match Box::pin(model_of(&mut session, means, version, trigger)).await {
            Ok(stored) => (stored, None),
            Err(error) => (None, Some(error)),
        };
        let means = Means { model: stored.as_deref().unwrap_or(means.model), ..means };
        let (challenger, unusable) = match unusable {
            Some(error) => (None, Some(error)),
            None => match Box::pin(challenger_for(&mut session, means, trigger)).await {
                Ok(challenger) => (challenger, None),
                Err(error) => (None, Some(error)),
            },
        };
        let means = Means { challenger: challenger.as_deref(), ..means };
        let mut hop = Hop { means, relay, clock, began, session, lanes, asked: None, done: Done::default() };
        let result = match unusable {
            Some(error) => Err(error),
            None => {
                // Boxed: a hop's future is deep, and its type would be as deep in every caller's.
                let answered = Box::pin(AssertUnwindSafe(hop.answer(trigger)).catch_unwind()).await;
                // A panic is an error like any other: the run says so, and the next hop tries again.
                answered.unwrap_or_else(|panic| Err(panicked(panic)))
            }
        };
        if let Err(error) = &result {
            Box::pin(hop.note(trigger, error)).await;
        }
        // Whoever cannot reach the database now need not try for longer.
        if !matches!((&result, trigger), (Err(HopError::Store(_)), _) | (_, Trigger::Status(_))) {
            Box::pin(tell_in_passing(&mut hop)).await;
        }
        join(hop.session.close(), lanes.close()).await;
        let job = Some(&means.table().job).filter(|job| !job.is_default()).cloned();
        result.map(|answer| Answer { job, ..answer })
    }
}

/// What a panic said, as an error.
fn panicked(panic: Box<dyn Any + Send>) -> HopError {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    HopError::Panicked(text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default())
}

impl Hop<'_> {
    async fn answer(&mut self, trigger: &Trigger) -> Result<Answer, HopError> {
        check_names(self.means, trigger)?;
        match trigger {
            Trigger::Open(request) if request.kind == RunKind::Canary => self.go(Next::TryOut(request.clone())).await,
            Trigger::Open(request) => {
                let lanes = self.lanes;
                lanes.ready_during(self.go(Next::Open(request.clone()))).await
            }
            Trigger::Continue(message) => self.go(Next::GoOn(message.clone())).await,
            // What tries everything out asks for a canary of its own.
            Trigger::Status(_) | Trigger::Doctor(_) | Trigger::Wake(_) | Trigger::Sleep(_) => {
                self.go(Next::LookUp).await
            }
        }
    }

    /// Notes why the hop failed: on the row of the run that was worked on, or where none could be opened, in one
    /// that says so.
    async fn note(&mut self, trigger: &Trigger, error: &HopError) {
        let text = words::chain(error);
        let opening = Opening::of(self);
        let table = opening.means.table();
        let model = match error {
            HopError::Model(unusable) => unusable.version,
            _ => opening.means.model.version(),
        };
        let noted = self.session.run(async |conn| match (self.done.about, trigger) {
            (Some(id), _) => runs::note_error(id, &text).ask(conn).await,
            (None, Trigger::Open(request)) if !self.done.is_open => {
                note_refusal(conn, opening, request, Refused { why: &text, model }).await
            }
            // No stage was reached: it is noted on the run that it would have gone on with, if there is one.
            (None, Trigger::Continue(message)) => match runs::find(table, message.run_id).ask(conn).await? {
                Some(run) if !run.state.is_over() => runs::note_error(run.id, &text).ask(conn).await,
                _ => Ok(()),
            },
            (None, _) => Ok(()),
        });
        // The hop's own error is what counts, also where it cannot be noted.
        let _ = tokio::time::timeout(LAST_WORDS, noted).await;
    }

    async fn go(&mut self, first: Next) -> Result<Answer, HopError> {
        let mut next = first;
        for _ in 0..STAGES {
            let stage = next.stage();
            self.done.about = next.run();
            self.done.is_open = !matches!(next, Next::Open(_) | Next::TryOut(_));
            // Boxed, each: they are deep, and what calls them would be as deep as the deepest.
            next = match next {
                Next::LookUp => Box::pin(look_up(self)).await?,
                Next::Open(request) => Box::pin(open(self, request)).await?,
                Next::TryOut(request) => Box::pin(try_out(self, &request)).await?,
                Next::GoOn(message) => Box::pin(go_on(self, message)).await?,
                Next::Succeed(run) => Box::pin(succeed(self, run)).await?,
                Next::TakeUp(run) => Box::pin(take_up(self, run)).await?,
                Next::SetOff(run, due) => Box::pin(set_off(self, run, due)).await?,
                Next::Work(run, due) => Box::pin(work(self, run, due)).await?,
                Next::HandOver(run, due) => Box::pin(hand_over(self, &run, due)).await?,
                Next::Rest(run, due, wait) => Box::pin(rest(self, &run, due, wait)).await?,
                Next::Finish(run) => Box::pin(finish(self, run)).await?,
                Next::Over(run, outcome) => {
                    Box::pin(judge_in_passing(self, outcome)).await;
                    return Box::pin(respond(self, run, outcome)).await;
                }
            };
            debug_assert!(stage.may_lead_to(next.stage()), "{stage} --> {}", next.stage());
        }
        let stage = next.stage();
        Err(StoreError::Unexpected(format!("a hop came to no end in {STAGES} stages, the next is {stage}")).into())
    }
}
