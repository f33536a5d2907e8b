//! A job's way through what is asked of it, hop after hop, alone or in turn with others.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rowscore::answer::{Answer, Outcome, Part};
use rowscore::event::{Request, Trigger};
use rowscore::hop::{Clock, Decides, HopError, Job, Runner, Start};
use rowscore::model::Model;
use rowscore::words;

use crate::by_hand::ByHand;
use crate::out::say;

/// Whether somebody asked to stop.
pub(crate) static HALT: AtomicBool = AtomicBool::new(false);

/// Runs that may come first, one after the other.
const MOST_BEFORE: usize = 10;

/// How often a run is looked at that waits. A look costs nothing here.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often somebody who rests looks whether to stop.
const BLINK: Duration = Duration::from_millis(100);

/// The least that a hop of one of several jobs has to itself.
const LEAST_SHARE: Duration = Duration::from_secs(5);

/// What the program brings along: the model, who decides whether that scores, and the way to others.
#[derive(Clone, Copy)]
pub(crate) struct Brought<'b> {
    pub model: &'static Model,
    pub decides: Decides,
    pub by_hand: &'b ByHand,
}

/// The clock of a hop that may take so long.
pub(crate) fn clock(budget: Duration) -> Clock {
    Clock::starting(None, Duration::ZERO, budget).until_halted(&HALT)
}

/// How long a hop of each of so many jobs takes, at most: none waits longer for the others than for one of its own.
pub(crate) fn share(budget: Duration, jobs: usize) -> Duration {
    let parts = u32::try_from(jobs).unwrap_or(u32::MAX).max(1);
    (budget / parts).max(LEAST_SHARE).min(budget)
}

/// A job at work. The continuations of each answer are followed until there are none. Where another run came first, and
/// took more than a hop, it is asked again.
pub(crate) struct Turn {
    job: Arc<Job>,
    request: Request,
    budget: Duration,
    begun: Instant,
    waiting: VecDeque<Trigger>,
    rounds: usize,
    came_first: bool,
    last: Option<Answer>,
    /// When the run is looked at again that waits, if it does.
    rests_until: Option<Instant>,
    /// What all hops did.
    runs: Vec<Part>,
}

impl Turn {
    pub(crate) fn new(job: Arc<Job>, request: Request) -> Self {
        let (budget, waiting) = (job.work.hop_budget, VecDeque::from([Trigger::Open(request.clone())]));
        let begun = Instant::now();
        Self {
            job,
            request,
            budget,
            begun,
            waiting,
            rounds: 1,
            came_first: false,
            last: None,
            rests_until: None,
            runs: Vec::new(),
        }
    }

    /// The same, with hops that take so long at most.
    pub(crate) fn with_hops_of(self, budget: Duration) -> Self {
        Self { budget: budget.min(self.budget), ..self }
    }

    pub(crate) fn job(&self) -> &Job {
        &self.job
    }

    /// Whether its run waits, and is to be looked at again later.
    pub(crate) fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }

    /// How long it has been at work, and waited for others.
    pub(crate) fn took(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Hop after hop.
    pub(crate) async fn finished(mut self, brought: Brought<'_>, start: Start) -> Result<Self, HopError> {
        let mut start = Some(start);
        while self.next_hop(brought, start.take()).await? {}
        Ok(self)
    }

    /// One more hop, begun already or not. Answers whether there is another.
    pub(crate) async fn next_hop(&mut self, brought: Brought<'_>, start: Option<Start>) -> Result<bool, HopError> {
        while self.rests() && !HALT.load(Ordering::Relaxed) {
            tokio::time::sleep(BLINK).await;
        }
        let Some(trigger) = self.waiting.pop_front().filter(|_| !HALT.load(Ordering::Relaxed)) else {
            return Ok(false);
        };
        let runner = Runner { means: self.job.means(brought.model), relay: brought.by_hand };
        let clock = clock(self.budget);
        let start = match start {
            Some(start) => start,
            None => Start::new(&self.job.database, clock).await?,
        };
        let answer = runner.hop_as(start, &trigger, clock, brought.decides).await?;
        self.rest(&answer);
        self.came_first |= answer.runs.last().is_some_and(|part| part.taken_up);
        answer.runs.iter().for_each(|part| add(&mut self.runs, *part));
        self.waiting.extend(answer.continuations.iter().cloned().map(Trigger::Continue));
        if self.waiting.is_empty()
            && self.came_first
            && answer.outcome == Outcome::Finished
            && self.rounds < MOST_BEFORE
        {
            self.waiting.push_back(Trigger::Open(self.request.clone()));
            self.came_first = false;
            self.rounds += 1;
        }
        self.last = Some(answer);
        Ok(!self.waiting.is_empty())
    }

    /// Rests if the run waits. Why is said once.
    fn rest(&mut self, answer: &Answer) {
        let next = answer.waiting.as_ref().zip(answer.run_id);
        if let Some((waiting, run)) = next.filter(|_| self.rests_until.is_none()) {
            let why = words::plain(&waiting.why);
            say!("Run {run} waits, and goes on by itself when that is over: {why}. Ctrl-C ends it here.");
        }
        self.rests_until = next.map(|_| Instant::now() + LOOK_EVERY);
    }

    /// The last hop's answer, with what all did; `None`: there was no time for any.
    pub(crate) fn answer(&self) -> Option<Answer> {
        self.last.as_ref().map(|answer| Answer { runs: self.runs.clone(), ..answer.clone() })
    }
}

/// Adds what one more hop did.
fn add(runs: &mut Vec<Part>, part: Part) {
    match runs.iter_mut().find(|known| known.run_id == part.run_id) {
        Some(known) => {
            known.work.add(part.work);
            known.taken_up |= part.taken_up;
            known.state = part.state;
        }
        None => runs.push(part),
    }
}
