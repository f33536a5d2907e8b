//! A connection that outlives its faults: work is repeated, on a fresh connection where needed.

use std::fmt::Display;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::statement::{Said, Statement, answers, rollback};
use super::turn::{again, connecting, farewell, gone, pause, within};
use super::{Database, Doing, Fault, StoreError};

/// The first wait before trying again.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Tries after the first: half a minute in all, the time that a failover or an Aurora resuming
/// from zero takes. What lasts longer is left to redelivery.
const RETRIES: usize = 14;
/// The same where the login has its own limit of connections: who waits longer waits for itself.
const RETRIES_WITHOUT_ROOM: usize = 6;

/// The longest that one attempt may take. A page takes a fraction of a second, counting is limited
/// to a few; whoever is silent for longer is behind a network that drops what it is sent.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(30);
/// The shortest, however late it is: what there is to say at the end is said.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(1);
/// The longest that taking back a transaction may take: a page's takes a fraction of it.
const ROLLBACK_LIMIT: Duration = Duration::from_secs(2);
/// The longest that is waited for a connection that is given up.
const FAREWELL_LIMIT: Duration = Duration::from_millis(500);

/// Why a piece of work failed: an error of the database, or one of its own.
pub trait WorkError: From<StoreError> + Display {
    /// Whether trying the work again may help.
    fn fault(&self) -> Fault;
}

impl WorkError for StoreError {
    fn fault(&self) -> Fault {
        self.fault()
    }
}

/// Whether one more connection may be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// As far as is known.
    Enough,
    /// The server, or the login, has as many as it may.
    None,
}

/// The tries of a piece of work.
struct Tries<E> {
    made: usize,
    /// Before the next ones. They come to an end.
    waits: ExponentialBackoff,
    /// The last fault.
    before: Option<E>,
}

impl<E> Tries<E> {
    fn new(retries: usize) -> Self {
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(retries)
            .with_jitter()
            .build();
        Self { made: 0, waits, before: None }
    }
}

/// A database and, while it lasts, one connection to it.
#[derive(Debug)]
pub struct Session {
    database: Database,
    conn: Option<Conn>,
    retries: usize,
    /// When it stops trying.
    until: Option<Instant>,
    purpose: Purpose,
}

/// What a session's connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// The steps of a hop.
    Steps,
    /// Pages, whose locks others wait for.
    Pages,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Pages => "pages",
        }
    }
}

impl Session {
    /// A session that connects when it is first used.
    pub fn new(database: &Database) -> Self {
        Self { database: database.clone(), conn: None, retries: RETRIES, until: None, purpose: Purpose::Steps }
    }

    /// A session for pages: the server ends its connection after some seconds of silence, so that nobody waits
    /// longer for the locks of one that is frozen or gone.
    pub fn for_pages(database: &Database) -> Self {
        Self { purpose: Purpose::Pages, ..Self::new(database) }
    }

    /// A session for somebody who waits at a terminal: what fails is not tried again.
    pub fn at_once(database: &Database) -> Self {
        Self { retries: 0, ..Self::new(database) }
    }

    /// The same session, which neither begins nor goes on with anything at that moment.
    pub fn until(self, moment: Instant) -> Self {
        Self { until: Some(moment), ..self }
    }

    /// Connects, if it is not connected.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub async fn connect(&mut self) -> Result<(), StoreError> {
        self.run(async |_| Ok::<_, StoreError>(())).await
    }

    /// Connects ahead of the work. Where that does not succeed, the work tries again. Answers whether there
    /// is room for one more connection, as far as is known.
    pub async fn get_ready(&mut self) -> Room {
        if self.conn.is_some() {
            return Room::Enough;
        }
        match tokio::time::timeout(self.longest(), self.open()).await {
            Ok(Err(error)) if error.is_for_want_of_room() => Room::None,
            connected => {
                self.conn = connected.ok().and_then(Result::ok);
                Room::Enough
            }
        }
    }

    fn silent(&self, limit: Duration) -> StoreError {
        StoreError::Silent { place: self.database.place().to_string(), limit }
    }

    /// How long an attempt may take now.
    fn longest(&self) -> Duration {
        self.left().clamp(SHORTEST_ATTEMPT, ATTEMPT_LIMIT)
    }

    /// How long it may go on trying.
    fn left(&self) -> Duration {
        self.until.map_or(Duration::MAX, |until| until.saturating_duration_since(Instant::now()))
    }

    /// Whether `fault` is worth another try, after so many.
    fn may_pass(&self, fault: Fault, tries: usize) -> bool {
        match fault {
            Fault::Retry | Fault::Reconnect => true,
            Fault::Crowded => tries < RETRIES_WITHOUT_ROOM,
            Fault::Away => self.database.was_at_work(),
            Fault::Permanent => false,
        }
    }

    /// Runs `work`, again after each transient fault. `work` must be one transaction (or read
    /// only), so that a failed attempt leaves nothing behind; since a commit's answer may be lost,
    /// it must also see from the data whether it has been done before.
    ///
    /// # Errors
    /// The last fault, when it is permanent, or the tries or the time are used up.
    pub async fn run<T, E: WorkError>(&mut self, mut work: impl AsyncFnMut(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        let mut tries = Tries::new(self.retries);
        loop {
            let longest = self.longest();
            let error = match within(longest, self.attempt(&mut work)).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => error,
                // Cut short, it tells less than the one before.
                Err(_) => tries.before.take().unwrap_or_else(|| self.silent(longest).into()),
            };
            self.rest(error, &mut tries).await?;
        }
    }

    /// What is done between two tries. Apart from them, since it does not depend on what is tried: `run` is compiled for
    /// each piece of work anew.
    ///
    /// # Errors
    /// The fault, where there is no other try.
    async fn rest<E: WorkError>(&mut self, error: E, tries: &mut Tries<E>) -> Result<(), E> {
        let fault = error.fault();
        again(self.purpose.name());
        if fault != Fault::Retry || !self.rolled_back().await {
            self.give_up();
        }
        let may_pass = self.may_pass(fault, tries.made);
        let Some(wait) = tries.waits.next().filter(|wait| may_pass && *wait < self.left()) else { return Err(error) };
        tracing::warn!(%error, wait_ms = wait.as_millis() as u64, "transient database fault; trying again");
        tries.made += 1;
        tries.before = Some(error);
        pause(wait).await;
        Ok(())
    }

    async fn open(&self) -> Result<Conn, StoreError> {
        match self.purpose {
            Purpose::Steps => connecting(self.database.connect()).await,
            Purpose::Pages => connecting(self.database.connect_for_pages()).await,
        }
    }

    async fn attempt<T, E: WorkError>(
        &mut self,
        work: &mut impl AsyncFnMut(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        // Not in its place meanwhile: whoever drops this half done leaves a connection of no use.
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => self.open().await?,
        };
        let done = work(&mut conn).await;
        self.conn = Some(conn);
        done
    }

    /// Asks what `statement` makes, again after each transient fault, as [`Session::run`].
    ///
    /// # Errors
    /// As [`Session::run`].
    pub async fn ask<T: Send + 'static>(&mut self, statement: impl FnOnce() -> Statement<T>) -> Result<T, StoreError> {
        let (said, read) = statement().apart();
        read(self.answers(&said).await?)
    }

    async fn answers(&mut self, said: &Said) -> Result<Vec<Vec<Row>>, StoreError> {
        self.run(async |conn| answers(said, conn).await).await
    }

    /// Keeps the server from ending a connection that says nothing.
    pub async fn keep_alive(&mut self) {
        if self.conn.is_some()
            && let Err(error) = self.run(async |conn| conn.ping().await.doing("keeping the connection")).await
        {
            tracing::warn!(%error, "an idle connection is gone");
        }
    }

    fn give_up(&mut self) {
        if let Some(conn) = self.conn.take() {
            gone(&conn);
        }
    }

    async fn rolled_back(&mut self) -> bool {
        match &mut self.conn {
            // Whoever does not answer that in time is given up.
            Some(conn) => {
                let rolled_back = within(ROLLBACK_LIMIT, rollback().ask(conn)).await;
                rolled_back.is_ok_and(|done| done.is_ok())
            }
            None => false,
        }
    }

    /// Ends the connection, if one is open, so that the server need not notice by itself.
    pub async fn close(&mut self) {
        if let Some(conn) = self.conn.take() {
            gone(&conn);
            farewell(async {
                // A connection that cannot be closed is gone, which is what was wanted.
                let _ = tokio::time::timeout(FAREWELL_LIMIT, conn.disconnect()).await;
            })
            .await;
        }
    }
}
