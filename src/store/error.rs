//! What can go wrong with the database, whether trying again may help, and what to do about it.

use std::io;
use std::time::Duration;

use mysql_async::{DriverError, IoError};

use super::codes::{self, Meaning};
use super::fault::Fault;
use crate::secrets::SecretError;
use crate::words::plain;

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
    /// The way to the server, or what it says to whom it does not know yet.
    #[error("connecting to the database at {place}: {}", explain(.source))]
    Connecting {
        /// Its host and port.
        place: String,
        /// The driver's error.
        source: mysql_async::Error,
    },
    /// The server's certificate was refused, or our login was.
    #[error("connecting to the database at {place}: {}; {advice}", words(.source))]
    Refused {
        /// The server's host and port.
        place: String,
        /// What to check, for a person.
        advice: String,
        /// The driver's error.
        source: mysql_async::Error,
    },
    /// No answer for too long.
    #[error("the database at {place} did not answer for {} s", .limit.as_secs())]
    Silent {
        /// Its host and port.
        place: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A token for the database login could not be made.
    #[error("signing a database login token: {0}; {CREDENTIALS}")]
    Token(String),
    /// This program reaches no AWS, and this needs it.
    #[error("{0}, and this rowscore was built without the feature `aws`; {WITH_AWS}")]
    WithoutAws(&'static str),
    /// The secret that holds the login could not be read, or holds none.
    #[error(transparent)]
    Secret(SecretError),
    /// The database answered something that the schema does not allow.
    #[error("{0}")]
    Unexpected(String),
    /// A page's statements did not do all that they should; it is rolled back.
    #[error("writing a page: {0}; page undone")]
    Undone(String),
}

impl StoreError {
    /// Whether trying again may help, and on which connection.
    pub fn fault(&self) -> Fault {
        use mysql_async::Error;
        match self {
            Self::Mysql { source, .. } | Self::Connecting { source, .. } => match source {
                Error::Server(_) => Meaning::of(source).fault(),
                Error::Io(_) => Fault::Reconnect,
                Error::Driver(DriverError::ConnectionClosed | DriverError::PacketOutOfOrder) => Fault::Reconnect,
                _ => Fault::Permanent,
            },
            Self::Refused { .. } | Self::WithoutAws(_) | Self::Secret(_) | Self::Unexpected(_) => Fault::Permanent,
            Self::Undone(_) => Fault::Retry,
            Self::Token(_) | Self::Silent { .. } => Fault::Reconnect,
        }
    }

    /// What to do about it, where that is known: its last words.
    pub fn advice(&self) -> Option<String> {
        let known = match self {
            Self::Mysql { source, .. } | Self::Connecting { source, .. } => advice(source).to_owned(),
            Self::Refused { advice, .. } => advice.clone(),
            Self::Token(_) => CREDENTIALS.to_owned(),
            Self::WithoutAws(_) => WITH_AWS.to_owned(),
            Self::Secret(error) => error.remedy().to_owned(),
            Self::Silent { .. } | Self::Unexpected(_) | Self::Undone(_) => String::new(),
        };
        (!known.is_empty()).then_some(known)
    }

    /// Whether the login may not do what was asked for.
    pub fn lacks_grant(&self) -> bool {
        self.means(Meaning::Grant)
    }

    /// Whether there is no such login, or not with that proof of it.
    pub fn lacks_login(&self) -> bool {
        let Self::Refused { source, .. } = self else { return false };
        // For a user that does not exist, MySQL asks for any way to log in, also for one that the driver does not know.
        let unknown = matches!(source, mysql_async::Error::Driver(DriverError::UnknownAuthPlugin { .. }));
        unknown || Meaning::of(source) == Meaning::Login
    }

    /// Whether a unique key already holds what was to be inserted.
    pub fn is_duplicate(&self) -> bool {
        self.means(Meaning::Duplicate)
    }

    /// Whether the server has no database of that name.
    pub fn lacks_database(&self) -> bool {
        self.means(Meaning::NoDatabase)
    }

    /// Whether the database has no table of that name.
    pub(crate) fn lacks_table(&self) -> bool {
        self.means(Meaning::NoTable)
    }

    /// Whether the server, or the login, has as many connections as it may.
    pub(crate) fn is_for_want_of_room(&self) -> bool {
        self.means(Meaning::TooMany) || self.means(Meaning::TooManyOfLogin)
    }

    /// Whether a statement reached the time that the server may spend on it.
    pub(crate) fn took_too_long(&self) -> bool {
        self.means(Meaning::TimeUp)
    }

    /// The server's words where it refuses to write a row for what is in it: there a trigger, a check, a key or a
    /// column's type speaks. `None`: it refused for another reason.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Mysql { source: mysql_async::Error::Server(error), .. } if codes::is_of_a_row(error) => {
                Some(format!("{} (error {})", error.message, error.code))
            }
            _ => None,
        }
    }

    pub(super) fn means(&self, meaning: Meaning) -> bool {
        match self {
            Self::Mysql { source, .. } | Self::Connecting { source, .. } => Meaning::of(source) == meaning,
            _ => false,
        }
    }
}

/// What to check where a token cannot be signed.
const CREDENTIALS: &str = "check the AWS credentials and AWS_REGION";

/// What to do where there is no way to AWS.
const WITH_AWS: &str =
    "build it with `cargo build --release`, or give the password itself: MYSQL_AUTH=password and MYSQL_PASSWORD";

/// The driver's words, and what to do where that is known.
fn explain(error: &mysql_async::Error) -> String {
    match advice(error) {
        "" => words(error),
        advice => format!("{}; {advice}", words(error)),
    }
}

/// What to do about an error of the driver's; empty: that is not known.
fn advice(error: &mysql_async::Error) -> &'static str {
    match error {
        mysql_async::Error::Server(_) => match Meaning::of(error) {
            Meaning::NoTable => "make the tables with `rowscore init`",
            Meaning::Grant => "MYSQL_USER lacks a grant: apply infra/grants.sql, or use `rowscore init --grant`",
            Meaning::NoDatabase => "check MYSQL_DATABASE, or make the database with `rowscore init --create`",
            Meaning::NeedsTls => {
                "set MYSQL_TLS=verify, or for a certificate of the server's own making verify-ca with MYSQL_CA_FILE, or \
                 pin:SHA256 with its fingerprint"
            }
            Meaning::ReadOnly => {
                "rowscore writes: name the server that takes writes in MYSQL_SERVER, or set read_only \
                 (MySQL: super_read_only, too) and transaction_read_only (MariaDB: tx_read_only) to OFF on this one"
            }
            Meaning::TooManyOfLogin => {
                "a hop opens LANES + 1 connections, two at least: let MYSQL_USER have so many for each of the \
                 WORKERS (ALTER USER … WITH MAX_USER_CONNECTIONS), or set LANES and WORKERS lower"
            }
            Meaning::TooMany => {
                "a hop opens LANES + 1 connections: raise max_connections of the server, or set LANES and WORKERS lower"
            }
            Meaning::LogsStatements => {
                "rowscore works at READ COMMITTED, of which InnoDB logs rows only: set binlog_format to ROW or MIXED \
                 on the server"
            }
            _ => "",
        },
        mysql_async::Error::Io(IoError::Io(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
            "nothing listens there: check MYSQL_SERVER and MYSQL_PORT, or MYSQL_CONNECT_TO"
        }
        mysql_async::Error::Driver(DriverError::CleartextPluginDisabled) => {
            "the server asks this login for a token: set MYSQL_AUTH=iam"
        }
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            "turn TLS on there, or set MYSQL_TLS=off if nobody else can read along on the way to it"
        }
        _ => "",
    }
}

/// The driver's words, in one line wherever they go: a server may say anything.
fn words(error: &mysql_async::Error) -> String {
    plain(&match error {
        // It names the kind of an input/output error twice.
        mysql_async::Error::Io(IoError::Io(error)) => error.to_string(),
        error => error.to_string(),
    })
}

/// Whether the server's certificate or its way of encrypting was refused. The handshake's own
/// errors come as input/output errors.
pub(super) fn is_tls(error: &IoError) -> bool {
    match error {
        IoError::Tls(_) => true,
        IoError::Io(error) => error.kind() == io::ErrorKind::InvalidData,
    }
}

/// Whether the server knows no such login, or not with that proof of it.
pub(super) fn is_login(error: &mysql_async::Error) -> bool {
    Meaning::of(error) == Meaning::Login
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
