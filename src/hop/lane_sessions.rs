//! The sessions beside a hop's own: one for each lane, which also helps to count before the lanes begin
//! and after they are done.

use std::pin::pin;
use std::time::Instant;

use futures_util::future::{Either, join_all, select};
use tokio::sync::{Mutex, MutexGuard};

use crate::store::Database;
use crate::store::session::{Room, Session};

/// So many sessions as a worker has lanes, one at least. One that is in use is waited for.
#[derive(Debug)]
pub(super) struct LaneSessions(Vec<Mutex<Session>>);

impl LaneSessions {
    /// Sessions that connect when they are first used, or by [`LaneSessions::ready_during`].
    pub(super) fn new(database: &Database, lanes: u16) -> Self {
        Self((0..lanes.max(1)).map(|_| Mutex::new(Session::for_pages(database))).collect())
    }

    /// The same sessions, which neither begin nor go on with anything at that moment.
    pub(super) fn until(self, moment: Instant) -> Self {
        Self(self.0.into_iter().map(|session| Mutex::new(session.into_inner().until(moment))).collect())
    }

    /// Does `work`, and meanwhile connects: what takes several round trips is then done when it is needed.
    pub(super) async fn ready_during<T>(&self, work: impl Future<Output = T>) -> T {
        let connect = async |session: &Mutex<Session>| session.lock().await.get_ready().await;
        let ready = async {
            // Where there is no room for all, the first one is needed most.
            let (first, others) = self.0.split_at(1);
            if join_all(first.iter().map(connect)).await == [Room::Enough] {
                join_all(others.iter().map(connect)).await;
            }
        };
        match select(pin!(work), pin!(ready)).await {
            Either::Left((done, _)) => done,
            Either::Right((_, work)) => work.await,
        }
    }

    /// The one that helps.
    pub(super) async fn first(&self) -> MutexGuard<'_, Session> {
        self.0[0].lock().await
    }

    /// The one of a lane, by its place among those that are worked on; `None`: there are not so many. Where
    /// the server has no room for it, that is the first one, once another lane is done with it.
    pub(super) async fn get(&self, place: usize) -> Option<MutexGuard<'_, Session>> {
        let mut session = self.0.get(place)?.lock().await;
        if place == 0 || session.get_ready().await == Room::Enough {
            return Some(session);
        }
        tracing::warn!(lane = place, "no room for one more connection: fewer lanes are worked on at the same time");
        Some(self.first().await)
    }

    /// Keeps the server from ending those that nobody uses.
    pub(super) async fn keep_alive(&self) {
        for session in &self.0 {
            if let Ok(mut session) = session.try_lock() {
                session.keep_alive().await;
            }
        }
    }

    /// Ends the connections.
    pub(super) async fn close(&self) {
        join_all(self.0.iter().map(async |session| session.lock().await.close().await)).await;
    }
}
