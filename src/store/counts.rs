//! Where items of the items table lie, and how many there are, as far as that can be counted in time.

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row};

use super::StoreError;
use super::by_key::{self, Walk};
use super::ids::Ids;
use super::key::Key;
use super::order::Order;
use super::row::{column, date};
use super::selection::{Selection, created, values_text};
use super::statement::{ReadsRow, Statement};
use super::target;
use super::wanted::Wanted;
use crate::config::{ItemsTable, Zone};
use crate::model::Feature;
use crate::window::{Time, Window};

/// Milliseconds that the server may count pending items for a run's progress and its final sum:
/// enough for some million rows, and well within `HOP_MARGIN_MS`, since the last count comes after
/// the last page. A larger window is worked off without a total.
const COUNT_BUDGET_MS: u32 = 2000;

/// The same for whether any are left to be counted, which comes before.
const COMPARE_BUDGET_MS: u32 = 1000;

/// From when on a time of arrival can be one: the servers also store 0000-00-00.
const FIRST_YEAR: &str = "1000-01-01";

/// Where items lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Every item has one of these keys.
    pub ids: Ids,
    /// How many there are; `None`: too many to count in time.
    pub items: Option<u64>,
}

/// The keys between the ends of the table; `None` if it is empty. The index has them at no cost.
pub(crate) fn ends(table: &ItemsTable) -> Statement<Option<Ids>> {
    if !table.key.is_number() {
        return last(by_key::items(table)).map(|last| last.map(|upto| Ids { after: Key::Start, upto }));
    }
    let (id, items) = (table.key.quoted(), table.quoted());
    let sql = if table.source.is_table() {
        format!("SELECT {} AS `least`, {} AS `high` FROM {items}", signed("MIN", &id), signed("MAX", &id))
    } else {
        let [least, high] = ["ASC", "DESC"].map(|order| target::first(table, order, "TRUE"));
        format!("SELECT LEAST({least}, {0}) AS `least`, LEAST({high}, {0}) AS `high`", i64::MAX)
    };
    Statement::one("finding the ends of the table", &sql, Params::Empty, from_to)
}

/// The ids from the least to the greatest.
fn from_to(row: &Row) -> Result<Option<Ids>, StoreError> {
    let (least, high): (Option<i64>, _) = (column(row, "least")?, column(row, "high")?);
    Ok(least.zip(high).map(|(least, upto): (i64, i64)| Ids::new(least.saturating_sub(1), upto)))
}

/// The least key of the items, if there is any.
pub(crate) fn first(table: &ItemsTable) -> Statement<Option<Key>> {
    end(by_key::items(table), "ASC")
}

/// The greatest key that is walked, if there is any.
fn last(walk: Walk<'_>) -> Statement<Option<Key>> {
    end(walk, "DESC")
}

fn end(walk: Walk<'_>, direction: &str) -> Statement<Option<Key>> {
    let (from, table) = match &walk {
        Walk::Items(table, _) => (format!("{} WHERE {}", target::in_order(table), walk.is_known()), *table),
        Walk::Failures(table) => (format!("`item_failures` f WHERE {}", by_key::failures(table)), *table),
        Walk::Arrivals(table, within) => (format!("{} WHERE {within}", target::in_order_of_arrival(table)), *table),
    };
    let (order, own) = (walk.order(direction), table.clone());
    let sql = format!("SELECT {} AS `end` FROM {from} ORDER BY {order} LIMIT 1", walk.shown());
    let end =
        Statement::first("finding the ends of the table", &sql, Params::Empty, |row| column::<String>(row, "end"));
    end.map(move |end| end.and_then(|text| by_key::key_of(&own, &text)))
}

/// The least or the greatest id. One that is beyond the signed ones came after the table was looked at: the next
/// process will find it.
fn signed(function: &str, id: &str) -> String {
    format!("LEAST({function}({id}), {})", i64::MAX)
}

/// What the server's clock and the latest item say of the zone of a DATETIME.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Clocks {
    /// Minutes by which the server's own time is ahead of UTC.
    pub server_ahead: i64,
    /// Seconds by which the latest item's time of arrival is ahead of UTC, if it has one.
    pub latest_ahead: Option<i64>,
}

/// Looks at the clocks.
pub(crate) fn clocks(table: &ItemsTable) -> Statement<Clocks> {
    let (created, items) = (table.created.quoted(), target::items(table));
    let order = by_key::items(table).order("DESC");
    let sql = format!(
        "SELECT COALESCE(TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(), \
             CONVERT_TZ(UTC_TIMESTAMP(), '+00:00', @@GLOBAL.time_zone)), 0) AS `server`, \
           (SELECT TIMESTAMPDIFF(SECOND, UTC_TIMESTAMP(), {created}) FROM {items} ORDER BY {order} LIMIT 1) AS `latest`"
    );
    Statement::one("looking at the clocks", &sql, Params::Empty, |row| {
        Ok(Clocks { server_ahead: column(row, "server")?, latest_ahead: column(row, "latest")? })
    })
}

/// Whether the server knows a zone: names are known where its tables of zones are filled.
pub(crate) fn knows_zone(zone: &Zone) -> Statement<bool> {
    let sql = format!("SELECT CONVERT_TZ('2026-01-01', '+00:00', {}) IS NOT NULL AS `known`", zone.literal());
    Statement::one("looking for a time zone", &sql, Params::Empty, |row| column(row, "known"))
}

/// Where wanted items lie, of those with `ids` if they are given; `None` if there are none.
pub(crate) async fn extent(
    conn: &mut impl Queryable,
    wanted: Wanted<'_>,
    ids: Option<Ids>,
) -> Result<Option<Extent>, StoreError> {
    if !wanted.table.key.is_number() {
        return extent_of_texts(conn, wanted).await;
    }
    let id = format!("i.{}", wanted.table.key.quoted());
    let columns = format!("{} AS `least`, {} AS `high`, COUNT(*) AS `items`", signed("MIN", &id), signed("MAX", &id));
    let counted = about("finding the run's items", wanted, (&columns, ids.as_ref()), |row| {
        Ok((from_to(row)?, column(row, "items")?))
    });
    let (ids, items) = match counted.ask_in_time(conn).await? {
        Some((ids, items)) => (ids, Some(items)),
        // The table's ends bound whatever is wanted of it.
        None if ids.is_none() => (ends(wanted.table).ask(conn).await?, None),
        None => (ids, None),
    };
    Ok(ids.map(|ids| Extent { ids, items }))
}

/// The same where keys are texts: from before all of them up to the greatest there is.
async fn extent_of_texts(conn: &mut impl Queryable, wanted: Wanted<'_>) -> Result<Option<Extent>, StoreError> {
    let items = count(conn, wanted, &Ids::ALL).await?;
    if items == Some(0) {
        return Ok(None);
    }
    let last = last(wanted.walk()).ask(conn).await?;
    Ok(last.map(|upto| Extent { ids: Ids { after: Key::Start, upto }, items }))
}

/// How many wanted items have one of these keys; `None`: too many to count in time.
pub(crate) async fn count(conn: &mut impl Queryable, wanted: Wanted<'_>, ids: &Ids) -> Result<Option<u64>, StoreError> {
    let counted =
        about("counting pending items", wanted, ("COUNT(*) AS `items`", Some(ids)), |row| column(row, "items"));
    counted.ask_in_time(conn).await
}

/// Whether the items with these keys are those that have a score, where that may be and is quickly told: `wanted` are
/// of a whole table, whose scores stand in another one. `false` also where it is not told in time.
///
/// It is told by sums over either's keys, which takes less time than to look for the score of each item. Where as many
/// items went as came, others have the same sums by one chance in some thousand million.
pub(crate) async fn are_scored(conn: &mut impl Queryable, wanted: Wanted<'_>, ids: &Ids) -> Result<bool, StoreError> {
    let table = wanted.table;
    let Some(scores) = table.target.scores().filter(|_| table.source.is_table() && wanted.which.is_unbounded()) else {
        return Ok(false);
    };
    let of = |from: &str, alias: &'static str| {
        let walk = Walk::Items(table, alias);
        format!("(SELECT {} FROM {from} WHERE {})", sums(&walk), walk.condition(ids))
    };
    let (items, scored) = (of(&target::items(table), "i."), of(&format!("{} e", scores.name.quoted()), "e."));
    let sql = limited(COMPARE_BUDGET_MS, &format!("{items} = {scored} AS `same`"));
    let same = Statement::one("comparing items and scores", &sql, Params::Empty, |row| column(row, "same"));
    Ok(same.ask_in_time(conn).await?.unwrap_or(false))
}

/// Sums over keys as one text: how many there are, and two that others hardly have.
fn sums(walk: &Walk<'_>) -> String {
    let key = walk.shown();
    // A CRC alone will not do: it is linear, so that those of 134 and 176 have the same sum as those of 135 and 175. What a
    // multiplication modulo a prime makes of it is not.
    let mixed = format!("CRC32(CRC32({key}) * 1103515245 % 2147483629)");
    let other = if walk.is_by_number() { key } else { format!("CRC32(REVERSE({key}))") };
    format!("CONCAT_WS(',', COUNT(*), SUM({mixed}), SUM({other}))")
}

/// Age in whole seconds, at `now`, of the oldest item created in `window` that is pending and not set
/// aside; 0: none is. `None`: not found in time.
pub(crate) async fn oldest_pending(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    window: Window,
    features: &[Feature],
    now: Time,
) -> Result<Option<u64>, StoreError> {
    let selection = Selection::Fresh(window);
    let (key, created, in_utc) = (by_key::items(table).order(""), table.created.quoted(), created(table));
    let sql = limited(
        COUNT_BUDGET_MS,
        &format!(
            "{in_utc} AS `oldest` FROM {} WHERE {} AND i.{created} >= '{FIRST_YEAR}' ORDER BY i.{created}, {key} LIMIT 1",
            target::items(table),
            selection.condition(table, &values_text(table, features)),
        ),
    );
    let oldest =
        Statement::first("looking for the oldest pending item", &sql, Params::Empty, |row| date(row, "oldest"));
    let age = |created: NaiveDateTime| u64::try_from((now - created.and_utc()).num_seconds()).unwrap_or(0);
    Ok(oldest.ask_in_time(conn).await?.map(|oldest| oldest.flatten().map_or(0, age)))
}

/// One row of columns about wanted items, of those with `ids` if they are given, which ends after [`COUNT_BUDGET_MS`].
fn about<T: Send + 'static>(
    doing: &'static str,
    wanted: Wanted<'_>,
    (columns, ids): (&str, Option<&Ids>),
    read: impl ReadsRow<T>,
) -> Statement<T> {
    let Wanted { table, features, which, .. } = wanted;
    // Here the window's own key is welcome: there is nothing to keep in order.
    let tables = which.tables(table, Order::Key).replace(&format!(" {}", by_key::hint(table)), "");
    let condition = match ids {
        Some(ids) => wanted.condition(ids),
        None => which.condition(table, &values_text(table, features)),
    };
    let sql = limited(COUNT_BUDGET_MS, &format!("{columns} FROM {tables} WHERE {condition}"));
    Statement::one(doing, &sql, Params::Empty, read)
}

/// A SELECT of `what` that ends after so many milliseconds.
fn limited(budget: u32, what: &str) -> String {
    format!("{} SELECT {} {what}", mariadb_limit(budget), mysql_limit(budget))
}

/// Before a SELECT, how long it may take, for MariaDB; MySQL takes it for a comment.
pub(super) fn mariadb_limit(milliseconds: u32) -> String {
    format!("/*M! SET STATEMENT max_statement_time={} FOR */", f64::from(milliseconds) / 1e3)
}

/// Behind the word SELECT, the same for MySQL.
pub(super) fn mysql_limit(milliseconds: u32) -> String {
    format!("/*+ MAX_EXECUTION_TIME({milliseconds}) */")
}
