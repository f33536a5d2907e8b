//! A table that cannot be scored.

use crate::config::ItemsTable;

/// Why no run is opened over a table, or why its predictions are not judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("table `{table}` cannot be {done}: {}", .problems.join("; "))]
pub struct Unfit {
    table: String,
    /// What cannot be done with it.
    done: &'static str,
    /// Everything that is wrong.
    pub problems: Vec<String>,
}

impl Unfit {
    /// An error, unless nothing is wrong.
    pub(super) fn unless_none(table: &ItemsTable, problems: Vec<String>) -> Result<(), Self> {
        Self::unless("scored", table, problems)
    }

    /// The same, where it can be scored all the same.
    pub(super) fn unless_judged(table: &ItemsTable, problems: Vec<String>) -> Result<(), Self> {
        Self::unless("judged", table, problems)
    }

    fn unless(done: &'static str, table: &ItemsTable, problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { table: table.as_str().to_owned(), done, problems }) }
    }
}
