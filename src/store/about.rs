//! What a server says of itself and of the connection to it.

use std::collections::BTreeMap;

use mysql_async::{Params, Row};

use super::StoreError;
use super::row::column;
use super::statement::Statement;

/// The server's variables that are looked at.
const LOOKED_AT: [&str; 8] = [
    "binlog_format",
    "innodb_read_only",
    "log_bin",
    "max_connections",
    "max_user_connections",
    "offline_mode",
    "read_only",
    "super_read_only",
];

/// A server, and a connection to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Like `8.0.43` or `10.11.14-MariaDB-log`.
    pub version: String,
    /// Whom the server takes us to be, like `scorer@%`.
    pub login: String,
    /// Like `TLSv1.3`; `None`: the connection is not encrypted.
    pub tls: Option<String>,
    /// Those of its variables that matter here and that it knows, by name.
    pub variables: BTreeMap<String, String>,
}

impl About {
    /// Whether a variable is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|value| value == "ON" || value == "1")
    }

    /// A variable that is a number; `None`: the server does not know it.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.variables.get(name)?.parse().ok()
    }
}

/// Asks a server about itself. Any login may.
pub fn about() -> Statement<About> {
    let doing = "asking the server about itself";
    let pair = |row: &Row| Ok::<(String, String), StoreError>((column(row, "Variable_name")?, column(row, "Value")?));
    let names = LOOKED_AT.map(|name| format!("'{name}'")).join(", ");
    let sql = format!("SHOW VARIABLES WHERE `Variable_name` IN ({names})");
    let variables = Statement::all(doing, &sql, Params::Empty, pair);
    let tls = Statement::all(doing, "SHOW SESSION STATUS LIKE 'Ssl_version'", Params::Empty, pair);
    let sql = "SELECT VERSION() AS `version`, CURRENT_USER() AS `login`";
    let who = |row: &Row| Ok::<(String, String), StoreError>((column(row, "version")?, column(row, "login")?));
    let who = Statement::one(doing, sql, Params::Empty, who);
    who.and(tls).and(variables).map(|(((version, login), tls), variables)| About {
        version,
        login,
        tls: tls.into_iter().map(|(_, value)| value).find(|value| !value.is_empty()),
        variables: variables.into_iter().collect(),
    })
}
