//! Connections for readers: so many at most, read-only, each lent to one piece of work at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleResult};
use futures_util::future::BoxFuture;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::listing::SeenTable;
use super::{Database, Doing, Fault, StoreError, catalog};
use crate::config::ItemsTable;

/// How long work waits for a connection, or for a new one to be opened.
const WAIT_LIMIT: Duration = Duration::from_secs(5);
/// Milliseconds that the server spends on one statement.
const STATEMENT_LIMIT_MS: u32 = 4000;
/// How long a piece of work may take.
const READ_LIMIT: Duration = Duration::from_secs(8);
/// A connection that was idle for so long is asked whether it is still there.
const FRESH: Duration = Duration::from_secs(5);

/// Why work was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// Every connection was in use for too long.
    #[error("no connection became free within {} s", WAIT_LIMIT.as_secs())]
    Busy,
    /// The database takes too long.
    #[error("the database took longer than {} s", READ_LIMIT.as_secs())]
    Slow,
    /// What the database said.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReadError {
    /// Whether the same may succeed a little later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Busy | Self::Slow => true,
            Self::Store(error) => !matches!(error.fault(), Fault::Permanent | Fault::Away),
        }
    }
}

/// A bounded number of connections that cannot write.
#[derive(Debug)]
pub(crate) struct Readers {
    pool: Pool<Connections>,
    /// Whose items are read.
    table: ItemsTable,
    /// What the table is like, once that was seen.
    seen: Mutex<Option<Arc<SeenTable>>>,
}

impl Readers {
    /// At most `connections` to `database`, each opened when it is first needed.
    pub(crate) fn new(database: Database, connections: usize) -> Self {
        let table = database.items_table().clone();
        let pool = Pool::builder(Connections(database))
            .max_size(connections)
            .wait_timeout(Some(WAIT_LIMIT))
            .create_timeout(Some(WAIT_LIMIT))
            .recycle_timeout(Some(WAIT_LIMIT))
            .runtime(Runtime::Tokio1)
            .build();
        let pool = pool.expect("the runtime is given, which is all that a pool with limits needs");
        Self { pool, table, seen: Mutex::default() }
    }

    /// The same connections, for who reads another table.
    pub(crate) fn of(&self, table: &ItemsTable) -> Self {
        Self { pool: self.pool.clone(), table: table.clone(), seen: Mutex::default() }
    }

    /// Does `work`, which only reads, with a connection and the items table; once more if the first
    /// connection was cut off, or the table may be another one than it was.
    ///
    /// # Errors
    /// Where [`ReadError::is_passing`], the same may succeed a little later.
    pub(crate) async fn read<T>(
        &self,
        work: impl for<'c> Fn(&'c mut Conn, &'c SeenTable) -> BoxFuture<'c, Result<T, StoreError>>,
    ) -> Result<T, ReadError> {
        match self.attempt(&work).await {
            Err(ReadError::Store(error)) if error.fault() == Fault::Reconnect => self.attempt(&work).await,
            // The table may have been altered since it was looked at.
            Err(ReadError::Store(error)) if error.fault() == Fault::Permanent && self.forget() => {
                self.attempt(&work).await
            }
            done => done,
        }
    }

    async fn attempt<T>(
        &self,
        work: &impl for<'c> Fn(&'c mut Conn, &'c SeenTable) -> BoxFuture<'c, Result<T, StoreError>>,
    ) -> Result<T, ReadError> {
        let mut lent = Lent(Some(self.pool.get().await.map_err(unlent)?));
        let Some(conn) = lent.0.as_mut() else { return Err(ReadError::Busy) };
        let all = async {
            let seen = self.seen(conn).await?;
            work(conn, &seen).await
        };
        match tokio::time::timeout(READ_LIMIT, all).await {
            Ok(Ok(value)) => {
                lent.give_back();
                Ok(value)
            }
            Ok(Err(error)) if error.took_too_long() => Err(ReadError::Slow),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(ReadError::Slow),
        }
    }

    /// Forgets what the table is like. Answers whether that was known.
    fn forget(&self) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take().is_some()
    }

    /// The table as readers see it. One that is not there yet is looked for again.
    async fn seen(&self, conn: &mut Conn) -> Result<Arc<SeenTable>, StoreError> {
        let known = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(seen) = known {
            return Ok(seen);
        }
        let (catalog, table) = catalog::look(conn, &self.table).await?;
        let seen = Arc::new(SeenTable { table, updated: catalog.column(catalog::UPDATED).cloned() });
        if !catalog.columns.is_empty() {
            *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&seen));
        }
        Ok(seen)
    }
}

fn unlent(error: PoolError<StoreError>) -> ReadError {
    match error {
        PoolError::Backend(error) => error.into(),
        PoolError::Timeout(deadpool::managed::TimeoutType::Wait) => ReadError::Busy,
        PoolError::Timeout(_) => ReadError::Slow,
        PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => ReadError::Busy,
    }
}

/// A connection that goes back to the others only if its work came to a good end: dropped in
/// between, because a client left or time was up, it may still have an answer under way.
struct Lent(Option<Object<Connections>>);

impl Lent {
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}

/// Makes connections, each with a login of its own: a token would not last.
#[derive(Debug)]
struct Connections(Database);

impl Manager for Connections {
    type Type = Conn;
    type Error = StoreError;

    async fn create(&self) -> Result<Conn, StoreError> {
        self.0.connect_to_read(STATEMENT_LIMIT_MS).await
    }

    async fn recycle(&self, conn: &mut Conn, metrics: &Metrics) -> RecycleResult<StoreError> {
        if metrics.last_used() > FRESH {
            conn.ping().await.doing("asking for a connection's health")?;
        }
        Ok(())
    }
}
