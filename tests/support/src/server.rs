//! The servers that `scripts/test` started.

use std::path::PathBuf;

use mysql_async::Opts;

use super::environment;

/// The servers that every test runs on. All of them, one after the other, are
/// `#[values(Server::Mysql, Server::Mariadb, Server::Mariadb11)] server: Server` as a parameter of an `#[rstest]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// A MySQL.
    Mysql,
    /// An old MariaDB, 10.11 on Debian.
    Mariadb,
    /// MariaDB 11.8, whose transactions fail where a row has changed since they began.
    Mariadb11,
}

impl Server {
    /// What `scripts/with-database` calls it, in the names of variables.
    fn label(self) -> &'static str {
        match self {
            Self::Mysql => "MYSQL",
            Self::Mariadb => "MARIADB",
            Self::Mariadb11 => "MARIADB_11_8",
        }
    }

    /// What `scripts/database` calls it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Mysql => "mysql",
            Self::Mariadb => "mariadb",
            Self::Mariadb11 => "mariadb-11.8",
        }
    }

    /// Whether it is a MariaDB, old or new.
    pub fn is_mariadb(self) -> bool {
        self != Self::Mysql
    }

    /// Where it is, and a login that may do anything.
    pub fn opts(self) -> Opts {
        let variable = format!("ROWSCORE_TEST_{}", self.label());
        Opts::from_url(&environment(&variable)).unwrap_or_else(|error| panic!("{variable}: {error}"))
    }

    /// The folder of the server; see `scripts/database` for what is in it.
    pub fn folder(self) -> PathBuf {
        environment(&format!("ROWSCORE_{}_DIR", self.label())).into()
    }

    /// The certificate authority that says: this is `localhost`.
    pub fn ca_file(self) -> String {
        self.folder().join("tls/ca.pem").into_os_string().into_string().unwrap()
    }
}
