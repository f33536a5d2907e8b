//! All SQL of the items table.

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Value, params};

use super::catalog::Column;
use super::counts::{mariadb_limit, mysql_limit, took_too_long};
use super::pending::PendingItems;
use super::places::{Places, joined, places};
use super::predictions::Predictions;
use super::selection::{values_text, whole_values};
use super::wanted::{Ids, Wanted};
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::run::{Mode, RunId};
use crate::window::Time;

/// Milliseconds that the server may look for the few items that are looked at before a run: where pending ones are so rare that
/// it takes longer, a page will tell.
const SAMPLE_BUDGET_MS: u32 = 300;

/// The statement that reads the next wanted items with these ids, at most `limit`, by id: `id`, `values`
/// and, in a backfill, `prediction`. It locks those that are to be written, and must run in the
/// transaction that does.
#[must_use]
pub fn read_statement(wanted: Wanted<'_>, ids: Ids, limit: u32, mode: Mode) -> String {
    let Wanted { table, features, which } = wanted;
    let (values, key) = (values_text(table, features), which.key(table));
    format!(
        "SELECT i.{}, {} FROM {} WHERE {} AND {} ORDER BY {key} LIMIT {limit}{}",
        table.id.quoted(),
        which.columns(table, &values),
        which.tables(table),
        ids.condition(&key),
        which.condition(table, &values),
        if mode.writes() { " FOR UPDATE" } else { "" },
    )
}

/// The first of these ids that an item has, whatever the item's state.
///
/// # Errors
/// The database's.
pub async fn next_id(conn: &mut impl Queryable, table: &ItemsTable, ids: Ids) -> Result<Option<i64>, StoreError> {
    let (id, items) = (table.id.quoted(), table.quoted());
    let sql = format!("SELECT MIN({id}) FROM {items} WHERE {}", ids.condition(&id));
    let found: Option<Option<i64>> = conn.query_first(sql).await.doing("looking for the next item")?;
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
    let mut sql = Vec::new();
    append_write_statement(&mut sql, table, run, page)?;
    tx.query_drop(sql).await.doing("writing predictions")
}

/// Appends the one statement that writes the predictions of locked items, one at least.
///
/// Of the ways to update many rows to different values, this one reads the same and is fastest on MySQL
/// and MariaDB, about as fast as a constant: all predictions are one text, and a row cuts out its own by
/// its place on the page. Single-table, one round trip, every f64 kept exactly.
pub(super) fn append_write_statement(
    sql: &mut Vec<u8>,
    table: &ItemsTable,
    run: RunId,
    page: &Predictions<'_>,
) -> Result<(), StoreError> {
    let Places { place, which } = places(&page.ids, &table.id.quoted());
    let run = table.run.column().map_or_else(String::new, |column| format!("{} = {run}, ", column.quoted()));
    let begin = format!("UPDATE {} SET {run}{} = ", table.quoted(), table.prediction.quoted());
    sql.extend_from_slice(begin.as_bytes());
    let unwritable = |error| StoreError::Unexpected(format!("formatting a page: {error}"));
    page.append_values(sql, table.format, &place).map_err(unwritable)?;
    sql.extend_from_slice(b" WHERE ");
    sql.extend_from_slice(which.as_bytes());
    Ok(())
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
) -> Result<PendingItems, StoreError> {
    let (id, items, values) = (table.id.quoted(), table.quoted(), values_text(table, features));
    let sql = format!(
        "SELECT i.{id}, {values} FROM {items} i WHERE i.{id} <= {} ORDER BY i.{id} DESC LIMIT {limit}",
        i64::MAX
    );
    PendingItems::query(conn, sql).await.doing("reading the latest items")
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

/// Values of wanted items from both ends of `ids`, at most `limit` from each, by id. Empty where the
/// server does not find them at once.
///
/// # Errors
/// The database's.
pub async fn sample(
    conn: &mut impl Queryable,
    Wanted { table, features, which }: Wanted<'_>,
    ids: Ids,
    limit: usize,
) -> Result<PendingItems, StoreError> {
    let (id, values) = (table.id.quoted(), values_text(table, features));
    let end = |order: &str| {
        format!(
            "(SELECT i.{id} AS `item`, {values} AS `text` FROM {} WHERE {} AND {} ORDER BY i.{id} {order} LIMIT {limit})",
            which.tables(table),
            which.condition(table, &values),
            ids.condition(&format!("i.{id}")),
        )
    };
    let sql = format!(
        "{} SELECT {} `item`, `text` FROM ({} UNION {}) ends ORDER BY `item`",
        mariadb_limit(SAMPLE_BUDGET_MS),
        mysql_limit(SAMPLE_BUDGET_MS),
        end("ASC"),
        end("DESC"),
    );
    match PendingItems::query(conn, sql).await {
        Err(error) if took_too_long(&error) => Ok(PendingItems::default()),
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
    use crate::config::{RunColumn, Setting};

    #[test]
    fn a_page_is_written_by_one_statement_that_names_its_rows() {
        let classes = ["pear", "plum"].map(str::to_owned);
        let written = |table: &ItemsTable, ids: [i64; 2]| {
            let page = Predictions { ids: ids.to_vec(), probabilities: vec![0.5; 4], classes: &classes };
            let mut sql = Vec::new();
            append_write_statement(&mut sql, table, RunId(9), &page).unwrap();
            String::from_utf8(sql).unwrap()
        };
        let table = ItemsTable::default();
        assert_eq!(
            written(&table, [7, 8]),
            "UPDATE `items` SET `run_id` = 9, `prediction` = RTRIM(SUBSTR(_latin1'[0.5,0.5][0.5,0.5]', \
             (`id` - (6)) * 9 - 8, 9)) WHERE `id` BETWEEN 7 AND 8"
        );
        let own = ItemsTable { id: Setting::read("no").unwrap(), run: RunColumn::None, ..table };
        let sql = written(&own, [3, 8]);
        assert!(sql.starts_with("UPDATE `items` SET `prediction` = RTRIM("), "{sql}");
        assert!(sql.ends_with("', (INTERVAL(`no`,3,8)) * 9 - 8, 9)) WHERE `no` IN (3,8)"), "{sql}");
    }
}
