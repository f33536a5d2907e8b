//! What the migrations would make, and the database does not have: it was made for an earlier version.

use std::collections::BTreeSet;

use super::inventory::Inventory;
use super::schema::MIGRATIONS;
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
        let lacks = |part: &Missing| !there.has(&part.table, part.column.as_deref());
        let all: Vec<Missing> = MIGRATIONS.iter().flat_map(|(name, sql)| made_by(name, sql)).filter(lacks).collect();
        let is_whole = |part: &&Missing| part.column.is_none();
        let tables: BTreeSet<String> = all.iter().filter(is_whole).map(|part| part.table.clone()).collect();
        all.into_iter().filter(|part| part.column.is_none() || !tables.contains(&part.table)).collect()
    })
}

/// The tables that a migration makes, and the columns that it adds to others, as its text has them. What it says of the
/// items table is no part of it: that is named by a variable.
fn made_by(migration: &'static str, sql: &str) -> Vec<Missing> {
    const TABLE: &str = "CREATE TABLE IF NOT EXISTS `";
    const ALTER: &str = "ALTER TABLE `";
    const COLUMN: &str = "ADD COLUMN `";
    let name = |rest: &str| rest.split('`').next().unwrap_or_default().to_owned();
    let tables =
        sql.split(TABLE).skip(1).map(|rest| Missing { table: name(rest), column: None, migration }).collect::<Vec<_>>();
    let columns = sql.split(ALTER).skip(1).flat_map(|rest| {
        let of_this = rest.split(';').next().unwrap_or_default();
        let columns: Vec<String> = of_this.split(COLUMN).skip(1).map(name).collect();
        columns.into_iter().map(move |column| Missing { table: name(rest), column: Some(column), migration })
    });
    tables.into_iter().chain(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::OWN_TABLES;

    #[test]
    fn every_table_of_rowscores_own_is_made_by_a_migration() {
        let made: BTreeSet<String> =
            MIGRATIONS.iter().flat_map(|(name, sql)| made_by(name, sql)).map(|part| part.table).collect();
        assert_eq!(made, OWN_TABLES.iter().map(ToString::to_string).collect());
    }

    #[test]
    fn a_migration_tells_by_its_text_what_it_makes() {
        let sql = "CREATE TABLE IF NOT EXISTS `a` (\n  `b` INT);\nSET @ddl = 'ALTER TABLE `c`\n  ADD COLUMN `d` INT COMMENT ''x, y'',\n  \
                   ADD COLUMN `e` INT';\nSET @ddl = CONCAT('ALTER TABLE ', @items, ' ADD COLUMN ', @run);";
        let said: Vec<String> = made_by("7.sql", sql).iter().map(ToString::to_string).collect();
        assert_eq!(said, ["`a` (7.sql)", "`c`.`d` (7.sql)", "`c`.`e` (7.sql)"]);
    }
}
