//! All SQL of the items table.

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Value, params};

use super::catalog::Column;
use super::places::{Places, joined, places};
use super::predictions::Predictions;
use super::selection::{Selection, values_text, whole_values};
use super::{Doing, StoreError, failures};
use crate::config::ItemsTable;
use crate::run::{Mode, RunId};
use crate::window::{Time, Window};

/// Milliseconds that the server may count pending items for a run's progress and its final sum:
/// enough for some million rows, and well within `HOP_MARGIN_MS`, since the last count comes after
/// the last page. A larger window is worked off without a total.
const COUNT_BUDGET_MS: u32 = 2000;

/// The same for the few items that are looked at before a run: where pending ones are so rare that
/// it takes longer, a page will tell.
const SAMPLE_BUDGET_MS: u32 = 300;

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
pub async fn ends(conn: &mut impl Queryable, table: &ItemsTable) -> Result<Option<(i64, i64)>, StoreError> {
    let (id, items) = (table.id.quoted(), table.quoted());
    let sql = format!("SELECT {}, {} FROM {items}", signed("MIN", &id), signed("MAX", &id));
    let ends: Option<(Option<i64>, Option<i64>)> =
        conn.query_first(sql).await.doing("finding the ends of the table")?;
    Ok(ends.and_then(|(least, high)| Some((least?.saturating_sub(1), high?))))
}

/// The least or the greatest id. One of an unsigned column that is beyond the signed ones is left
/// out, and refused when the table is looked at.
fn signed(function: &str, id: &str) -> String {
    format!("LEAST({function}({id}), {})", i64::MAX)
}

/// An id that no signed number can hold, as text.
///
/// # Errors
/// The database's.
pub async fn beyond_signed(conn: &mut impl Queryable, table: &ItemsTable) -> Result<Option<String>, StoreError> {
    let (id, items) = (table.id.quoted(), table.quoted());
    let sql = format!("SELECT CAST(MAX({id}) AS CHAR) FROM {items} WHERE {id} > {}", i64::MAX);
    let found: Option<Option<String>> = conn.query_first(sql).await.doing("finding the greatest id")?;
    Ok(found.flatten())
}

/// Where the items of `selection` lie, of those with ids in `(low, high]` if that is given; `None`
/// if there are none.
///
/// # Errors
/// The database's.
pub async fn extent(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    selection: Selection,
    features: &[String],
    range: Option<(i64, i64)>,
) -> Result<Option<Extent>, StoreError> {
    let selection = lightened(conn, table, selection).await?;
    let id = table.id.quoted();
    let of_items = format!("i.{id}");
    let columns = format!("{}, {}, COUNT(*)", signed("MIN", &of_items), signed("MAX", &of_items));
    let bounds = range.map_or_else(|| "TRUE".to_owned(), |(low, high)| format!("i.{id} > {low} AND i.{id} <= {high}"));
    let counted: Result<(Option<i64>, Option<i64>, u64), _> =
        in_time(conn, table, selection, features, (&columns, &bounds)).await;
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
    table: &ItemsTable,
    selection: Selection,
    features: &[String],
    (low, high): (i64, i64),
) -> Result<Option<u64>, StoreError> {
    let selection = lightened(conn, table, selection).await?;
    let key = selection.key(table);
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
    table: &ItemsTable,
    window: Window,
    features: &[String],
    now: Time,
) -> Result<Option<u64>, StoreError> {
    let selection = lightened(conn, table, Selection::Fresh(window)).await?;
    let (id, created) = (table.id.quoted(), table.created.quoted());
    let sql = limited(&format!(
        "i.{created} FROM {} i WHERE {} AND i.{created} IS NOT NULL ORDER BY i.{created}, i.{id} LIMIT 1",
        table.quoted(),
        selection.condition(table, &values_text(table, features)),
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
    table: &ItemsTable,
    selection: Selection,
) -> Result<Selection, StoreError> {
    let light = selection.where_none_is_set_aside();
    Ok(if light != selection && failures::any(conn, table).await? { selection } else { light })
}

/// One row about the items of `selection`, within [`COUNT_BUDGET_MS`].
async fn in_time<T: mysql_async::prelude::FromRow + Send + 'static>(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    selection: Selection,
    features: &[String],
    (columns, bounds): (&str, &str),
) -> mysql_async::Result<T> {
    // Here the window's own key is welcome: there is nothing to keep in order.
    let tables = selection.tables(table).replace(" FORCE INDEX (PRIMARY)", "");
    let sql = limited(&format!(
        "{columns} FROM {tables} WHERE {} AND {bounds}",
        selection.condition(table, &values_text(table, features)),
    ));
    let row = conn.query_first(sql).await?;
    row.ok_or_else(|| mysql_async::Error::Other("an aggregate without a row".into()))
}

/// A SELECT of `what` that ends after [`COUNT_BUDGET_MS`].
fn limited(what: &str) -> String {
    format!("{} SELECT {} {what}", mariadb_limit(COUNT_BUDGET_MS), mysql_limit(COUNT_BUDGET_MS))
}

/// Before a SELECT, how long it may take, for MariaDB; MySQL takes it for a comment.
fn mariadb_limit(milliseconds: u32) -> String {
    format!("/*M! SET STATEMENT max_statement_time={} FOR */", f64::from(milliseconds) / 1e3)
}

/// Behind the word SELECT, the same for MySQL.
fn mysql_limit(milliseconds: u32) -> String {
    format!("/*+ MAX_EXECUTION_TIME({milliseconds}) */")
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
pub fn read_statement(table: &ItemsTable, bounds: PageBounds, features: &[String]) -> String {
    let PageBounds { selection, after, upto, limit, mode } = bounds;
    let (values, key) = (values_text(table, features), selection.key(table));
    format!(
        "SELECT i.{}, {} FROM {} WHERE {key} > {after} AND {key} <= {upto} AND {} \
         ORDER BY {key} LIMIT {limit}{}",
        table.id.quoted(),
        selection.columns(table, &values),
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
    table: &ItemsTable,
    after: i64,
    upto: i64,
) -> Result<Option<i64>, StoreError> {
    let (id, items) = (table.id.quoted(), table.quoted());
    let sql = format!("SELECT MIN({id}) FROM {items} WHERE {id} > :after AND {id} <= :upto");
    let found: Option<Option<i64>> =
        conn.exec_first(sql, params! { "after" => after, "upto" => upto }).await.doing("looking for the next item")?;
    Ok(found.flatten())
}

/// Writes the predictions of locked items.
///
/// # Errors
/// The database's.
pub async fn write(
    tx: &mut impl Queryable,
    table: &ItemsTable,
    run: RunId,
    page: &Predictions<'_>,
) -> Result<(), StoreError> {
    if page.ids.is_empty() {
        return Ok(());
    }
    tx.query_drop(write_statement(table, run, page)?).await.doing("writing predictions")
}

/// The one statement that writes the predictions of locked items, one at least.
///
/// Of the ways to update many rows to different values, this one reads the same and is fastest on MySQL
/// and MariaDB, about as fast as a constant: all predictions are one text, and a row cuts out its own by
/// its place on the page. Single-table, one round trip, every f64 kept exactly.
pub(super) fn write_statement(table: &ItemsTable, run: RunId, page: &Predictions<'_>) -> Result<String, StoreError> {
    let Places { place, which } = places(&page.ids, &table.id.quoted());
    let run = table.run.column().map_or_else(String::new, |column| format!("{} = {run}, ", column.quoted()));
    let mut sql = format!("UPDATE {} SET {run}{} = ", table.quoted(), table.prediction.quoted());
    page.append_values(&mut sql, table.format, &place)?;
    sql.push_str(" WHERE ");
    sql.push_str(&which);
    Ok(sql)
}

/// Locks at most `limit` of the latest items, those that nobody else has locked, and answers their
/// ids in ascending order.
///
/// # Errors
/// The database's.
pub async fn latest(tx: &mut impl Queryable, table: &ItemsTable, limit: usize) -> Result<Vec<i64>, StoreError> {
    let (id, items) = (table.id.quoted(), table.quoted());
    let sql = format!(
        "SELECT {id} FROM {items} WHERE {id} <= {} ORDER BY {id} DESC LIMIT {limit} FOR UPDATE SKIP LOCKED",
        i64::MAX
    );
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
    table: &ItemsTable,
    features: &[String],
    limit: u32,
) -> Result<Vec<PendingItem>, StoreError> {
    let (id, items, values) = (table.id.quoted(), table.quoted(), values_text(table, features));
    let sql = format!(
        "SELECT i.{id}, {values} FROM {items} i WHERE i.{id} <= {} ORDER BY i.{id} DESC LIMIT {limit}",
        i64::MAX
    );
    conn.query_map(sql, |(id, values)| PendingItem { id, values, prediction: None })
        .await
        .doing("reading the latest items")
}

/// The predictions of items, by id: JSON text, or labels.
///
/// # Errors
/// The database's.
pub async fn predictions(
    tx: &mut impl Queryable,
    table: &ItemsTable,
    ids: &[i64],
) -> Result<Vec<Option<String>>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let list = joined(ids, ",");
    let (id, items, prediction) = (table.id.quoted(), table.quoted(), table.prediction.quoted());
    let sql = format!("SELECT {prediction} FROM {items} WHERE {id} IN ({list}) ORDER BY {id}");
    tx.query(sql).await.doing("reading predictions back")
}

/// An item as a reader sees it.
#[derive(Debug)]
pub struct Item {
    /// Its key.
    pub id: i64,
    /// What is scored, as JSON text.
    pub values: String,
    /// The class probabilities as JSON text, or the label, if it has any.
    pub prediction: Option<String>,
    /// When it arrived.
    pub created_datetime: Option<NaiveDateTime>,
    /// When it was last changed, if the table knows.
    pub updated_datetime: Option<NaiveDateTime>,
}

/// The next items by id, with or without a prediction. `updated` is the column that says when an
/// item was last changed.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    features: &[String],
    updated: Option<&Column>,
    (after, limit): (i64, u32),
) -> Result<Vec<Item>, StoreError> {
    let (id, prediction, created) = (table.id.quoted(), table.prediction.quoted(), table.created.quoted());
    let updated = updated.map_or_else(|| "NULL".to_owned(), |column| format!("i.{}", column.quoted()));
    let sql = format!(
        "SELECT i.{id}, {}, i.{prediction}, i.{created}, {updated} FROM {} i WHERE i.{id} > :after AND i.{id} <= {} ORDER BY i.{id} LIMIT :limit",
        whole_values(table, features),
        table.quoted(),
        i64::MAX
    );
    conn.exec_map(sql, params! { "after" => after, "limit" => limit }, |row| {
        let (id, values, prediction, created_datetime, updated_datetime) = row;
        Item { id, values, prediction, created_datetime, updated_datetime }
    })
    .await
    .doing("reading items")
}

/// Values of selected items from both ends of `extent`, at most `limit` from each, by id. Empty where
/// the server does not find them at once.
///
/// # Errors
/// The database's.
pub async fn sample(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    selection: Selection,
    features: &[String],
    (extent, limit): (Extent, usize),
) -> Result<Vec<PendingItem>, StoreError> {
    let (id, values) = (table.id.quoted(), values_text(table, features));
    let end = |order: &str| {
        format!(
            "(SELECT i.{id} AS `item`, {values} AS `text` FROM {} WHERE {} AND i.{id} > {} AND i.{id} <= {} ORDER BY i.{id} {order} LIMIT {limit})",
            selection.tables(table),
            selection.condition(table, &values),
            extent.low,
            extent.high,
        )
    };
    let sql = format!(
        "{} SELECT {} `item`, `text` FROM ({} UNION {}) ends ORDER BY `item`",
        mariadb_limit(SAMPLE_BUDGET_MS),
        mysql_limit(SAMPLE_BUDGET_MS),
        end("ASC"),
        end("DESC"),
    );
    match conn.query_map(sql, |(id, values)| PendingItem { id, values, prediction: None }).await {
        Err(error) if took_too_long(&error) => Ok(Vec::new()),
        found => found.doing("reading the first and the last items"),
    }
}

/// Adds items, each created at its time. For samples: a user's rows come from the user.
///
/// # Errors
/// The database's.
pub async fn insert(conn: &mut impl Queryable, table: &ItemsTable, rows: &[(String, Time)]) -> Result<(), StoreError> {
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
    use crate::config::RunColumn;

    #[test]
    fn a_page_is_written_by_one_statement_that_names_its_rows() {
        let classes = ["pear", "plum"].map(str::to_owned);
        let written = |table: &ItemsTable, ids: [i64; 2]| {
            let page = Predictions { ids: ids.to_vec(), probabilities: vec![0.5; 4], classes: &classes };
            write_statement(table, RunId(9), &page).unwrap()
        };
        let table = ItemsTable::default();
        assert_eq!(
            written(&table, [7, 8]),
            "UPDATE `items` SET `run_id` = 9, `prediction` = RTRIM(SUBSTR(_latin1'[0.5,0.5][0.5,0.5]', \
             (`id` - (6)) * 9 - 8, 9)) WHERE `id` BETWEEN 7 AND 8"
        );
        let own = ItemsTable { id: "no".parse().unwrap(), run: RunColumn::None, ..table };
        let sql = written(&own, [3, 8]);
        assert!(sql.starts_with("UPDATE `items` SET `prediction` = RTRIM("), "{sql}");
        assert!(sql.ends_with("', (INTERVAL(`no`,3,8)) * 9 - 8, 9)) WHERE `no` IN (3,8)"), "{sql}");
    }
}
