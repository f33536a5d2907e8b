//! What a page will do, tried on no row: a server that takes no writes, a column that takes none, a binary log that
//! takes no rows and a login that may not are found before a run is opened.

use mysql_async::Params;

use super::statement::Statement;
use crate::config::{ColumnName, ItemsTable};

/// Writes the columns that a page writes, of no row.
pub(crate) fn of_a_page(table: &ItemsTable) -> Statement<()> {
    let columns = std::iter::once(&table.prediction).chain(table.run.column()).map(ColumnName::quoted);
    let columns: Vec<String> = columns.map(|name| format!("{name} = NULL")).collect();
    let sql = format!("UPDATE {} SET {} WHERE FALSE", table.quoted(), columns.join(", "));
    Statement::change("trying whether predictions can be written", &sql, Params::Empty)
}
