//! Connections to the database, and how each is set up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder};

use super::codes::Meaning;
use super::error::{Doing, StoreError, is_login, is_tls};
use super::login::Login;
use super::{schema, tls};
use crate::config::{ColumnName, ItemsTable, MysqlConfig, Tls};

/// Seconds that a statement waits for a row lock: longer than any page of ours, short enough that
/// rowscore gives way to a user's long transaction and tries again later.
const LOCK_WAIT_S: u32 = 5;

/// Seconds after which the server ends a connection that says nothing, so that the locks of a
/// vanished function are not kept for the server's default of eight hours.
const WAIT_TIMEOUT_S: u32 = 60;

/// Seconds that a connection with a page's locks in hand may say nothing, or not take what it is sent. Between
/// two statements of a page lie some milliseconds of scoring.
const PAGE_SILENCE_S: u32 = 5;

/// Bytes of a statement, at most: MariaDB's default, and a page has less than a tenth of it. Known without
/// asking the server; where that takes less it says so, and the page is tried with half of its items.
const LARGEST_STATEMENT: usize = 16 << 20;

/// A database that connections can be opened to.
#[derive(Clone, Debug)]
pub struct Database {
    opts: OptsBuilder,
    name: String,
    login: Login,
    /// What to check when the server's certificate is refused.
    certificate_advice: String,
    items: ItemsTable,
    /// The same with what the server says of it, once that was asked; shared by all clones.
    seen: Arc<OnceLock<ItemsTable>>,
    /// Whether the items table was looked at and is as it must be; shared by all clones.
    fits: Arc<AtomicBool>,
}

impl Database {
    /// The database of `config`, holding the items in table `items`. Opens no connection.
    pub async fn new(config: &MysqlConfig, items: &ItemsTable) -> Self {
        let (ssl, certificate_advice) = match &config.tls {
            Tls::Off => (None, String::new()),
            Tls::Verify { ca_file } => {
                (Some(tls::verified(&config.server, ca_file.clone())), tls::advice(&config.server, ca_file.is_some()))
            }
        };
        let opts = OptsBuilder::default()
            .ip_or_hostname(&config.server)
            .tcp_port(config.port)
            .db_name(Some(&config.database))
            .user(Some(&config.user))
            .ssl_opts(ssl)
            .prefer_socket(false)
            .max_allowed_packet(Some(LARGEST_STATEMENT))
            .wait_timeout(Some(WAIT_TIMEOUT_S as usize))
            .setup(vec![format!(
                "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
                 SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = {LOCK_WAIT_S}, wait_timeout = {WAIT_TIMEOUT_S}"
            )]);
        let (name, login) = (config.database.clone(), Login::new(config).await);
        Self { opts, name, login, certificate_advice, items: items.clone(), seen: Arc::default(), fits: Arc::default() }
    }

    /// The same, where it is `time` on every connection, for ever.
    #[cfg(test)]
    pub(crate) fn where_it_is(&self, time: &str) -> Self {
        let mut setup = Opts::from(self.opts.clone()).setup().to_vec();
        setup.push(format!("SET SESSION timestamp = TIMESTAMPDIFF(SECOND, '1970-01-01', '{time}')"));
        Self { opts: self.opts.clone().setup(setup), ..self.clone() }
    }

    /// The table of the items, with as much as is known of it.
    pub fn items_table(&self) -> &ItemsTable {
        self.seen.get().unwrap_or(&self.items)
    }

    /// Whether it is known which columns keep their values.
    pub(crate) fn has_seen_table(&self) -> bool {
        self.seen.get().is_some()
    }

    /// Remembers which columns keep their values.
    pub(crate) fn remember_table(&self, kept: Vec<ColumnName>) {
        self.seen.get_or_init(|| ItemsTable { kept, ..self.items.clone() });
    }

    /// Whether the items table was looked at before, and is as it must be.
    pub(crate) fn is_known_to_fit(&self) -> bool {
        self.fits.load(Ordering::Relaxed)
    }

    /// The items table is as it must be; it need not be looked at again.
    pub(crate) fn remember_fit(&self) {
        self.fits.store(true, Ordering::Relaxed);
    }

    /// Opens a connection: READ COMMITTED, UTC, short lock waits.
    ///
    /// # Errors
    /// The server cannot be reached or refuses the login.
    pub async fn connect(&self) -> Result<Conn, StoreError> {
        self.open(self.opts.clone()).await
    }

    /// As [`Database::connect`], for pages: the server ends the connection after [`PAGE_SILENCE_S`] seconds of
    /// silence.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn connect_for_pages(&self) -> Result<Conn, StoreError> {
        let mut conn = self.connect().await?;
        let sql = format!(
            "SET SESSION wait_timeout = {PAGE_SILENCE_S}, net_read_timeout = {PAGE_SILENCE_S}, \
               net_write_timeout = {PAGE_SILENCE_S}"
        );
        conn.query_drop(sql).await.doing("preparing a connection for pages")?;
        Ok(conn)
    }

    /// As [`Database::connect`], for one who only reads: the server refuses to write on it, and ends
    /// each statement after `limit_ms` milliseconds.
    ///
    /// # Errors
    /// As [`Database::connect`].
    pub async fn connect_to_read(&self, limit_ms: u32) -> Result<Conn, StoreError> {
        let mut conn = self.connect().await?;
        // Each server reads its own name for the limit and takes the other's for a comment.
        let sql = format!(
            "SET SESSION TRANSACTION READ ONLY; \
             SET SESSION wait_timeout = {WAIT_TIMEOUT_S} /*!80000 , max_execution_time = {limit_ms} */ \
               /*M! , max_statement_time = {} */",
            f64::from(limit_ms) / 1e3
        );
        conn.query_drop(sql).await.doing("preparing a connection for reading")?;
        Ok(conn)
    }

    /// As [`Database::connect`], making the database first where there is none of its name.
    ///
    /// # Errors
    /// Also that the account may not make it.
    pub async fn connect_or_create(&self) -> Result<Conn, StoreError> {
        match self.connect().await {
            Err(error) if error.means(Meaning::NoDatabase) => {
                let mut conn = self.open(self.opts.clone().db_name(None::<String>)).await?;
                schema::create_database(&mut conn, &self.name).await?;
                conn.disconnect().await.doing("disconnecting")?;
                self.connect().await
            }
            connected => connected,
        }
    }

    async fn open(&self, opts: OptsBuilder) -> Result<Conn, StoreError> {
        let opts: Opts = self.login.apply(opts).await?.into();
        Conn::new(opts).await.map_err(|source| match &source {
            mysql_async::Error::Io(error) if is_tls(error) => {
                StoreError::Refused { advice: self.certificate_advice.clone(), source }
            }
            error if is_login(error) => StoreError::Refused { advice: self.login.advice().into(), source },
            _ => StoreError::Mysql { doing: "connecting to the database", source },
        })
    }
}
