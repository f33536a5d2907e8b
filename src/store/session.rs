//! A connection that outlives its faults: work is repeated, on a fresh connection where needed.

use std::fmt::Display;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::statement::Statement;
use super::{Database, Doing, Fault, StoreError};

/// The first wait before trying again.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// Tries after the first: half a minute in all, the time that a failover or an Aurora resuming
/// from zero takes. What lasts longer is left to redelivery.
const RETRIES: usize = 14;

/// The longest that one attempt may take. A page takes a fraction of a second, counting is limited
/// to a few; whoever is silent for longer is behind a network that drops what it is sent.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(30);

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

/// A database and, while it lasts, one connection to it.
#[derive(Debug)]
pub struct Session {
    database: Database,
    conn: Option<Conn>,
    retries: usize,
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

impl Session {
    /// A session that connects when it is first used.
    pub fn new(database: &Database) -> Self {
        Self { database: database.clone(), conn: None, retries: RETRIES, purpose: Purpose::Steps }
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

    /// Connects, if it is not connected.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub async fn connect(&mut self) -> Result<(), StoreError> {
        self.run(async |_| Ok::<_, StoreError>(())).await
    }

    /// Connects ahead of the work. Where that does not succeed, the work tries again.
    pub async fn get_ready(&mut self) {
        if self.conn.is_none() {
            let connected = tokio::time::timeout(ATTEMPT_LIMIT, self.open()).await;
            self.conn = connected.ok().and_then(Result::ok);
        }
    }

    /// Runs `work`, again after each transient fault. `work` must be one transaction (or read
    /// only), so that a failed attempt leaves nothing behind; since a commit's answer may be lost,
    /// it must also see from the data whether it has been done before.
    ///
    /// # Errors
    /// The last fault, when it is permanent or the tries are used up.
    pub async fn run<T, E: WorkError>(&mut self, mut work: impl AsyncFnMut(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        let mut waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(self.retries)
            .with_jitter()
            .build();
        loop {
            let error = match tokio::time::timeout(ATTEMPT_LIMIT, self.attempt(&mut work)).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => error,
                Err(_) => StoreError::Silent(ATTEMPT_LIMIT).into(),
            };
            let fault = error.fault();
            if fault != Fault::Retry || !self.rolled_back().await {
                self.conn = None;
            }
            let Some(wait) = waits.next().filter(|_| fault != Fault::Permanent) else {
                return Err(error);
            };
            tracing::warn!(%error, wait_ms = wait.as_millis() as u64, "transient database fault; trying again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn open(&self) -> Result<Conn, StoreError> {
        match self.purpose {
            Purpose::Steps => self.database.connect().await,
            Purpose::Pages => self.database.connect_for_pages().await,
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
    pub async fn ask<T: Send + 'static>(
        &mut self,
        mut statement: impl FnMut() -> Statement<T>,
    ) -> Result<T, StoreError> {
        self.run(async |conn| statement().ask(conn).await).await
    }

    /// Keeps the server from ending a connection that says nothing.
    pub async fn keep_alive(&mut self) {
        if self.conn.is_some()
            && let Err(error) = self.run(async |conn| conn.ping().await.doing("keeping the connection")).await
        {
            tracing::warn!(%error, "an idle connection is gone");
        }
    }

    async fn rolled_back(&mut self) -> bool {
        match &mut self.conn {
            Some(conn) => conn.query_drop("ROLLBACK").await.is_ok(),
            None => false,
        }
    }

    /// Ends the connection, if one is open, so that the server need not notice by itself.
    pub async fn close(&mut self) {
        if let Some(conn) = self.conn.take() {
            // A connection that cannot be closed is gone, which is what was wanted.
            let _ = conn.disconnect().await;
        }
    }
}
