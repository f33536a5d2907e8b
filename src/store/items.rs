//! All SQL of the items table.

use std::fmt;

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Value, params};

use super::places::{Places, joined, places};
use super::selection::{Selection, values_text};
use super::{Doing, StoreError, failures};
use crate::config::TableName;
use crate::run::{Mode, RunId};
use crate::window::{Time, Window};

/// Milliseconds that the server may count pending items for a run's progress and its final sum:
/// enough for some million rows, and well within `HOP_MARGIN_MS`, since the last count comes after
/// the last page. A larger window is worked off without a total.
const COUNT_BUDGET_MS: u32 = 2000;

/// Where selected items lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Every id is greater.
    pub low: i64,
    /// Every id is at most this.
    pub high: i64,
    /// How many there are; `None`: too many to count in time.
    pub items: Option<u64>,
}

/// The ends of the table: every id lies in `(low, high]`; `None` if it is empty. The primary key has
/// them at no cost.
///
/// # Errors
/// The database's.
pub async fn ends(conn: &mut impl Queryable, table: &TableName) -> Result<Option<(i64, i64)>, StoreError> {
    let sql = format!("SELECT MIN(`id`), MAX(`id`) FROM {}", table.quoted());
    let ends: Option<(Option<i64>, Option<i64>)> =
        conn.query_first(sql).await.doing("finding the ends of the table")?;
    Ok(ends.and_then(|(least, high)| Some((least?.saturating_sub(1), high?))))
}

/// Where the items of `selection` lie, of those with ids in `(low, high]` if that is given; `None`
/// if there are none.
///
/// # Errors
/// The database's.
pub async fn extent(
    conn: &mut impl Queryable,
    table: &TableName,
    selection: Selection,
    features: usize,
    range: Option<(i64, i64)>,
) -> Result<Option<Extent>, StoreError> {
    let selection = lightened(conn, table, selection).await?;
    let columns = "MIN(i.`id`), MAX(i.`id`), COUNT(*)";
    let bounds = range.map_or_else(|| "TRUE".to_owned(), |(low, high)| format!("i.`id` > {low} AND i.`id` <= {high}"));
    let counted: Result<(Option<i64>, Option<i64>, u64), _> =
        in_time(conn, table, selection, features, (columns, &bounds)).await;
    match counted {
        Ok((Some(least), Some(high), items)) => {
            Ok(Some(Extent { low: least.saturating_sub(1), high, items: Some(items) }))
        }
        Ok(_) => Ok(None),
        Err(error) if took_too_long(&error) => {
            // They bound every selection.
            let ends = if range.is_some() { range } else { ends(conn, table).await? };
            Ok(ends.map(|(low, high)| Extent { low, high, items: None }))
        }
        Err(error) => Err(error).doing("finding the run's items"),
    }
}

/// How many items of `selection` have ids in `(low, high]`; `None`: too many to count in time.
///
/// # Errors
/// The database's.
pub async fn count(
    conn: &mut impl Queryable,
    table: &TableName,
    selection: Selection,
    features: usize,
    (low, high): (i64, i64),
) -> Result<Option<u64>, StoreError> {
    let selection = lightened(conn, table, selection).await?;
    let key = selection.key();
    let bounds = format!("{key} > {low} AND {key} <= {high}");
    match in_time::<(u64,)>(conn, table, selection, features, ("COUNT(*)", &bounds)).await {
        Ok((items,)) => Ok(Some(items)),
        Err(error) if took_too_long(&error) => Ok(None),
        Err(error) => Err(error).doing("counting pending items"),
    }
}

/// Age in whole seconds, at `now`, of the oldest item created in `window` that is pending and not set
/// aside; 0: none is. `None`: not found in time.
///
/// # Errors
/// The database's.
pub async fn oldest_pending(
    conn: &mut impl Queryable,
    table: &TableName,
    window: Window,
    features: usize,
    now: Time,
) -> Result<Option<u64>, StoreError> {
    let selection = lightened(conn, table, Selection::Fresh(window)).await?;
    let sql = limited(&format!(
        "i.`created_datetime` FROM {} i WHERE {} AND i.`created_datetime` IS NOT NULL \
         ORDER BY i.`created_datetime`, i.`id` LIMIT 1",
        table.quoted(),
        selection.condition(table, &values_text(features)),
    ));
    match conn.query_first::<NaiveDateTime, _>(sql).await {
        Ok(Some(created)) => Ok(u64::try_from((now - created.and_utc()).num_seconds()).ok().or(Some(0))),
        Ok(None) => Ok(Some(0)),
        Err(error) if took_too_long(&error) => Ok(None),
        Err(error) => Err(error).doing("looking for the oldest pending item"),
    }
}

/// The same items without looking each of them up among the failures, where there are none.
async fn lightened(
    conn: &mut impl Queryable,
    table: &TableName,
    selection: Selection,
) -> Result<Selection, StoreError> {
    let light = selection.where_none_is_set_aside();
    Ok(if light != selection && failures::any(conn, table).await? { selection } else { light })
}

/// One row about the items of `selection`, within [`COUNT_BUDGET_MS`].
async fn in_time<T: mysql_async::prelude::FromRow + Send + 'static>(
    conn: &mut impl Queryable,
    table: &TableName,
    selection: Selection,
    features: usize,
    (columns, bounds): (&str, &str),
) -> mysql_async::Result<T> {
    // Here the window's own key is welcome: there is nothing to keep in order.
    let tables = selection.tables(table).replace(" FORCE INDEX (PRIMARY)", "");
    let sql = limited(&format!(
        "{columns} FROM {tables} WHERE {} AND {bounds}",
        selection.condition(table, &values_text(features)),
    ));
    let row = conn.query_first(sql).await?;
    row.ok_or_else(|| mysql_async::Error::Other("an aggregate without a row".into()))
}

/// A SELECT of `what` that ends after [`COUNT_BUDGET_MS`]. Each server reads its own way of saying so
/// and takes the other's for a comment.
fn limited(what: &str) -> String {
    let seconds = f64::from(COUNT_BUDGET_MS) / 1e3;
    format!(
        "/*M! SET STATEMENT max_statement_time={seconds} FOR */ SELECT /*+ MAX_EXECUTION_TIME({COUNT_BUDGET_MS}) */ {what}"
    )
}

fn took_too_long(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Server(error) if matches!(error.code, 3024 | 1969))
}

/// An item as a page reads it.
#[derive(Debug)]
pub struct PendingItem {
    /// Its key.
    pub id: i64,
    /// Its `values` as JSON text, cut one character beyond the longest text that is read.
    pub values: Vec<u8>,
    /// In a backfill, its prediction so far, as JSON text that is cut like `values`.
    pub prediction: Option<Vec<u8>>,
}

/// Which items a page may take.
#[derive(Clone, Copy, Debug)]
pub struct PageBounds {
    /// Of these.
    pub selection: Selection,
    /// Ids are greater than this.
    pub after: i64,
    /// Ids are at most this.
    pub upto: i64,
    /// At most so many.
    pub limit: u32,
    /// Whether they are to be written.
    pub mode: Mode,
}

/// The statement that reads the next items of a selection, by id: `id`, `values` and, in a backfill,
/// `prediction`. It locks those that are to be written, and must run in the transaction that does.
#[must_use]
pub fn read_statement(table: &TableName, bounds: PageBounds, features: usize) -> String {
    let PageBounds { selection, after, upto, limit, mode } = bounds;
    let (values, key) = (values_text(features), selection.key());
    format!(
        "SELECT i.`id`, {} FROM {} WHERE {key} > {after} AND {key} <= {upto} AND {} \
         ORDER BY {key} LIMIT {limit}{}",
        selection.columns(&values),
        selection.tables(table),
        selection.condition(table, &values),
        if mode.writes() { " FOR UPDATE" } else { "" },
    )
}

/// The first id in `(after, upto]`, whatever the item's state.
///
/// # Errors
/// The database's.
pub async fn next_id(
    conn: &mut impl Queryable,
    table: &TableName,
    after: i64,
    upto: i64,
) -> Result<Option<i64>, StoreError> {
    let sql = format!("SELECT MIN(`id`) FROM {} WHERE `id` > :after AND `id` <= :upto", table.quoted());
    let found: Option<Option<i64>> =
        conn.exec_first(sql, params! { "after" => after, "upto" => upto }).await.doing("looking for the next item")?;
    Ok(found.flatten())
}

/// Predictions of a page: item `ids[n]` has the `classes` probabilities from `n * classes` on.
#[derive(Debug, Default)]
pub struct Predictions {
    /// Keys in ascending order.
    pub ids: Vec<i64>,
    /// Class probabilities, row after row.
    pub probabilities: Vec<f64>,
    /// Probabilities per row.
    pub classes: usize,
}

/// Writes the predictions of locked items.
///
/// # Errors
/// The database's.
pub async fn write(
    tx: &mut impl Queryable,
    table: &TableName,
    run: RunId,
    page: &Predictions,
) -> Result<(), StoreError> {
    if page.ids.is_empty() {
        return Ok(());
    }
    tx.query_drop(write_statement(table, run, page)?).await.doing("writing predictions")
}

/// The one statement that writes the predictions of locked items, one at least.
///
/// Of the ways to update many rows to different values, this one reads the same and is fastest on MySQL
/// and MariaDB, about as fast as a constant: all predictions are one text, each padded to the same
/// width, so the server parses a single literal, and cuts out a row's by its place on the page. In a
/// character set of one byte that is no search. Single-table, one round trip, every f64 kept exactly.
pub(super) fn write_statement(table: &TableName, run: RunId, page: &Predictions) -> Result<String, StoreError> {
    let unwritable = |error: &dyn fmt::Display| StoreError::Unexpected(format!("formatting a page: {error}"));
    // A probability takes about 20 characters; an array of numbers needs no escaping in a string.
    let mut texts = Vec::with_capacity((21 * page.classes + 2) * page.ids.len());
    let mut ends = Vec::with_capacity(page.ids.len());
    for row in page.probabilities.chunks_exact(page.classes) {
        serde_json::to_writer(&mut texts, row).map_err(|error| unwritable(&error))?;
        ends.push(texts.len());
    }
    let texts = String::from_utf8(texts).map_err(|error| unwritable(&error))?;
    let begins = std::iter::once(0).chain(ends.iter().copied());
    let rows = begins.zip(&ends).map(|(begin, &end)| &texts[begin..end]);
    let width = rows.clone().map(str::len).max().unwrap_or_default();

    let (table, Places { place, which }) = (table.quoted(), places(&page.ids));
    let mut sql = String::with_capacity(width * page.ids.len() + place.len() + which.len() + 200);
    sql.push_str(&format!("UPDATE {table} SET `run_id` = {run}, `prediction` = RTRIM(SUBSTR(_latin1'"));
    for row in rows {
        sql.push_str(row);
        sql.extend(std::iter::repeat_n(' ', width - row.len()));
    }
    sql.push_str(&format!("', ({place}) * {width} - {}, {width})) WHERE {which}", width - 1));
    Ok(sql)
}

/// Locks at most `limit` of the latest items, those that nobody else has locked, and answers their
/// ids in ascending order.
///
/// # Errors
/// The database's.
pub async fn latest(tx: &mut impl Queryable, table: &TableName, limit: usize) -> Result<Vec<i64>, StoreError> {
    let sql = format!("SELECT `id` FROM {} ORDER BY `id` DESC LIMIT {limit} FOR UPDATE SKIP LOCKED", table.quoted());
    let mut ids: Vec<i64> = tx.query(sql).await.doing("locking the latest items")?;
    ids.reverse();
    Ok(ids)
}

/// The latest items, predicted or not, as a page reads them, without locking them.
///
/// # Errors
/// The database's.
pub async fn recent(
    conn: &mut impl Queryable,
    table: &TableName,
    features: usize,
    limit: u32,
) -> Result<Vec<PendingItem>, StoreError> {
    let sql = format!(
        "SELECT i.`id`, {} FROM {} i ORDER BY i.`id` DESC LIMIT {limit}",
        values_text(features),
        table.quoted()
    );
    conn.query_map(sql, |(id, values)| PendingItem { id, values, prediction: None })
        .await
        .doing("reading the latest items")
}

/// The predictions of items, by id, as JSON text.
///
/// # Errors
/// The database's.
pub async fn predictions(
    tx: &mut impl Queryable,
    table: &TableName,
    ids: &[i64],
) -> Result<Vec<Option<String>>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = joined(ids, ",");
    let sql = format!("SELECT `prediction` FROM {} WHERE `id` IN ({list}) ORDER BY `id`", table.quoted());
    tx.query(sql).await.doing("reading predictions back")
}

/// An item as a reader sees it; JSON columns as text.
#[derive(Debug)]
pub struct Item {
    /// Its key.
    pub id: i64,
    /// What is scored.
    pub values: String,
    /// The class probabilities, if it has any.
    pub prediction: Option<String>,
    /// When it arrived.
    pub created_datetime: Option<NaiveDateTime>,
    /// When it was last changed.
    pub updated_datetime: Option<NaiveDateTime>,
}

/// The next items by id, with or without a prediction.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut impl Queryable,
    table: &TableName,
    after: i64,
    limit: u32,
) -> Result<Vec<Item>, StoreError> {
    let sql = format!(
        "SELECT `id`, `values`, `prediction`, `created_datetime`, `updated_datetime` FROM {} \
         WHERE `id` > :after ORDER BY `id` LIMIT :limit",
        table.quoted()
    );
    conn.exec_map(sql, params! { "after" => after, "limit" => limit }, |row| {
        let (id, values, prediction, created_datetime, updated_datetime) = row;
        Item { id, values, prediction, created_datetime, updated_datetime }
    })
    .await
    .doing("reading items")
}

/// Adds items, each created at its time. For samples: a user's rows come from the user.
///
/// # Errors
/// The database's.
pub async fn insert(conn: &mut impl Queryable, table: &TableName, rows: &[(String, Time)]) -> Result<(), StoreError> {
    let Some((first, rest)) = rows.split_first() else { return Ok(()) };
    let mut sql = format!("INSERT INTO {} (`values`, `created_datetime`) VALUES (?, ?)", table.quoted());
    sql.push_str(&", (?, ?)".repeat(rest.len()));
    let params: Vec<Value> = std::iter::once(first)
        .chain(rest)
        .flat_map(|(values, created)| [Value::from(values), Value::from(created.naive_utc())])
        .collect();
    conn.exec_drop(sql, params).await.doing("inserting items")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(ids: &[i64], probabilities: &[f64]) -> String {
        let page = Predictions { ids: ids.to_vec(), probabilities: probabilities.to_vec(), classes: 2 };
        write_statement(&"items".parse().unwrap(), RunId(9), &page).unwrap()
    }

    #[test]
    fn a_page_is_written_by_one_text_of_which_each_row_takes_its_part() {
        assert_eq!(
            written(&[7, 8], &[0.25, 0.75, 1e-7, 0.9999999]),
            "UPDATE `items` SET `run_id` = 9, `prediction` = RTRIM(SUBSTR(_latin1'\
             [0.25,0.75]     [1e-7,0.9999999]', (`id` - (6)) * 16 - 15, 16)) WHERE `id` BETWEEN 7 AND 8"
        );
        assert!(written(&[3, 8], &[0.5; 4]).ends_with("', (INTERVAL(`id`,3,8)) * 9 - 8, 9)) WHERE `id` IN (3,8)"));
    }
}
