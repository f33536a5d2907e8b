//! What the code did, replayed as a path of the model.
//!
//! A trace says when each step's first round trip began and what it saw when it was answered. Between the two the step
//! was made, at one moment that nobody knows; of a step whose answer was lost nobody knows whether it was made at all.
//! So the replay has not one moment of the model in hand but all that agree with what was seen. Where none is left, code
//! and model part.

mod config;
mod ground;
mod pages;
mod steps;
mod trace;

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::promises;
use crate::state::{Message, Queue, RunState, Stage, Trigger};
use config::{Config, Seat, Verdict};
use ground::Ground;
use steps::Making;
use trace::{Line, NEVER, Op, Trace};

/// What may be made out of turn before a step that was seen, so that it can have been seen: other steps under way, and
/// connections that the server gave up.
const OUT_OF_TURN: usize = 4;

/// Moments in hand, at most.
const MOMENTS: usize = 4000;

/// What a replay came to.
#[derive(Clone, Debug, Default)]
pub struct Replayed {
    /// Steps that were observed and answered.
    pub steps: usize,
    /// The most moments in hand.
    pub moments: usize,
}

/// Where code and model part.
#[derive(Clone, Debug)]
pub struct Parting {
    /// The line of the trace, counted from 1 behind its setup.
    pub line: usize,
    /// What was observed.
    pub observed: String,
    /// What the model says to it, of each moment in hand.
    pub model: Vec<String>,
}

/// Which moments are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// Those with the least out of turn: mostly that is how it was.
    Quick,
    /// All.
    Thorough,
}

struct Replay<'t> {
    ground: Ground,
    trace: &'t Trace,
    /// Steps that began and may still be made.
    live: Vec<usize>,
    /// Hops that are gone, and those that lost a connection or a transaction.
    gone: BTreeSet<u64>,
    lost: BTreeSet<u64>,
    care: Care,
    at: usize,
}

/// Replays a trace.
///
/// # Errors
/// Where code and model part, or what is no trace of a setup that the model has.
pub fn replay(text: &str) -> Result<Replayed, Parting> {
    // Any way that is found is a path of the model, so only where the likely ones lead nowhere all of them are gone.
    replay_with(Care::Quick, text).or_else(|_| replay_with(Care::Thorough, text))
}

fn replay_with(care: Care, text: &str) -> Result<Replayed, Parting> {
    let part = |line: usize, why: String| Parting { line, observed: String::new(), model: vec![why] };
    let trace = Trace::read(text).map_err(|why| part(0, why))?;
    let ground = Ground::read(&trace.setup).map_err(|why| part(0, why))?;
    let mut moments = vec![Config::first(&ground.setup)];
    let mut replay =
        Replay { ground, trace: &trace, live: vec![], gone: BTreeSet::new(), lost: BTreeSet::new(), care, at: 0 };
    let mut replayed = Replayed::default();
    for (at, line) in trace.lines.iter().enumerate() {
        replay.at = at;
        let (next, against) = replay.line(line, &moments);
        if next.is_empty() {
            return Err(Parting { line: at + 1, observed: trace.texts[at].clone(), model: against });
        }
        moments = next;
        if let Some(broken) = moments.iter().find_map(|moment| replay.broken(moment)) {
            return Err(Parting { line: at + 1, observed: trace.texts[at].clone(), model: vec![broken] });
        }
        replayed.steps += usize::from(matches!(line, Line::Did(_)));
        replayed.moments = replayed.moments.max(moments.len());
    }
    Ok(replayed)
}

impl Replay<'_> {
    /// The moments after a line, and what each of those before had against it.
    fn line(&mut self, line: &Line, moments: &[Config]) -> (Vec<Config>, Vec<String>) {
        match line {
            Line::Begins(op) => {
                self.live.push(*op);
                (moments.to_vec(), vec![])
            }
            Line::Again(hop) => {
                self.lost.insert(*hop);
                (moments.to_vec(), vec![])
            }
            Line::Did(op) => {
                let next = self.did(*op, moments);
                self.live.retain(|other| other != op);
                next
            }
            Line::Starts(hop, cause) => self.each(moments, |moment| self.starts(*hop, cause, moment)),
            Line::Over(hop, is_done) => {
                let next =
                    self.each(moments, |moment| if *is_done { self.over(*hop, moment) } else { Ok(moment.clone()) });
                self.gone.insert(*hop);
                next
            }
            Line::Arrives(id) => self.each(moments, |moment| {
                let mut next = moment.clone();
                next.state.db.items[usize::from(*id - 1)].present = true;
                Ok(next)
            }),
            Line::Resumed => self.each(moments, |moment| {
                let mut next = moment.clone();
                let paused = next.state.db.runs.iter_mut().filter(|run| run.state == RunState::Paused);
                paused.for_each(|run| run.state = RunState::Running);
                Ok(next)
            }),
        }
    }

    fn starts(&self, hop: u64, cause: &Value, moment: &Config) -> Verdict<Config> {
        let mut next = moment.clone();
        let trigger = if let Some(tick) = cause["tick"].as_i64() {
            let tick = self.ground.unit(tick);
            next.state.now = next.state.now.max(tick);
            Trigger::Tick(tick)
        } else if let Some(worker) = cause["worker"].as_u64() {
            let run = next.place(cause["run"].as_u64().unwrap_or(0))? as u8;
            let message = Message { run, worker: worker as u8, hop: cause["number"].as_u64().unwrap_or(0) as u8 };
            if !Queue::is_in(&next.state.queue.seen, message) {
                return Err(format!("in the model nobody sent the message {message:?}"));
            }
            Trigger::Message(message, false)
        } else {
            // An operator.
            return Ok(next);
        };
        let free = next.state.hops.iter().position(|hop| hop.trigger == Trigger::Nobody);
        if free.is_none() || !crate::hop::begin(&self.ground.setup, &mut next.state, trigger) {
            return Err("the model has no room for one more hop".to_owned());
        }
        next.seats.insert(hop, Seat { main: free, ..Seat::default() });
        Ok(next)
    }

    /// A hop ended well: the model has nothing more for it to do.
    fn over(&self, hop: u64, moment: &Config) -> Verdict<Config> {
        let mut next = moment.clone();
        if let Ok(slot) = next.main(hop) {
            let setup = &self.ground.setup;
            if next.seats[&hop].is_at_work {
                next.join(setup, hop, slot)?;
            }
            if next.hop(slot).stage == Stage::SetOff {
                next.step(setup, slot)?;
            }
            let stage = next.hop(slot).stage;
            if !matches!(stage, Stage::Respond | Stage::Ended | Stage::Over) {
                return Err(format!("the hop ended, the model would do {stage:?} next"));
            }
        }
        next.vanish(hop);
        Ok(next)
    }

    /// A step was answered.
    fn did(&self, op: usize, moments: &[Config]) -> (Vec<Config>, Vec<String>) {
        self.each(moments, |moment| {
            let mut next = moment.clone();
            if !next.done.remove(&op) {
                self.make(op, &mut next)?;
            }
            Ok(next)
        })
    }

    /// What becomes of each moment.
    fn each(&self, moments: &[Config], what: impl Fn(&Config) -> Verdict<Config>) -> (Vec<Config>, Vec<String>) {
        let (mut next, mut against) = (HashSet::new(), Vec::new());
        for moment in moments {
            match self.ways(moment, &what) {
                Ok(made) => next.extend(made),
                Err(why) => against.push(why),
            }
            if next.len() > MOMENTS {
                return (vec![], vec![format!("more than {MOMENTS} moments agree with what was seen")]);
            }
        }
        (next.into_iter().collect(), against)
    }

    /// All the ways in which something may have happened; or, if that will do, those with the least out of turn.
    fn ways(&self, moment: &Config, what: &impl Fn(&Config) -> Verdict<Config>) -> Verdict<Vec<Config>> {
        let mut why = None;
        let mut ways = HashSet::from([moment.clone()]);
        let mut seen = ways.clone();
        let mut made = Vec::new();
        for _ in 0..=OUT_OF_TURN {
            for way in &ways {
                match what(way) {
                    Ok(next) => made.push(next),
                    Err(reason) => _ = why.get_or_insert(reason),
                }
            }
            if !made.is_empty() && self.care == Care::Quick {
                break;
            }
            ways = ways.iter().flat_map(|way| self.out_of_turn(way)).filter(|way| seen.insert(way.clone())).collect();
            if ways.is_empty() || seen.len() > MOMENTS {
                break;
            }
        }
        if made.is_empty() { Err(why.unwrap_or_default()) } else { Ok(made) }
    }

    fn make(&self, op: usize, config: &mut Config) -> Verdict {
        let op = &self.trace.ops[op];
        let is_over = self.gone.contains(&op.hop) && !config.seats.contains_key(&op.hop);
        if is_over && op.act != "stop_run" {
            return Err("the hop is gone".to_owned());
        }
        let (cause, has_lost) = (&self.trace.causes[&op.hop], self.lost.contains(&op.hop));
        let (hops, seats) = (config.state.hops, config.seats.clone());
        Making { ground: &self.ground, op, cause, has_lost, has_any_lost: !self.lost.is_empty() }.make(config)?;
        if op.answered == NEVER {
            config.forget(op, hops, seats);
        }
        Ok(())
    }

    /// What may happen beside the step that was seen.
    fn out_of_turn(&self, moment: &Config) -> Vec<Config> {
        let mut next = Vec::new();
        for other in self.live.iter().copied().filter(|other| !moment.done.contains(other)) {
            let mut made = moment.clone();
            if is_of_consequence(&self.trace.ops[other]) && self.make(other, &mut made).is_ok() {
                made.done.insert(other);
                next.push(made);
            }
        }
        for hop in moment.seats.keys().copied() {
            let is_leaving =
                self.gone.contains(&hop) || self.trace.last[&hop] <= self.at + 1 && moment.has_but_to_answer(hop);
            if is_leaving {
                let mut made = moment.clone();
                if made.vanish(hop) {
                    next.push(made);
                }
            }
            if self.lost.contains(&hop) {
                let mut made = moment.clone();
                if made.lose_hold(hop) {
                    next.push(made);
                }
                for lane in moment.seats[&hop].lanes.keys() {
                    let mut made = moment.clone();
                    if made.lose_page(hop, *lane) {
                        next.push(made);
                    }
                }
            }
        }
        next
    }

    /// A promise that is broken.
    fn broken(&self, moment: &Config) -> Option<String> {
        // Of hops and numbers it is told otherwise what uses them up.
        let all = promises::all().into_iter().filter(|promise| promise.name != "each hop makes progress");
        let mut broken = all.filter(|promise| !(promise.condition)(&self.ground.setup, &moment.state));
        broken.next().map(|promise| format!("broken: {}", promise.name))
    }
}

/// Whether a step matters of which nobody saw the answer: what only reads does not.
fn is_of_consequence(op: &Op) -> bool {
    let reads = ["open", "lay_out", "take_up", "go_on", "leave_check_look", "read_page"];
    op.answered != NEVER || !reads.contains(&op.act.as_str())
}
