//! The servers' error codes, told apart by what they mean to rowscore.

use mysql_async::{Error, ServerError};

use super::fault::Fault;

/// What a server's error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Another transaction has the lock that was wanted, or has changed what was to be locked.
    Locked,
    /// The server has too many connections.
    TooMany,
    /// The login has too many connections.
    TooManyOfLogin,
    /// The server takes no writes, as an old writer does after a failover.
    ReadOnly,
    /// The server's binary log takes statements only, and InnoDB gives it none at READ COMMITTED.
    LogsStatements,
    /// The statement is too large for the server, which then hangs up.
    TooLarge,
    /// The connection was cut off, the server is shutting down, or has left its cluster.
    CutOff,
    /// The statement used up its time.
    TimeUp,
    /// A unique key holds the value already.
    Duplicate,
    /// There is no such login, or not with that proof of it.
    Login,
    /// The server takes no connection without TLS.
    NeedsTls,
    /// A column may not be NULL.
    Null,
    /// The login lacks a grant.
    Grant,
    /// There is no such database.
    NoDatabase,
    /// There is no such table.
    NoTable,
    /// A grant names a login that there is not.
    NoLogin,
    /// The server has no plugin of that name.
    NoPlugin,
    /// The table is not changed in that way while others use it.
    NotOnline,
    /// What was to be made is there, or what was to be taken away is not.
    There,
    /// Anything else, or no error of a server.
    Other,
}

impl Meaning {
    /// Whether trying again may help.
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::Locked => Fault::Retry,
            Self::TooMany | Self::TooLarge | Self::CutOff => Fault::Reconnect,
            Self::TooManyOfLogin => Fault::Crowded,
            Self::ReadOnly | Self::NoTable | Self::NoDatabase => Fault::Away,
            Self::LogsStatements
            | Self::TimeUp
            | Self::Duplicate
            | Self::Null
            | Self::Login
            | Self::NeedsTls
            | Self::Grant
            | Self::NoLogin
            | Self::NoPlugin
            | Self::NotOnline
            | Self::There
            | Self::Other => Fault::Permanent,
        }
    }

    pub(super) fn of(error: &Error) -> Self {
        let Error::Server(error) = error else { return Self::Other };
        match error.code {
            // Changed meanwhile (MariaDB), lock wait timeout, deadlock; with NOWAIT, of MySQL.
            1020 | 1205 | 1213 | 3572 => Self::Locked,
            1040 => Self::TooMany,
            1203 | 1226 => Self::TooManyOfLogin, // by max_user_connections, by the login's own limits
            // By an option; there are others that it is said of.
            1290 if error.message.contains("read") => Self::ReadOnly,
            1792 | 1836 => Self::ReadOnly, // in this transaction, the server
            1665 => Self::LogsStatements,
            1153 => Self::TooLarge,                    // max_allowed_packet
            1053 | 1077..=1079 => Self::CutOff,        // shutting down, shut down, ended by a signal
            1152 | 1158..=1161 | 1184 => Self::CutOff, // aborted, or the network failed or was silent
            1317 | 1927 | 3169 => Self::CutOff, // the statement or the connection was killed: both, MariaDB, MySQL
            3032 => Self::CutOff,               // offline mode
            1969 | 3024 => Self::TimeUp,        // MariaDB, MySQL
            1062 => Self::Duplicate,
            1048 => Self::Null,
            1045 | 1698 => Self::Login, // a wrong password, no password is accepted
            1044 | 1142 | 1143 | 1370 => Self::Grant, // on the database, table, column, procedure
            1227 => Self::Grant,        // on the server, as that of making logins
            3159 => Self::NeedsTls,
            1049 => Self::NoDatabase,
            1146 => Self::NoTable,
            1133 | 1410 | 3523 => Self::NoLogin, // MariaDB, MySQL, one that is no role either
            1524 => Self::NoPlugin,
            // Not at all, not for this table, too often before; not where MariaDB keeps the table's history.
            1845 | 1846 | 4092 | 4119 => Self::NotOnline,
            1050 | 1060 | 1061 | 1091 => Self::There, // a table, a column, a key; either of the last two
            // Clusters. Group Replication: another server's commit was first.
            3101 => Self::Locked,
            // This server is none of the cluster's at the moment: Galera, then Group Replication.
            1047 | 1180 | 3100 | 3796..=3799 => Self::CutOff,
            // A proxy's words, which are else a client's own: the server is not there, or has gone.
            2002 | 2003 | 2006 | 2013 => Self::CutOff,
            9001 => Self::CutOff, // ProxySQL's own: it has no server to pass the statement to
            _ => Self::Other,
        }
    }
}

/// Whether an error is one of what is in a row, which another row need not have: by the class of its state, or
/// by its code where the state is the general one.
pub(super) fn is_of_a_row(error: &ServerError) -> bool {
    match error.code {
        // A trigger's own, with or without a state of its own; a column without a default, text that is none.
        1644 | 1645 | 1364 | 1366 => true,
        // Cut short or out of range; a check, of MySQL and of MariaDB.
        1264 | 1265 | 1406 | 3819 | 4025 => true,
        // Invalid data, a violated constraint or view, a user's own.
        _ => ["22", "23", "44", "45"].iter().any(|class| error.state.starts_with(class)),
    }
}
