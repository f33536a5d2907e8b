//! Columns of a row that was read.

use chrono::NaiveDateTime;
use mysql_async::{Row, Value, from_value_opt};

use super::StoreError;
use super::key::Key;

/// A name of rowscore's own between backticks.
pub(super) fn named(name: &str) -> String {
    format!("`{name}`")
}

/// A column that the schema promises.
pub(super) fn column<T: mysql_async::prelude::FromValue>(row: &Row, name: &str) -> Result<T, StoreError> {
    match row.get_opt(name) {
        Some(Ok(value)) => Ok(value),
        _ => Err(StoreError::Unexpected(format!("column `{name}` is missing or of another type; run `rowscore init`"))),
    }
}

/// A column with a key as text, if there is one and it is asked for.
pub(super) fn key_text(row: &Row, name: &str) -> Option<Key> {
    let text: Option<String> = row.get_opt(name)?.ok()?;
    text.map(|text| Key::text(&text))
}

/// A column of the user's with a date. The servers store such as no calendar has: 0000-00-00, 2026-00-10.
pub(super) fn date(row: &Row, name: &str) -> Result<Option<NaiveDateTime>, StoreError> {
    let value: Value = column(row, name)?;
    Ok(from_value_opt(value).ok().flatten())
}

/// A column that holds one of an enum's names.
pub(super) fn name<T: std::str::FromStr<Err: std::fmt::Display>>(
    row: &Row,
    column_name: &str,
) -> Result<T, StoreError> {
    let text: String = column(row, column_name)?;
    text.parse().map_err(|error| StoreError::Unexpected(format!("column `{column_name}`: {error}")))
}
