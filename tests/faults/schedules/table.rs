//! The table at which hops wait for their turn: what each of them would do next, and what it has of the server.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rowscore::store::turn::{Referee, Verdict};
use serde_json::Value;
use tokio::sync::{Notify, oneshot};

/// A round trip that waits: whose it is, what for, and how many of these that hop had before.
pub(super) type Ticket = (usize, &'static str, u32);

/// Shared by the hops and by who draws among them.
#[derive(Clone, Default)]
pub(super) struct Table {
    seats: Arc<Mutex<Seats>>,
    answered: Arc<Notify>,
}

/// The moment of the first tick, for all schedules.
static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);

#[derive(Default)]
struct Seats {
    waiting: BTreeMap<Ticket, oneshot::Sender<Verdict>>,
    numbers: BTreeMap<(usize, &'static str), u32>,
    /// What each hop has under way at the server.
    busy: BTreeMap<usize, u32>,
    /// The connections of each hop.
    connections: BTreeMap<usize, BTreeSet<u32>>,
    /// Connections that were given up, which the server may not have noticed yet.
    gone: BTreeSet<u32>,
    /// What was done, for the replay.
    told: Vec<Value>,
    /// How much time has passed since the first tick.
    passed: Duration,
}

/// A hop's place at the table.
pub(super) struct Seat {
    table: Table,
    hop: usize,
}

impl Table {
    /// A place for a hop.
    pub(super) fn seat(&self, hop: usize) -> Arc<Seat> {
        Arc::new(Seat { table: self.clone(), hop })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Seats) -> T) -> T {
        work(&mut self.seats.lock().unwrap())
    }

    /// What waits, in an order that does not depend on who came first.
    pub(super) fn waiting(&self) -> Vec<Ticket> {
        self.with(|seats| seats.waiting.keys().copied().collect())
    }

    /// How much is under way at the server.
    pub(super) fn busy(&self) -> usize {
        self.with(|seats| seats.busy.values().map(|busy| *busy as usize).sum())
    }

    /// Waits until something has come back from the server.
    pub(super) async fn answered(&self) {
        self.answered.notified().await;
    }

    /// The connections of hops that are under way.
    pub(super) fn connections(&self) -> BTreeSet<u32> {
        self.with(|seats| seats.connections.values().flatten().copied().collect())
    }

    /// It is so much later than the first tick, at least.
    pub(super) fn pass(&self, passed: Duration) {
        self.with(|seats| seats.passed = seats.passed.max(passed));
    }

    /// How much later than the first tick it is.
    pub(super) fn passed(&self) -> Duration {
        self.with(|seats| seats.passed)
    }

    /// Whether a hop has nothing under way, so that it can be struck.
    pub(super) fn is_idle(&self, hop: usize) -> bool {
        self.with(|seats| seats.busy.get(&hop).is_none_or(|busy| *busy == 0))
    }

    /// Lets a round trip be made, or not.
    pub(super) fn decide(&self, ticket: Ticket, verdict: Verdict) {
        let sender = self.with(|seats| seats.waiting.remove(&ticket));
        // Whoever is gone meanwhile does not go on.
        let _ = sender.map(|sender| sender.send(verdict));
    }

    /// A hop is over, or was killed: its connections are gone.
    pub(super) fn leave(&self, hop: usize) {
        self.with(|seats| {
            seats.waiting.retain(|(whose, ..), _| *whose != hop);
            let mut connections = seats.connections.remove(&hop).unwrap_or_default();
            seats.gone.append(&mut connections);
        });
    }

    /// Writes down what happens.
    pub(super) fn tell(&self, line: Value) {
        self.with(|seats| seats.told.push(line));
    }

    /// What was written down.
    pub(super) fn told(&self) -> Vec<Value> {
        self.with(|seats| take(&mut seats.told))
    }

    /// The connections that were given up since this was asked last.
    pub(super) fn gone(&self) -> BTreeSet<u32> {
        self.with(|seats| take(&mut seats.gone))
    }
}

impl Referee for Seat {
    fn arrive(&self, doing: &'static str) -> BoxFuture<'static, Verdict> {
        let (sender, receiver) = oneshot::channel();
        self.table.with(|seats| {
            let number = seats.numbers.entry((self.hop, doing)).or_default();
            *number += 1;
            seats.waiting.insert((self.hop, doing, *number), sender);
        });
        async move { receiver.await.unwrap_or(Verdict::LostBefore) }.boxed()
    }

    fn begin(&self) {
        self.table.with(|seats| *seats.busy.entry(self.hop).or_default() += 1);
    }

    fn end(&self) {
        self.table.with(|seats| *seats.busy.entry(self.hop).or_default() -= 1);
        self.table.answered.notify_one();
    }

    fn now(&self) -> Instant {
        *FIRST + self.table.passed()
    }

    fn connected(&self, id: u32) {
        self.table.with(|seats| seats.connections.entry(self.hop).or_default().insert(id));
    }

    fn tell(&self, mut line: Value) {
        line["hop"] = self.hop.into();
        self.table.tell(line);
    }

    fn gone(&self, id: u32) {
        self.table.with(|seats| {
            seats.connections.entry(self.hop).or_default().remove(&id);
            seats.gone.insert(id);
        });
    }
}
