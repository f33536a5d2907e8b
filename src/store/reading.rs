//! How the server reads a source that is no table as it is: whether its key tells rows apart, and what a page costs.

use std::fmt::Display;

use mysql_async::{Params, Row};

use super::StoreError;
use super::by_key;
use super::counts::{mariadb_limit, mysql_limit};
use super::ids::Ids;
use super::key::{Key, KeyRef};
use super::places::joined;
use super::row::column;
use super::selection::values_text;
use super::statement::Statement;
use super::target::{in_order, items};
use crate::config::{ItemsTable, Rows};
use crate::model::Feature;

/// Milliseconds that the server may look for a key that is there twice.
const KEY_BUDGET_MS: u32 = 2000;

/// A step of the server's plan for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Of which table, by its name in the source.
    pub table: String,
    /// How its rows are found, like `range` or `ALL`.
    pub access: String,
    /// How many rows the server expects to look at.
    pub rows: u64,
    /// Whether they are kept and sorted, or made into a table, before the first of them is there.
    pub is_kept: bool,
}

/// A key that rows have more than once, or NULL; `None`: there is none. Where the server does not find out in time, the
/// statement fails, see [`StoreError::took_too_long`].
pub(crate) fn twice(table: &ItemsTable) -> Statement<Option<String>> {
    let columns = table.key.columns().map(|column| format!("i.{}", column.quoted()));
    let columns: Vec<String> = columns.collect();
    let is_null = joined(columns.iter().map(|column| format!("MAX({column}) IS NULL")), " OR ");
    let sql = format!(
        "{} SELECT {} COALESCE(CAST({} AS CHAR), 'NULL') AS `key` FROM {} GROUP BY {} HAVING COUNT(*) > 1 OR {is_null} \
         LIMIT 1",
        mariadb_limit(KEY_BUDGET_MS),
        mysql_limit(KEY_BUDGET_MS),
        by_key::shown(table, "i."),
        items(table),
        columns.join(", "),
    );
    Statement::first("looking for a key that is there twice", &sql, Params::Empty, |row| column(row, "key"))
}

/// One of these keys that more than one row has, where nothing keeps that from being. `None`: each is one row's.
pub(crate) fn shared<'k>(table: &ItemsTable, keys: impl Iterator<Item = KeyRef<'k>>) -> Statement<Option<String>> {
    if table.source.rows == Rows::Table {
        return Statement::nothing().map(|()| None);
    }
    let (walk, columns) = (by_key::items(table), table.key.columns().map(|column| format!("i.{}", column.quoted())));
    let sql = format!(
        "SELECT CAST({} AS CHAR) AS `key` FROM {} WHERE {} GROUP BY {} HAVING COUNT(*) > 1 LIMIT 1",
        walk.shown(),
        items(table),
        walk.one_of(keys),
        joined(columns, ", "),
    );
    Statement::first("looking for a key that is there twice", &sql, Params::Empty, |row| column(row, "key"))
}

/// What is said of a key that more than one row has.
pub(crate) fn is_shared(table: &ItemsTable, key: impl Display) -> StoreError {
    StoreError::Unexpected(format!(
        "{} has the key {key} more than once, so that it cannot be told whose a score is; make the key unique",
        table.quoted()
    ))
}

/// The key that so many rows from the beginning is found, where keys are no numbers, if there is one.
pub(crate) fn far(table: &ItemsTable, rows: u64) -> Statement<Option<Key>> {
    let (walk, own) = (by_key::items(table), table.clone());
    let sql = format!(
        "{} SELECT {} {} AS `far` FROM {} WHERE {} ORDER BY {} LIMIT 1 OFFSET {rows}",
        mariadb_limit(KEY_BUDGET_MS),
        mysql_limit(KEY_BUDGET_MS),
        walk.shown(),
        in_order(table),
        walk.is_known(),
        walk.order(""),
    );
    let far = Statement::first("looking ahead", &sql, Params::Empty, |row| column::<String>(row, "far"));
    far.map(move |far| far.and_then(|text| by_key::key_of(&own, &text)))
}

/// How the server would read a page of these ids. Without their scores: there may be no table of these yet.
pub(crate) fn plan(table: &ItemsTable, features: &[Feature], ids: &Ids, limit: u32) -> Statement<Vec<Step>> {
    let (walk, values) = (by_key::items(table), values_text(table, features));
    let sql = format!(
        "EXPLAIN FORMAT=TRADITIONAL SELECT {}, {values} FROM {} WHERE {} ORDER BY {} LIMIT {limit}",
        walk.shown(),
        in_order(table),
        walk.condition(ids),
        walk.order(""),
    );
    Statement::all("asking how the server reads a page", &sql, Params::Empty, step)
}

fn step(row: &Row) -> Result<Step, StoreError> {
    let text = |name: &str| -> Result<String, StoreError> { Ok(column::<Option<_>>(row, name)?.unwrap_or_default()) };
    let (kind, extra) = (text("select_type")?, text("Extra")?);
    let is_kept = extra.contains("Using filesort") || extra.contains("Using temporary") || kind.contains("DERIVED");
    let rows: Option<u64> = column(row, "rows")?;
    Ok(Step { table: text("table")?, access: text("type")?, rows: rows.unwrap_or(0), is_kept })
}
