//! Names of a user's table and columns: checked here, and quoted wherever they stand in SQL, so that
//! nothing in them can be SQL.

use super::setting::{Accepts, Setting};
use std::fmt;

/// The longest name that the servers know, in characters.
const LONGEST_NAME: usize = 64;

/// What a column's name may hold besides letters and digits. Between backticks none of it has a
/// meaning.
const MARKS: &str = "_$ -.()";

/// The name of a table, safe to stand quoted in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName(String);

impl TableName {
    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name between backticks.
    pub fn quoted(&self) -> String {
        format!("`{}`", self.0)
    }

    /// The name as an SQL string.
    pub fn literal(&self) -> String {
        format!("'{}'", self.0)
    }
}

impl Setting for TableName {
    const ACCEPTS: Accepts = Accepts::Text("a table name of at most 64 letters, digits, `_` and `$`");

    fn read(name: &str) -> Option<Self> {
        is_of(name, "_$").then(|| Self(name.to_owned()))
    }
}

/// The name of a column, safe to stand quoted in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnName(String);

impl ColumnName {
    /// The name as it is.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `run_id`, the column that `rowscore init` adds.
    pub(super) fn of_runs() -> Self {
        Self("run_id".to_owned())
    }

    /// The name between backticks.
    pub fn quoted(&self) -> String {
        format!("`{}`", self.0)
    }

    /// Whether the server takes `name` for the same column: it does not tell case.
    pub fn is(&self, name: &str) -> bool {
        self.0.to_lowercase() == name.to_lowercase()
    }
}

impl fmt::Display for ColumnName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Setting for ColumnName {
    const ACCEPTS: Accepts = Accepts::Text("a column name of at most 64 letters, digits, spaces and `_$-.()`");

    fn read(name: &str) -> Option<Self> {
        // The servers refuse a space at the end.
        (name.trim() == name && is_of(name, MARKS)).then(|| Self(name.to_owned()))
    }
}

/// Whether `name` is of letters, digits and `marks`, and not too long.
fn is_of(name: &str, marks: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || marks.contains(c);
    (1..=LONGEST_NAME).contains(&name.chars().count()) && name.chars().all(plain)
}
