//! A table that cannot be scored.

use crate::config::ItemsTable;

/// Why no run is opened over a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table `{table}` cannot be scored: {}", .problems.join("; "))]
pub struct Unfit {
    table: String,
    /// Everything that is wrong.
    pub problems: Vec<String>,
}

impl Unfit {
    /// An error, unless nothing is wrong.
    pub(super) fn unless_none(table: &ItemsTable, problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { table: table.as_str().to_owned(), problems }) }
    }
}
