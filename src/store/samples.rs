//! All SQL of `batch_samples`: which items tables were filled with samples, and whether they hold nothing else.

use mysql_async::params;

use super::row::column;
use super::statement::Statement;
use crate::config::ItemsTable;

/// The first and the last item, and the digest of the values of both. With the default columns alone.
fn ends(table: &ItemsTable) -> String {
    let end = |order: &str| {
        format!("SELECT `id`, CAST(`values` AS CHAR) AS `text` FROM {} ORDER BY `id` {order} LIMIT 1", table.quoted())
    };
    format!(
        "SELECT f.`id` AS `first`, l.`id` AS `last`, SHA2(CONCAT(f.`text`, ' ', l.`text`), 256) AS `sha256` \
         FROM ({}) f JOIN ({}) l",
        end("ASC"),
        end("DESC")
    )
}

/// Notes that the table, which has the default columns, was filled with samples just now.
pub fn note(table: &ItemsTable) -> Statement<()> {
    let sql = format!(
        "REPLACE INTO `batch_samples` (`items_table`, `first_id`, `last_id`, `sha256`, `filled_at`) \
         SELECT :table, e.`first`, e.`last`, e.`sha256`, UTC_TIMESTAMP(3) FROM ({}) e",
        ends(table)
    );
    Statement::change("noting what the samples are", &sql, params! { "table" => table.as_str() })
}

/// Whether the table holds the samples that it was filled with, and nothing before or behind them. A table of the
/// user's own holds none. It reads two rows.
pub fn are_all(table: &ItemsTable) -> Statement<bool> {
    if !table.has_default_columns() {
        return Statement::nothing().map(|()| false);
    }
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM `batch_samples` s JOIN ({}) e \
           ON s.`first_id` = e.`first` AND s.`last_id` = e.`last` AND s.`sha256` = e.`sha256` \
         WHERE s.`items_table` = :table) AS `are`",
        ends(table)
    );
    Statement::one("looking whether the items are samples", &sql, params! { "table" => table.as_str() }, |row| {
        column(row, "are")
    })
}
