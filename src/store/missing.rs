//! What the migrations would make, and the database does not have: it was made for an earlier version.

use std::collections::BTreeSet;

use super::inventory::Inventory;
use super::migrations::{MIGRATIONS, Part, made_by};
use super::statement::Statement;
use crate::config::ItemsTable;

/// A table or a column that is not there, or that the login may not see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The table.
    pub table: String,
    /// The column; `None`: the whole table.
    pub column: Option<String>,
    /// The name of the migration that makes it.
    pub migration: &'static str,
}

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, column, migration } = self;
        match column {
            Some(column) => write!(f, "`{table}`.`{column}` ({migration})"),
            None => write!(f, "`{table}` ({migration})"),
        }
    }
}

/// What of rowscore's own tables is missing in the database that holds `items`. Of a table that is missing as a whole,
/// no column is named.
pub fn missing(items: &ItemsTable) -> Statement<Vec<Missing>> {
    Inventory::of(items).map(|there| {
        let lacks = |part: &Part| !there.has(&part.table, part.column.as_deref());
        let of_one = |&(migration, sql): &(&'static str, &str)| {
            let lacking = made_by(sql).into_iter().filter(lacks);
            lacking.map(|Part { table, column }| Missing { table, column, migration }).collect::<Vec<_>>()
        };
        let all: Vec<Missing> = MIGRATIONS.iter().flat_map(of_one).collect();
        let is_whole = |part: &&Missing| part.column.is_none();
        let tables: BTreeSet<String> = all.iter().filter(is_whole).map(|part| part.table.clone()).collect();
        all.into_iter().filter(|part| part.column.is_none() || !tables.contains(&part.table)).collect()
    })
}
