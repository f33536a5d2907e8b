//! The loop of a hop: stage after stage, until one says that the hop is over.

use std::time::Duration;

use futures_util::future::join;

use super::canary::try_out;
use super::check::check_names;
use super::clock::Clock;
use super::error::HopError;
use super::finish::finish;
use super::go_on::go_on;
use super::hand_over::hand_over;
use super::lane_sessions::LaneSessions;
use super::look_up::look_up;
use super::means::Means;
use super::next::Next;
use super::open::open;
use super::relay::Relay;
use super::respond::respond;
use super::set_off::{set_off, take_up};
use super::succession::succeed;
use super::under_way::{Done, Hop};
use super::work::work;
use crate::answer::Answer;
use crate::event::Trigger;
use crate::run::RunKind;
use crate::store::runs;
use crate::store::session::Session;
use crate::words;

/// How long noting an error may take: the hop's time may be up.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// What hops are made with.
#[derive(Debug)]
pub struct Runner<'a, R> {
    /// What they work with.
    pub means: Means<'a>,
    /// Where continuations go.
    pub relay: &'a R,
}

impl<R: Relay> Runner<'_, R> {
    /// Does what `trigger` asks for, for as long as `clock` allows.
    ///
    /// # Errors
    /// The hop failed and may be repeated.
    pub async fn hop(&self, trigger: &Trigger, clock: Clock) -> Result<Answer, HopError> {
        let Self { means, relay } = *self;
        let trigger = match trigger {
            Trigger::Wake(wake) => &wake.event,
            asked => asked,
        };
        check_names(means, trigger)?;
        let lanes = &LaneSessions::new(means.database, means.work.lanes).until(clock.gives_up_at());
        let session = Session::new(means.database).until(clock.gives_up_at());
        let mut hop = Hop { means, relay, clock, session, lanes, asked: None, done: Done::default() };
        // Boxed: a hop's future is deep, and its type would be as deep in every caller's.
        let result = Box::pin(hop.answer(trigger)).await;
        if let Err(error) = &result {
            hop.note(error).await;
        }
        join(hop.session.close(), lanes.close()).await;
        result
    }
}

impl<R: Relay> Hop<'_, R> {
    async fn answer(&mut self, trigger: &Trigger) -> Result<Answer, HopError> {
        match trigger {
            Trigger::Open(request) if request.kind == RunKind::Canary => self.go(Next::TryOut(request.clone())).await,
            Trigger::Open(request) => {
                // Whoever is refused is refused once, not on each connection.
                self.session.connect().await?;
                let lanes = self.lanes;
                lanes.ready_during(self.go(Next::Open(request.clone()))).await
            }
            Trigger::Continue(message) => self.go(Next::GoOn(*message)).await,
            Trigger::Status | Trigger::Wake(_) => self.go(Next::LookUp).await,
        }
    }

    /// Notes on the row of the run that was worked on why the hop failed.
    async fn note(&mut self, error: &HopError) {
        let Some(id) = self.done.about else { return };
        let text = words::chain(error);
        // The hop's own error is what counts, also where it cannot be noted.
        let _ = tokio::time::timeout(LAST_WORDS, self.session.ask(|| runs::note_error(id, &text))).await;
    }

    async fn go(&mut self, first: Next) -> Result<Answer, HopError> {
        let mut next = first;
        loop {
            let stage = next.stage();
            self.done.about = next.run();
            next = match next {
                Next::LookUp => look_up(self).await?,
                Next::Open(request) => open(self, request).await?,
                Next::TryOut(request) => try_out(self, &request).await?,
                Next::GoOn(message) => go_on(self, message).await?,
                Next::Succeed(run) => succeed(self, run).await?,
                Next::TakeUp(run) => take_up(self, run).await?,
                Next::SetOff(run, due) => set_off(self, run, due).await?,
                Next::Work(run, due) => work(self, run, due).await?,
                Next::HandOver(run, due) => hand_over(self, &run, due).await?,
                Next::Finish(run) => finish(self, run).await?,
                Next::Over(run, outcome) => return respond(self, run, outcome).await,
            };
            debug_assert!(stage.may_lead_to(next.stage()), "{stage} --> {}", next.stage());
        }
    }
}
