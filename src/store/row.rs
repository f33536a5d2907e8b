//! Columns of a row that was read.

use mysql_async::Row;

use super::StoreError;

/// A column that the schema promises.
pub(super) fn column<T: mysql_async::prelude::FromValue>(row: &Row, name: &str) -> Result<T, StoreError> {
    match row.get_opt(name) {
        Some(Ok(value)) => Ok(value),
        _ => Err(StoreError::Unexpected(format!("column `{name}` is missing or of another type; run `rowscore init`"))),
    }
}

/// A column that holds one of an enum's names.
pub(super) fn name<T: std::str::FromStr<Err: std::fmt::Display>>(
    row: &Row,
    column_name: &str,
) -> Result<T, StoreError> {
    let text: String = column(row, column_name)?;
    text.parse().map_err(|error| StoreError::Unexpected(format!("column `{column_name}`: {error}")))
}
