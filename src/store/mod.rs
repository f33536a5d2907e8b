//! The database: how it is reached, and everything that is said to it.
//!
//! All SQL of a table is in one file of small functions: [`items`] with [`counts`]; [`runs`] with
//! [`earlier`], [`status`] and [`measures`]; [`lanes`] with [`hold`]; [`failures`]. Each function answers a
//! [`statement`], a value that can be joined with others into one round trip. A function is `async` only
//! where it needs several round trips, gives an answer also when time runs out, or moves a page.
//! [`predictions`] are written as one text; [`pages`] sends a page's statements together. [`schema`] makes
//! the tables, [`catalog`] reads what columns the items have. [`session`] repeats a piece of work after
//! transient faults. For readers there are [`listing`] and [`status`], and [`pool`] lends them connections
//! that cannot write. What the servers' error codes mean is in `codes`.

mod bound;
pub mod buffers;
pub mod catalog;
mod codes;
pub mod counts;
pub mod earlier;
pub mod failures;
pub mod hold;
pub mod items;
pub mod lanes;
pub mod listing;
pub mod login;
pub mod measures;
pub mod pages;
pub mod pending;
mod places;
pub mod pool;
pub mod predictions;
mod row;
pub mod runs;
pub mod schema;
pub mod selection;
pub mod session;
pub mod statement;
pub mod status;
mod tls;
pub mod wanted;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, IoError, Opts, OptsBuilder};

use crate::config::{ItemsTable, MysqlConfig, Tls};
use codes::Meaning;
use login::Login;

/// Seconds that a statement waits for a row lock: longer than any page of ours, short enough that
/// rowscore gives way to a user's long transaction and tries again later.
const LOCK_WAIT_S: u32 = 5;

/// Seconds after which the server ends a connection that says nothing, so that the locks of a
/// vanished function are not kept for the server's default of eight hours.
const WAIT_TIMEOUT_S: u32 = 60;

/// Bytes of a statement, at most: MariaDB's default, and a page has less than a tenth of it. Known without
/// asking the server; where that takes less it says so, and the page is tried with half of its items.
const LARGEST_STATEMENT: usize = 16 << 20;

/// Whether trying again may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Roll back and try again on the same connection.
    Retry,
    /// Try again on a fresh connection.
    Reconnect,
    /// It would fail again.
    Permanent,
}

/// A failed statement or connection, with what it was for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The server or the way to it.
    #[error("{doing}: {}", explain(.source))]
    Mysql {
        /// What was being done, for a person.
        doing: &'static str,
        /// The driver's error.
        source: mysql_async::Error,
    },
    /// The server's certificate was refused, or our login was.
    #[error("connecting to the database: {}; {advice}", words(.source))]
    Refused {
        /// What to check, for a person.
        advice: String,
        /// The driver's error.
        source: mysql_async::Error,
    },
    /// No answer for too long.
    #[error("the database did not answer for {} s", .0.as_secs())]
    Silent(Duration),
    /// A token for the database login could not be made.
    #[error("signing a database login token: {0}; check the AWS credentials and AWS_REGION")]
    Token(String),
    /// The database answered something that the schema does not allow.
    #[error("{0}")]
    Unexpected(String),
}

impl StoreError {
    /// Whether trying again may help, and on which connection.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Mysql { source: source @ mysql_async::Error::Server(_), .. } => match Meaning::of(source) {
                Meaning::Locked => Fault::Retry,
                Meaning::TooMany | Meaning::ReadOnly | Meaning::TooLarge | Meaning::CutOff => Fault::Reconnect,
                _ => Fault::Permanent,
            },
            Self::Mysql { source: mysql_async::Error::Io(_), .. } => Fault::Reconnect,
            Self::Mysql {
                source: mysql_async::Error::Driver(DriverError::ConnectionClosed | DriverError::PacketOutOfOrder),
                ..
            } => Fault::Reconnect,
            Self::Mysql { .. } | Self::Refused { .. } | Self::Unexpected(_) => Fault::Permanent,
            Self::Token(_) | Self::Silent(_) => Fault::Reconnect,
        }
    }

    /// Whether a unique key already holds what was to be inserted.
    pub fn is_duplicate(&self) -> bool {
        self.means(Meaning::Duplicate)
    }

    /// Whether a statement reached the time that the server may spend on it.
    pub(crate) fn took_too_long(&self) -> bool {
        self.means(Meaning::TimeUp)
    }

    fn means(&self, meaning: Meaning) -> bool {
        matches!(self, Self::Mysql { source, .. } if Meaning::of(source) == meaning)
    }
}

/// The driver's words, and what to do where that is known.
fn explain(error: &mysql_async::Error) -> String {
    let advice = match error {
        mysql_async::Error::Server(_) => match Meaning::of(error) {
            Meaning::NoTable => "; make the tables with `rowscore init`",
            Meaning::Grant => "; MYSQL_USER lacks a grant: apply infra/grants.sql, or use `rowscore init --grant`",
            Meaning::NoDatabase => "; check MYSQL_DATABASE, or make the database with `rowscore init`",
            _ => "",
        },
        mysql_async::Error::Io(IoError::Io(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "; nothing listens at MYSQL_SERVER and MYSQL_PORT"
        }
        mysql_async::Error::Driver(DriverError::CleartextPluginDisabled) => {
            "; the server asks this login for a token: set MYSQL_AUTH=iam"
        }
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "; turn TLS on there, or set MYSQL_TLS=off if nobody else can read along on the way to it"
        }
        _ => "",
    };
    format!("{}{advice}", words(error))
}

/// The driver's words.
fn words(error: &mysql_async::Error) -> String {
    match error {
        // It names the kind of an input/output error twice.
        mysql_async::Error::Io(IoError::Io(error)) => error.to_string(),
        error => error.to_string(),
    }
}

/// Whether the server's certificate or its way of encrypting was refused. The handshake's own
/// errors come as input/output errors.
fn is_tls(error: &IoError) -> bool {
    match error {
        IoError::Tls(_) => true,
        IoError::Io(error) => error.kind() == io::ErrorKind::InvalidData,
    }
}

/// Whether the server knows no such login, or not with that proof of it.
fn is_login(error: &mysql_async::Error) -> bool {
    // What MySQL answers for a user that does not exist, so as not to tell.
    let hidden = matches!(error, mysql_async::Error::Driver(DriverError::UnknownAuthPlugin { .. }));
    hidden || Meaning::of(error) == Meaning::Login
}

/// Says what a statement was for when it fails.
pub(crate) trait Doing<T> {
    /// The same result, with `doing` in its error.
    fn doing(self, doing: &'static str) -> Result<T, StoreError>;
}

impl<T> Doing<T> for mysql_async::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Mysql { doing, source })
    }
}

/// A database that connections can be opened to.
#[derive(Clone, Debug)]
pub struct Database {
    opts: OptsBuilder,
    name: String,
    login: Login,
    /// What to check when the server's certificate is refused.
    certificate_advice: String,
    items: ItemsTable,
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
        Self { opts, name, login, certificate_advice, items: items.clone(), fits: Arc::default() }
    }

    /// The table of the items.
    pub fn items_table(&self) -> &ItemsTable {
        &self.items
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
