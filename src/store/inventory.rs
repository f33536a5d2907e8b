//! What rowscore finds of its tables, columns and keys in the database, and what was made between two looks.

use std::collections::{BTreeMap, BTreeSet};

use mysql_async::{Params, Row};

use super::StoreError;
use super::catalog::of_tables;
use super::row::column;
use super::statement::Statement;
use crate::config::{ItemsTable, OWN_TABLES, OWN_VIEW};

/// The items table, and rowscore's own, with the names of their columns and keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inventory(BTreeMap<String, Parts>);

/// What a table has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Parts {
    columns: BTreeSet<String>,
    keys: BTreeSet<String>,
}

/// Something that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// A table.
    Table(String),
    /// A view.
    View(String),
    /// These columns and keys of a table that was there before.
    Parts {
        /// The table.
        table: String,
        /// Its new columns.
        columns: Vec<String>,
        /// Its new keys.
        keys: Vec<String>,
    },
}

impl Made {
    /// The table or view.
    pub fn table(&self) -> &str {
        match self {
            Self::Table(table) | Self::View(table) | Self::Parts { table, .. } => table,
        }
    }
}

impl Inventory {
    /// Looks what there is.
    pub(super) fn of(items: &ItemsTable) -> Statement<Self> {
        let doing = "looking which tables there are";
        let scores = items.target.scores().map(|scores| scores.name.literal());
        let names: Vec<String> = OWN_TABLES
            .iter()
            .chain(&[OWN_VIEW])
            .map(|name| format!("'{name}'"))
            .chain([items.literal()])
            .chain(scores)
            .collect();
        let of_tables = of_tables(&names);
        let named = |what: &str, from: &str| {
            let sql = format!(
                "SELECT `table_name` AS `table`, {what} AS `name` FROM `information_schema`.{from} {of_tables}"
            );
            Statement::all(doing, &sql, Params::Empty, |row: &Row| {
                Ok::<(String, String), StoreError>((column(row, "table")?, column(row, "name")?))
            })
        };
        let tables = named("''", "`tables`");
        let parts = named("`column_name`", "`columns`").and(named("`index_name`", "`statistics`"));
        tables.and(parts).map(|(tables, (columns, keys))| {
            let mut found: BTreeMap<String, Parts> =
                tables.into_iter().map(|(table, _)| (table, Parts::default())).collect();
            for (table, name) in columns {
                found.entry(table).or_default().columns.insert(name);
            }
            for (table, name) in keys {
                found.entry(table).or_default().keys.insert(name);
            }
            Self(found)
        })
    }

    /// Whether there is a table, or a column of it.
    pub(super) fn has(&self, table: &str, column: Option<&str>) -> bool {
        let found = self.0.get(table);
        found.is_some_and(|parts| column.is_none_or(|column| parts.columns.contains(column)))
    }

    /// What is there that was not there `before`.
    pub(super) fn since(&self, before: &Self) -> Vec<Made> {
        let made = self.0.iter().filter_map(|(table, now)| match before.0.get(table) {
            None if table == OWN_VIEW => Some(Made::View(table.clone())),
            None => Some(Made::Table(table.clone())),
            Some(then) => {
                let columns: Vec<String> = now.columns.difference(&then.columns).cloned().collect();
                let keys: Vec<String> = now.keys.difference(&then.keys).cloned().collect();
                let is_any = !columns.is_empty() || !keys.is_empty();
                is_any.then(|| Made::Parts { table: table.clone(), columns, keys })
            }
        });
        made.collect()
    }
}

/// Names of tables in the database that are none of rowscore's own, the first of them in order.
pub fn tables(most: u32) -> Statement<Vec<String>> {
    let own = OWN_TABLES.iter().chain(&[OWN_VIEW]).map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT `table_name` AS `name` FROM `information_schema`.`tables` WHERE `table_schema` = DATABASE() \
         AND `table_name` NOT IN ({own}) ORDER BY `table_name` LIMIT {most}"
    );
    Statement::all("looking which tables there are", &sql, Params::Empty, |row| column(row, "name"))
}
