//! Who is connected, and who has to go where others come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

/// Connections at once, at most: well below the files that a process may open everywhere.
const MOST: usize = 400;
/// How long the end waits for what is being answered.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// How long it waits for answers that are on their way.
const ON_THE_WAY: Duration = Duration::from_millis(200);
/// How often it looks whether it still has to wait.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Everyone who is connected.
#[derive(Debug, Default)]
pub(super) struct Clients {
    list: Mutex<List>,
    /// Told when one left, or has its answer.
    changed: Notify,
    /// Turns true when all have to leave.
    leaving: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct List {
    next: u64,
    places: BTreeMap<u64, Place>,
}

/// What is known of a client.
#[derive(Debug)]
struct Place {
    /// Whether a request of it is being answered.
    answering: bool,
    /// Since when that is so.
    since: Instant,
    /// Its task.
    task: Option<AbortHandle>,
}

impl Clients {
    /// Waits until there is room for one more. Of those who are not being answered the one that was silent
    /// longest has to go for it.
    pub(super) async fn make_room(&self) {
        loop {
            let changed = self.changed.notified();
            if self.list().places.len() < MOST {
                return;
            }
            self.send_one_away();
            changed.await;
        }
    }

    /// Hangs up on the one that was silent longest, if there is one.
    pub(super) fn send_one_away(&self) {
        let list = self.list();
        let silent = list.places.values().filter(|place| !place.answering);
        if let Some(task) = silent.min_by_key(|place| place.since).and_then(|place| place.task.as_ref()) {
            task.abort();
        }
    }

    /// Gives a client its place, and a task that answers it.
    pub(super) fn admit<F: Future<Output = ()> + Send + 'static>(self: &Arc<Self>, answer: impl FnOnce(Client) -> F) {
        let number = {
            let mut list = self.list();
            list.next += 1;
            let number = list.next;
            list.places.insert(number, Place { answering: false, since: Instant::now(), task: None });
            number
        };
        let task = tokio::spawn(answer(Client { number, all: Arc::clone(self) })).abort_handle();
        if let Some(place) = self.list().places.get_mut(&number) {
            place.task = Some(task);
        }
    }

    /// Lets those go who have their answer, waits a little for those who have not, and for nobody else.
    pub(super) async fn send_away(&self) {
        self.leaving.send_replace(true);
        let begun = Instant::now();
        while begun.elapsed() < LAST_ANSWERS {
            let (all, answering) = {
                let places = &self.list().places;
                (places.len(), places.values().filter(|place| place.answering).count())
            };
            if all == 0 || (answering == 0 && begun.elapsed() > ON_THE_WAY) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // Nothing that is done with it panics.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_answering(&self, number: u64, answering: bool) {
        if let Some(place) = self.list().places.get_mut(&number) {
            (place.answering, place.since) = (answering, Instant::now());
        }
        self.changed.notify_waiters();
    }
}

/// A client's place, given up with this value.
#[derive(Debug)]
pub(super) struct Client {
    number: u64,
    all: Arc<Clients>,
}

impl Client {
    /// A request of it is being answered for as long as what this answers is kept.
    pub(super) fn answers(&self) -> Answering {
        self.all.set_answering(self.number, true);
        Answering { number: self.number, all: Arc::clone(&self.all) }
    }

    /// Waits until it has to leave.
    pub(super) async fn is_asked_to_leave(&self) {
        // The sender lives as long as this client.
        let _ = self.all.leaving.subscribe().wait_for(|leaving| *leaving).await;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.all.list().places.remove(&self.number);
        self.all.changed.notify_waiters();
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Answering {
    number: u64,
    all: Arc<Clients>,
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.all.set_answering(self.number, false);
    }
}
