//! The plain SQL that makes rowscore's tables, and what of it a text makes.

/// Every migration by name, in order. Each may be applied again at any time.
pub(super) const MIGRATIONS: [(&str, &str); 18] = [
    ("0001_items.sql", include_str!("../../infra/migrations/0001_items.sql")),
    ("0002_runs.sql", include_str!("../../infra/migrations/0002_runs.sql")),
    ("0003_backfill.sql", include_str!("../../infra/migrations/0003_backfill.sql")),
    ("0004_watch.sql", include_str!("../../infra/migrations/0004_watch.sql")),
    ("0005_looks.sql", include_str!("../../infra/migrations/0005_looks.sql")),
    ("0006_history.sql", include_str!("../../infra/migrations/0006_history.sql")),
    ("0007_any_ground.sql", include_str!("../../infra/migrations/0007_any_ground.sql")),
    ("0008_tempo.sql", include_str!("../../infra/migrations/0008_tempo.sql")),
    ("0009_jobs.sql", include_str!("../../infra/migrations/0009_jobs.sql")),
    ("0010_keys.sql", include_str!("../../infra/migrations/0010_keys.sql")),
    ("0012_jobs_in_sql.sql", include_str!("../../infra/migrations/0012_jobs_in_sql.sql")),
    ("0013_models.sql", include_str!("../../infra/migrations/0013_models.sql")),
    ("0014_failed_windows.sql", include_str!("../../infra/migrations/0014_failed_windows.sql")),
    ("0015_quality.sql", include_str!("../../infra/migrations/0015_quality.sql")),
    ("0016_arrivals.sql", include_str!("../../infra/migrations/0016_arrivals.sql")),
    ("0017_waiting.sql", include_str!("../../infra/migrations/0017_waiting.sql")),
    ("0018_telling.sql", include_str!("../../infra/migrations/0018_telling.sql")),
    ("0019_late.sql", include_str!("../../infra/migrations/0019_late.sql")),
];

/// The migration that is about the table that is scored.
pub(super) const OF_THE_ITEMS: &str = "0001_items.sql";

/// A table, or a column of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// The table.
    pub table: String,
    /// The column; `None`: the whole table.
    pub column: Option<String>,
}

/// The tables that a migration makes, and the columns that it adds to others, as its text has them. What it says of the
/// items table is no part of it: that is named by a variable.
pub(super) fn made_by(sql: &str) -> Vec<Part> {
    const TABLE: &str = "CREATE TABLE IF NOT EXISTS `";
    const ALTER: &str = "ALTER TABLE `";
    const COLUMN: &str = "ADD COLUMN `";
    let name = |rest: &str| rest.split('`').next().unwrap_or_default().to_owned();
    let tables = sql.split(TABLE).skip(1).map(|rest| Part { table: name(rest), column: None });
    let columns = sql.split(ALTER).skip(1).flat_map(|rest| {
        let of_this = rest.split(';').next().unwrap_or_default();
        let columns: Vec<String> = of_this.split(COLUMN).skip(1).map(name).collect();
        columns.into_iter().map(move |column| Part { table: name(rest), column: Some(column) })
    });
    tables.chain(columns).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::OWN_TABLES;

    #[test]
    fn every_table_of_rowscores_own_is_made_by_a_migration() {
        let made: BTreeSet<String> =
            MIGRATIONS.iter().flat_map(|(_, sql)| made_by(sql)).map(|part| part.table).collect();
        assert_eq!(made, OWN_TABLES.iter().map(ToString::to_string).collect());
    }

    #[test]
    fn a_migration_tells_by_its_text_what_it_makes() {
        let sql = "CREATE TABLE IF NOT EXISTS `a` (\n  `b` INT);\nSET @ddl = 'ALTER TABLE `c`\n  ADD COLUMN `d` INT COMMENT ''x, y'',\n  \
                   ADD COLUMN `e` INT';\nSET @ddl = CONCAT('ALTER TABLE ', @items, ' ADD COLUMN ', @run);";
        let said: Vec<(String, Option<String>)> =
            made_by(sql).into_iter().map(|part| (part.table, part.column)).collect();
        let expected = [("a", None), ("c", Some("d")), ("c", Some("e"))];
        assert_eq!(said, expected.map(|(table, column)| (table.to_owned(), column.map(ToOwned::to_owned))));
    }
}
