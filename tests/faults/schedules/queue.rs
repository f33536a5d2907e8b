//! The queue, simulated: in order within a worker's messages, each once within five minutes, at least once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use rowscore::event::Continuation;
use rowscore::hop::{Reached, Relay};
use rowscore::store::turn::{Referee, Verdict, begin};

use super::table::Seat;

type Key = (u64, u16, u32);

fn key(message: &Continuation) -> Key {
    (message.run_id.0, message.worker, message.hop)
}

/// What is in the queue.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    /// In the order in which they were sent.
    there: Vec<Continuation>,
    /// Those that were sent within five minutes.
    seen: BTreeSet<Key>,
    /// Those that are at work.
    delivered: Vec<Continuation>,
}

impl Queue {
    fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.0.lock().unwrap())
    }

    fn send(&self, message: Continuation) {
        self.with(|held| {
            if held.seen.insert(key(&message)) {
                held.there.push(message);
            }
        });
    }

    /// The first of each group of which none is at work.
    pub(super) fn deliverable(&self) -> Vec<Continuation> {
        self.with(|held| {
            let mut first: Vec<Continuation> = Vec::new();
            let group = |message: &Continuation| (message.run_id, message.worker);
            for message in &held.there {
                let is_behind = first.iter().chain(&held.delivered).any(|other| group(other) == group(message));
                if !is_behind {
                    first.push(message.clone());
                }
            }
            first
        })
    }

    /// Delivers a message.
    pub(super) fn deliver(&self, message: Continuation) {
        self.with(|held| {
            held.there.retain(|other| *other != message);
            held.delivered.push(message);
        });
    }

    /// A message's hop is over: it is deleted, or comes again.
    pub(super) fn settle(&self, message: Continuation, is_done: bool) {
        self.with(|held| {
            if let Some(at) = held.delivered.iter().position(|other| *other == message) {
                held.delivered.remove(at);
                if !is_done {
                    held.there.insert(0, message);
                }
            }
        });
    }
}

/// The way into the queue, for one hop.
pub(super) struct Way {
    pub queue: Queue,
    pub seat: Arc<Seat>,
}

impl Relay for Way {
    fn send<'r>(&'r self, message: &'r Continuation) -> Reached<'r> {
        Box::pin(async move {
            let verdict = self.seat.arrive("sending a continuation").await;
            if verdict != Verdict::LostBefore {
                begin();
                self.queue.send(message.clone());
            }
            if verdict == Verdict::Made { Ok(()) } else { Err("lost by lot".into()) }
        })
    }
}
