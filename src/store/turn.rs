//! Whose turn it is: with the feature `faults`, which only tests switch on, a `Referee` decides before every round
//! trip who goes next, and what becomes of it, so that hops that are under way together can be taken through one
//! order after the other. Without the feature nothing of it is compiled.

use std::time::{Duration, Instant};

#[cfg(not(feature = "faults"))]
mod free {
    use std::time::{Duration, Instant};

    use mysql_async::Conn;
    use tokio::time::error::Elapsed;

    use crate::store::StoreError;

    /// Makes a round trip.
    pub(in crate::store) async fn round_trip<T>(
        _: &'static str,
        trip: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        trip.await
    }

    /// Connects.
    pub(in crate::store) async fn connecting(
        connect: impl Future<Output = Result<Conn, StoreError>>,
    ) -> Result<Conn, StoreError> {
        connect.await
    }

    /// A connection is given up.
    pub(in crate::store) fn gone(_: &Conn) {}

    /// A session's work is tried again.
    pub(in crate::store) fn again(_: &'static str) {}

    /// Ends a connection.
    pub(in crate::store) async fn farewell(bye: impl Future<Output = ()>) {
        bye.await;
    }

    /// Waits.
    pub(crate) async fn pause(time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Does something for so long at most.
    pub(in crate::store) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        tokio::time::timeout(limit, work).await
    }

    /// This moment.
    pub(crate) fn now() -> Instant {
        Instant::now()
    }
}

#[cfg(feature = "faults")]
mod drawn {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use futures_util::future::BoxFuture;
    use mysql_async::prelude::Queryable;
    use mysql_async::{Conn, IoError};
    use serde_json::{Value, json};
    use tokio::time::error::Elapsed;

    use crate::store::{Doing, StoreError};

    /// What becomes of a round trip.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Verdict {
        /// It is made.
        Made,
        /// The connection is lost before it.
        LostBefore,
        /// It is made, and its answer is lost.
        LostAfter,
    }

    /// Who decides, for one hop.
    pub trait Referee: Send + Sync {
        /// The hop would make a round trip, or wait, for this; it goes on when it is told.
        fn arrive(&self, doing: &'static str) -> BoxFuture<'static, Verdict>;
        /// It begins something that takes as long as the server wants.
        fn begin(&self);
        /// It has done that.
        fn end(&self);
        /// It has a connection, which the server knows by this number.
        fn connected(&self, id: u32);
        /// It has given one up.
        fn gone(&self, id: u32);
        /// What it does, for a trace.
        fn tell(&self, line: Value);
        /// What moment it is: no other clock has a say in what hops do.
        fn now(&self) -> Instant;
    }

    tokio::task_local! {
        static REFEREE: Arc<dyn Referee>;
    }

    /// Makes a hop's round trips as `referee` decides.
    pub async fn refereed<T>(referee: Arc<dyn Referee>, hop: impl Future<Output = T>) -> T {
        REFEREE.scope(referee, hop).await
    }

    fn referee() -> Option<Arc<dyn Referee>> {
        REFEREE.try_with(Clone::clone).ok()
    }

    /// Whether somebody decides, and is told.
    pub(in crate::store) fn is_refereed() -> bool {
        referee().is_some()
    }

    /// Tells what is done.
    pub(in crate::store) fn tell(line: Value) {
        if let Some(referee) = referee() {
            referee.tell(line);
        }
    }

    /// A session's work is tried again, on another connection or in another transaction.
    pub(in crate::store) fn again(purpose: &'static str) {
        tell(json!({ "again": purpose }));
    }

    /// What is told when the first round trip begins.
    struct Beginning {
        lines: Vec<Value>,
        has_begun: AtomicBool,
    }

    tokio::task_local! {
        static BEGINNING: Arc<Beginning>;
    }

    /// Does something, with whose first round trip this begins.
    pub(in crate::store) fn beginning<F: Future>(lines: Vec<Value>, made: F) -> impl Future<Output = F::Output> {
        BEGINNING.scope(Arc::new(Beginning { lines, has_begun: AtomicBool::new(false) }), made)
    }

    /// A round trip begins, here or in the queue.
    pub fn begin() {
        let _ = BEGINNING.try_with(|beginning| {
            if !beginning.has_begun.swap(true, Ordering::Relaxed) {
                beginning.lines.iter().cloned().for_each(tell);
            }
        });
    }

    /// Between its beginning and its end, whatever ends it.
    struct Busy(Arc<dyn Referee>);

    impl Busy {
        fn begin(referee: &Arc<dyn Referee>) -> Self {
            referee.begin();
            Self(referee.clone())
        }
    }

    impl Drop for Busy {
        fn drop(&mut self) {
            self.0.end();
        }
    }

    /// Makes a round trip, when and as it is decided.
    pub(in crate::store) async fn round_trip<T>(
        doing: &'static str,
        trip: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let Some(referee) = referee() else { return trip.await };
        let verdict = referee.arrive(doing).await;
        if verdict == Verdict::LostBefore {
            return Err(lost(doing));
        }
        let _busy = Busy::begin(&referee);
        begin();
        let made = trip.await?;
        if verdict == Verdict::LostAfter { Err(lost(doing)) } else { Ok(made) }
    }

    /// Who waits for a turn is silent, and who waits for a lock waits for somebody's turn: not for so many seconds.
    const PATIENCE: &str = "SET SESSION innodb_lock_wait_timeout = 3600, lock_wait_timeout = 3600, wait_timeout = 3600, \
                            net_read_timeout = 3600, net_write_timeout = 3600";

    /// Connects, which is nobody else's business.
    pub(in crate::store) async fn connecting(
        connect: impl Future<Output = Result<Conn, StoreError>>,
    ) -> Result<Conn, StoreError> {
        let Some(referee) = referee() else { return connect.await };
        let _busy = Busy::begin(&referee);
        let mut conn = connect.await?;
        conn.query_drop(PATIENCE).await.doing("connecting")?;
        referee.connected(conn.id());
        Ok(conn)
    }

    /// A connection is given up.
    pub(in crate::store) fn gone(conn: &Conn) {
        if let Some(referee) = referee() {
            referee.gone(conn.id());
        }
    }

    /// Ends a connection: until then the hop has something under way.
    pub(in crate::store) async fn farewell(bye: impl Future<Output = ()>) {
        let referee = referee();
        let _busy = referee.as_ref().map(Busy::begin);
        bye.await;
    }

    /// Does something for so long at most, or as long as its turns take.
    pub(in crate::store) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, Elapsed> {
        match referee() {
            Some(_) => Ok(work.await),
            None => tokio::time::timeout(limit, work).await,
        }
    }

    /// This moment, as it is decided.
    pub(crate) fn now() -> Instant {
        referee().map_or_else(Instant::now, |referee| referee.now())
    }

    /// Waits, as long as it is decided.
    pub(crate) async fn pause(time: Duration) {
        match referee() {
            Some(referee) => {
                referee.arrive("waiting").await;
            }
            None => tokio::time::sleep(time).await,
        }
    }

    fn lost(doing: &'static str) -> StoreError {
        let error = io::Error::new(io::ErrorKind::ConnectionReset, "by lot");
        StoreError::Mysql { doing, source: mysql_async::Error::Io(IoError::Io(error)) }
    }
}

#[cfg(feature = "faults")]
pub use drawn::{Referee, Verdict, begin, refereed};
#[cfg(feature = "faults")]
pub(in crate::store) use drawn::{again, beginning, connecting, farewell, gone, is_refereed, round_trip, tell, within};
#[cfg(feature = "faults")]
pub(crate) use drawn::{now, pause};
#[cfg(not(feature = "faults"))]
pub(in crate::store) use free::{again, connecting, farewell, gone, round_trip, within};
#[cfg(not(feature = "faults"))]
pub(crate) use free::{now, pause};

/// How long ago a moment was.
pub(crate) fn since(then: Instant) -> Duration {
    now().saturating_duration_since(then)
}
