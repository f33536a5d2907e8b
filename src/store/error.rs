//! What can go wrong with the database, whether trying again may help, and what to do about it.

use std::io;
use std::time::Duration;

use mysql_async::{DriverError, IoError};

use super::codes::{self, Meaning};

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
pub(super) fn is_tls(error: &IoError) -> bool {
    match error {
        IoError::Tls(_) => true,
        IoError::Io(error) => error.kind() == io::ErrorKind::InvalidData,
    }
}

/// Whether the server knows no such login, or not with that proof of it.
pub(super) fn is_login(error: &mysql_async::Error) -> bool {
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
