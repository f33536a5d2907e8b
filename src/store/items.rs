//! All SQL of the items table.

use std::fmt::Write as _;

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Value, params};

use super::{Doing, StoreError};
use crate::config::TableName;
use crate::run::RunId;
use crate::values::longest_text;
use crate::window::{Time, Window};

/// Milliseconds that the server may count pending items for a run's progress and its final sum:
/// enough for some ten million rows. A larger window is worked off without a total.
const COUNT_BUDGET_MS: u32 = 5000;

/// An item without a prediction: SQL NULL, or a JSON `null`.
const PENDING: &str = "(i.`prediction` IS NULL OR JSON_TYPE(i.`prediction`) = 'NULL')";

/// An item that is not set aside.
const NOT_SET_ASIDE: &str =
    "NOT EXISTS (SELECT 1 FROM `item_failures` f WHERE f.`items_table` = :table AND f.`item_id` = i.`id`)";

/// The condition that an item was created within `window`, over the parameters of [`window_params`].
fn within(window: &Window) -> &'static str {
    match window.from {
        Some(_) => "i.`created_datetime` >= :from AND i.`created_datetime` < :to",
        // A row without a timestamp belongs to the beginning.
        None => "(i.`created_datetime` < :to OR i.`created_datetime` IS NULL)",
    }
}

fn window_params(table: &TableName, window: &Window) -> Vec<(String, Value)> {
    let mut params: Vec<(String, Value)> =
        vec![("table".into(), table.as_str().into()), ("to".into(), window.to.naive_utc().into())];
    if let Some(from) = window.from {
        params.push(("from".into(), from.naive_utc().into()));
    }
    params
}

/// The pending items of a window, as ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Every id is greater.
    pub low: i64,
    /// Every id is at most this.
    pub high: i64,
    /// How many there are; `None`: too many to count in time.
    pub items: Option<u64>,
}

/// Where the pending items of `window` lie; `None` if it has none.
///
/// # Errors
/// The database's.
pub async fn extent(conn: &mut Conn, table: &TableName, window: &Window) -> Result<Option<Extent>, StoreError> {
    let columns = "MIN(i.`id`), MAX(i.`id`), COUNT(*)";
    let counted: Result<(Option<i64>, Option<i64>, u64), _> = in_time(conn, table, window, columns, "TRUE").await;
    match counted {
        Ok((Some(least), Some(high), items)) => Ok(Some(Extent { low: least - 1, high, items: Some(items) })),
        Ok(_) => Ok(None),
        Err(error) if took_too_long(&error) => {
            // The ends of the primary key bound every window, at no cost.
            let sql = format!("SELECT MIN(`id`), MAX(`id`) FROM {}", table.quoted());
            let ends: Option<(Option<i64>, Option<i64>)> =
                conn.query_first(sql).await.doing("finding the ends of the table")?;
            Ok(ends.and_then(|(least, high)| Some(Extent { low: least? - 1, high: high?, items: None })))
        }
        Err(error) => Err(error).doing("finding the window's items"),
    }
}

/// How many items of `window` with ids in `(low, high]` are pending and not set aside; `None`: too
/// many to count in time.
///
/// # Errors
/// The database's.
pub async fn count_pending(
    conn: &mut impl Queryable,
    table: &TableName,
    window: &Window,
    (low, high): (i64, i64),
) -> Result<Option<u64>, StoreError> {
    let bounds = format!("i.`id` > {low} AND i.`id` <= {high}");
    match in_time::<(u64,)>(conn, table, window, "COUNT(*)", &bounds).await {
        Ok((items,)) => Ok(Some(items)),
        Err(error) if took_too_long(&error) => Ok(None),
        Err(error) => Err(error).doing("counting pending items"),
    }
}

/// One row about a window's pending items, within [`COUNT_BUDGET_MS`]. Each server reads its own
/// way of saying so and takes the other's for a comment.
async fn in_time<T: mysql_async::prelude::FromRow + Send + 'static>(
    conn: &mut impl Queryable,
    table: &TableName,
    window: &Window,
    columns: &str,
    bounds: &str,
) -> mysql_async::Result<T> {
    let sql = format!(
        "/*M! SET STATEMENT max_statement_time={} FOR */ \
         SELECT /*+ MAX_EXECUTION_TIME({COUNT_BUDGET_MS}) */ {columns} FROM {} i WHERE {} AND {PENDING} AND {NOT_SET_ASIDE} AND {bounds}",
        f64::from(COUNT_BUDGET_MS) / 1e3,
        table.quoted(),
        within(window)
    );
    let row = conn.exec_first(sql, Params::from(window_params(table, window))).await?;
    row.ok_or_else(|| mysql_async::Error::Other("an aggregate without a row".into()))
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
}

/// Which items a page may take.
#[derive(Clone, Copy, Debug)]
pub struct PageBounds<'w> {
    /// The window they belong to.
    pub window: &'w Window,
    /// Ids are greater than this.
    pub after: i64,
    /// Ids are at most this.
    pub upto: i64,
    /// At most so many.
    pub limit: u32,
}

/// Reads and locks the next pending items, by id. Must run in the transaction that writes them.
///
/// # Errors
/// The database's.
pub async fn read_page(
    tx: &mut impl Queryable,
    table: &TableName,
    bounds: PageBounds<'_>,
    features: usize,
) -> Result<Vec<PendingItem>, StoreError> {
    // Without the hint a window's condition can lure the optimiser to its key, and to a sort per page.
    let sql = format!(
        "SELECT i.`id`, LEFT(i.`values`, {}) FROM {} i FORCE INDEX (PRIMARY) \
         WHERE i.`id` > :after AND i.`id` <= :upto AND {PENDING} AND {} AND {NOT_SET_ASIDE} \
         ORDER BY i.`id` LIMIT :limit FOR UPDATE",
        longest_text(features) + 1,
        table.quoted(),
        within(bounds.window)
    );
    let mut params = window_params(table, bounds.window);
    params.push(("after".into(), bounds.after.into()));
    params.push(("upto".into(), bounds.upto.into()));
    params.push(("limit".into(), bounds.limit.into()));
    tx.exec_map(sql, Params::from(params), |(id, values)| PendingItem { id, values }).await.doing("reading a page")
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

/// Writes the predictions of locked items in one statement, and answers how many rows changed.
///
/// Of the ways to update many rows to different values, this one reads the same and runs about as
/// fast on MySQL and MariaDB: INTERVAL finds the row's place among the ids by binary search, ELT
/// picks the prediction at that place. Single-table, one round trip, every f64 kept exactly.
///
/// # Errors
/// The database's.
pub async fn write_page(
    tx: &mut impl Queryable,
    table: &TableName,
    run: RunId,
    page: &Predictions,
) -> Result<u64, StoreError> {
    if page.ids.is_empty() {
        return Ok(0);
    }
    let sql = write_statement(table, run, page)?;
    let result = tx.query_iter(sql).await.doing("writing a page")?;
    let changed = result.affected_rows();
    result.drop_result().await.doing("writing a page")?;
    Ok(changed)
}

fn write_statement(table: &TableName, run: RunId, page: &Predictions) -> Result<String, StoreError> {
    let unwritable = |error: &dyn std::fmt::Display| StoreError::Unexpected(format!("formatting a page: {error}"));
    let mut ids = String::with_capacity(12 * page.ids.len());
    for id in &page.ids {
        write!(ids, ",{id}").map_err(|error| unwritable(&error))?;
    }
    // A probability takes about 20 characters; an array of numbers needs no escaping in a string.
    let mut sql = Vec::with_capacity(2 * ids.len() + (24 * page.classes + 8) * page.ids.len() + 200);
    sql.extend_from_slice(
        format!("UPDATE {} SET `run_id` = {run}, `prediction` = ELT(INTERVAL(`id`", table.quoted()).as_bytes(),
    );
    sql.extend_from_slice(ids.as_bytes());
    sql.push(b')');
    for row in page.probabilities.chunks_exact(page.classes) {
        sql.extend_from_slice(b",'");
        serde_json::to_writer(&mut sql, row).map_err(|error| unwritable(&error))?;
        sql.push(b'\'');
    }
    sql.extend_from_slice(b") WHERE `id` IN (");
    sql.extend_from_slice(&ids.as_bytes()[1..]);
    sql.push(b')');
    String::from_utf8(sql).map_err(|error| unwritable(&error))
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

    #[test]
    fn a_page_is_written_by_one_statement_that_looks_each_row_up_by_its_id() {
        let page = Predictions { ids: vec![3, 8], probabilities: vec![0.25, 0.75, 1e-7, 0.9999999], classes: 2 };
        let sql = write_statement(&"items".parse().unwrap(), RunId(9), &page).unwrap();
        assert_eq!(
            sql,
            "UPDATE `items` SET `run_id` = 9, `prediction` = \
             ELT(INTERVAL(`id`,3,8),'[0.25,0.75]','[1e-7,0.9999999]') WHERE `id` IN (3,8)"
        );
    }
}
