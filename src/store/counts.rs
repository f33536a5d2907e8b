//! Where items of the items table lie, and how many there are, as far as that can be counted in time.

use chrono::NaiveDateTime;
use mysql_async::Params;
use mysql_async::prelude::Queryable;

use super::row::column;
use super::selection::{Selection, values_text};
use super::statement::{Statement, the_row};
use super::{Doing, StoreError};
use crate::config::ItemsTable;
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
pub fn ends(table: &ItemsTable) -> Statement<Option<(i64, i64)>> {
    let (id, items) = (table.id.quoted(), table.quoted());
    let sql = format!("SELECT {} AS `least`, {} AS `high` FROM {items}", signed("MIN", &id), signed("MAX", &id));
    Statement::new("finding the ends of the table", &sql, Params::Empty, |rows| {
        let row = the_row(rows)?;
        let (least, high): (Option<i64>, Option<i64>) = (column(&row, "least")?, column(&row, "high")?);
        Ok(least.zip(high).map(|(least, high)| (least.saturating_sub(1), high)))
    })
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
            let ends = if range.is_some() { range } else { ends(table).ask(conn).await? };
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
    let selection = Selection::Fresh(window);
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
pub(super) fn mariadb_limit(milliseconds: u32) -> String {
    format!("/*M! SET STATEMENT max_statement_time={} FOR */", f64::from(milliseconds) / 1e3)
}

/// Behind the word SELECT, the same for MySQL.
pub(super) fn mysql_limit(milliseconds: u32) -> String {
    format!("/*+ MAX_EXECUTION_TIME({milliseconds}) */")
}

/// Whether a SELECT reached its limit.
pub(super) fn took_too_long(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Server(error) if matches!(error.code, 3024 | 1969))
}
