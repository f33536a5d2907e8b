//! Where items of the items table lie, and how many there are, as far as that can be counted in time.

use chrono::NaiveDateTime;
use mysql_async::Params;
use mysql_async::prelude::Queryable;

use super::row::column;
use super::selection::{Selection, values_text};
use super::statement::{Statement, the_row};
use super::wanted::{Ids, Wanted};
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::window::{Time, Window};

/// Milliseconds that the server may count pending items for a run's progress and its final sum:
/// enough for some million rows, and well within `HOP_MARGIN_MS`, since the last count comes after
/// the last page. A larger window is worked off without a total.
const COUNT_BUDGET_MS: u32 = 2000;

/// Where items lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Every item has one of these ids.
    pub ids: Ids,
    /// How many there are; `None`: too many to count in time.
    pub items: Option<u64>,
}

/// The ids between the ends of the table; `None` if it is empty. The primary key has them at no cost.
pub fn ends(table: &ItemsTable) -> Statement<Option<Ids>> {
    let (id, items) = (table.id.quoted(), table.quoted());
    let sql = format!("SELECT {} AS `least`, {} AS `high` FROM {items}", signed("MIN", &id), signed("MAX", &id));
    Statement::new("finding the ends of the table", &sql, Params::Empty, |rows| {
        let row = the_row(rows)?;
        Ok(from_to(column(&row, "least")?, column(&row, "high")?))
    })
}

/// The ids from the least to the greatest.
fn from_to(least: Option<i64>, greatest: Option<i64>) -> Option<Ids> {
    Some(Ids { after: least?.saturating_sub(1), upto: greatest? })
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

/// Where wanted items lie, of those with `ids` if they are given; `None` if there are none.
///
/// # Errors
/// The database's.
pub async fn extent(
    conn: &mut impl Queryable,
    wanted: Wanted<'_>,
    ids: Option<Ids>,
) -> Result<Option<Extent>, StoreError> {
    let id = format!("i.{}", wanted.table.id.quoted());
    let columns = format!("{}, {}, COUNT(*)", signed("MIN", &id), signed("MAX", &id));
    let bounds = ids.map_or_else(|| "TRUE".to_owned(), |ids| ids.condition(&id));
    let counted: Result<(Option<i64>, Option<i64>, u64), _> = in_time(conn, wanted, &columns, &bounds).await;
    match counted {
        Ok((least, greatest, items)) => Ok(from_to(least, greatest).map(|ids| Extent { ids, items: Some(items) })),
        Err(error) if took_too_long(&error) => {
            // The table's ends bound whatever is wanted of it.
            let ids = if ids.is_some() { ids } else { ends(wanted.table).ask(conn).await? };
            Ok(ids.map(|ids| Extent { ids, items: None }))
        }
        Err(error) => Err(error).doing("finding the run's items"),
    }
}

/// How many wanted items have one of these ids; `None`: too many to count in time.
///
/// # Errors
/// The database's.
pub async fn count(conn: &mut impl Queryable, wanted: Wanted<'_>, ids: Ids) -> Result<Option<u64>, StoreError> {
    let bounds = ids.condition(&wanted.which.key(wanted.table));
    match in_time::<(u64,)>(conn, wanted, "COUNT(*)", &bounds).await {
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

/// One row about wanted items, within [`COUNT_BUDGET_MS`].
async fn in_time<T: mysql_async::prelude::FromRow + Send + 'static>(
    conn: &mut impl Queryable,
    Wanted { table, features, which }: Wanted<'_>,
    columns: &str,
    bounds: &str,
) -> mysql_async::Result<T> {
    // Here the window's own key is welcome: there is nothing to keep in order.
    let tables = which.tables(table).replace(" FORCE INDEX (PRIMARY)", "");
    let sql = limited(&format!(
        "{columns} FROM {tables} WHERE {} AND {bounds}",
        which.condition(table, &values_text(table, features)),
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
