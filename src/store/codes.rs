//! The servers' error codes, told apart by what they mean to rowscore.

use mysql_async::Error;

/// What a server's error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Another transaction has the lock that was wanted, or has changed what was to be locked.
    Locked,
    /// The server, or the login, has too many connections.
    TooMany,
    /// The server takes no writes, as an old writer does after a failover.
    ReadOnly,
    /// The statement is too large for the server, which then hangs up.
    TooLarge,
    /// The connection was cut off, or the server is shutting down.
    CutOff,
    /// The statement used up its time.
    TimeUp,
    /// A unique key holds the value already.
    Duplicate,
    /// There is no such login, or not with that proof of it.
    Login,
    /// The login lacks a grant.
    Grant,
    /// There is no such database.
    NoDatabase,
    /// There is no such table.
    NoTable,
    /// Anything else, or no error of a server.
    Other,
}

impl Meaning {
    pub(super) fn of(error: &Error) -> Self {
        let Error::Server(error) = error else { return Self::Other };
        match error.code {
            1020 | 1205 | 1213 => Self::Locked, // changed meanwhile (MariaDB), lock wait timeout, deadlock
            1040 | 1203 | 1226 => Self::TooMany, // of the server, of a login, of this login
            1290 | 1792 | 1836 => Self::ReadOnly, // by an option, in this transaction, the server
            1153 => Self::TooLarge,             // max_allowed_packet
            1053 | 1077..=1079 => Self::CutOff, // shutting down, shut down, ended by a signal
            1152 | 1158..=1161 | 1184 => Self::CutOff, // aborted, or the network failed or was silent
            1927 | 3169 => Self::CutOff,        // killed: MariaDB, MySQL
            1969 | 3024 => Self::TimeUp,        // MariaDB, MySQL
            1062 => Self::Duplicate,
            1045 | 1698 => Self::Login, // a wrong password, no password is accepted
            1044 | 1142 | 1143 | 1370 => Self::Grant, // on the database, table, column, procedure
            1049 => Self::NoDatabase,
            1146 => Self::NoTable,
            _ => Self::Other,
        }
    }
}
