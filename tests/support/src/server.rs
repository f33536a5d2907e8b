//! The servers that `scripts/with-database` started.

use std::path::PathBuf;

use mysql_async::Opts;

use super::environment;

/// The servers that every test runs on. Both, one after the other, are
/// `#[values(Server::Mysql, Server::Mariadb)] server: Server` as a parameter of an `#[rstest]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// A MySQL.
    Mysql,
    /// A MariaDB.
    Mariadb,
}

impl Server {
    /// Where it is, and a login that may do anything.
    pub(crate) fn opts(self) -> Opts {
        let variable = match self {
            Self::Mysql => "ROWSCORE_TEST_MYSQL",
            Self::Mariadb => "ROWSCORE_TEST_MARIADB",
        };
        Opts::from_url(&environment(variable)).unwrap_or_else(|error| panic!("{variable}: {error}"))
    }

    /// The folder of the server; see `scripts/database` for what is in it.
    pub fn folder(self) -> PathBuf {
        environment(match self {
            Self::Mysql => "ROWSCORE_MYSQL_DIR",
            Self::Mariadb => "ROWSCORE_MARIADB_DIR",
        })
        .into()
    }

    /// The certificate authority that says: this is `localhost`.
    pub fn ca_file(self) -> String {
        self.folder().join("tls/ca.pem").into_os_string().into_string().unwrap()
    }
}
