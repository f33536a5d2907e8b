//! All SQL of the items table that hops need. What is read in pages goes straight into the page's memory, and
//! what is written comes from there: these are no `Statement`s.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, params};

use super::bound::{IN_TRANSACTION, bound};
use super::by_key::{self, Walk};
use super::cells::{Cell, cells};
use super::counts::{mariadb_limit, mysql_limit};
use super::hashed;
use super::ids::Ids;
use super::key::Key;
use super::keys::Keys;
use super::order::Order;
use super::pending::PendingItems;
use super::places::joined;
use super::predictions::Predictions;
use super::row::column;
use super::scores::{self, Stamp};
use super::selection::values_text;
use super::statement::Statement;
use super::target;
use super::wanted::Wanted;
use super::{Doing, StoreError};
use crate::config::{ColumnName, ItemsTable, Rows, Target};
use crate::model::{Feature, Outputs};
use crate::window::Time;

/// Milliseconds that the server may look for the few items that are looked at before a run: where pending ones are so rare that
/// it takes longer, a page will tell.
const SAMPLE_BUDGET_MS: u32 = 300;

/// Milliseconds that the server may look for the place where one lane ends and the next begins.
const CUTTING_BUDGET_MS: u32 = 1000;

/// How items are locked that are read to be written. Nobody else's lock is ever waited for: who waits with
/// locks in hand makes others wait, and deadlocks with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locking {
    /// They are only read.
    None,
    /// Where another transaction has one of them locked, none is read: one cannot tell which it was.
    AllOrNone,
    /// Those that another transaction has locked are left out.
    Skip,
}

/// The statement that reads the next wanted items with these keys, at most `limit`, by key: the key, `values`
/// and, in a backfill, `prediction`. If it locks them, it must run in the transaction that writes them.
#[must_use]
pub fn read_statement(wanted: Wanted<'_>, ids: &Ids, limit: u32, locking: Locking) -> String {
    let Wanted { table, features, which, .. } = wanted;
    let (values, walk) = (values_text(table, features), wanted.walk());
    // Where every id is an item's, the server then does not look at the next lane's first item, which may be locked. Of a
    // view or a query an id may be that of two.
    let ids_there = ids.len().filter(|_| table.source.rows == Rows::Table);
    let limit = ids_there.map_or(u64::from(limit), |ids| ids.min(limit.into()));
    format!(
        "SELECT {}, {} FROM {} WHERE {} ORDER BY {} LIMIT {limit}{}",
        match wanted.by {
            Order::Key => by_key::shown(table, "i."),
            Order::Arrival => walk.shown(),
        },
        which.columns(table, &values),
        wanted.tables(),
        wanted.condition(ids),
        walk.order(""),
        match locking {
            // What is only read need not be locked, and its login may not.
            _ if table.target.scores().is_some() => "",
            Locking::None => "",
            Locking::AllOrNone => " FOR UPDATE NOWAIT",
            Locking::Skip => " FOR UPDATE SKIP LOCKED",
        },
    )
}

/// How many wanted items have one of these keys, locked or not.
pub fn count(wanted: Wanted<'_>, ids: &Ids) -> Statement<u64> {
    let sql = format!("SELECT COUNT(*) AS `items` FROM {} WHERE {}", wanted.tables(), wanted.condition(ids));
    Statement::one("counting what is locked", &sql, Params::Empty, |row| column(row, "items"))
}

/// The first of these ids that an item has, whatever the item's state. Of tables whose keys are numbers.
pub fn next_id(table: &ItemsTable, ids: &Ids) -> Statement<Option<i64>> {
    let (id, items, walk) = (table.key.quoted(), table.quoted(), by_key::items(table));
    let sql = if table.source.is_table() {
        format!("SELECT MIN({id}) AS `next` FROM {items} WHERE {}", walk.without_alias().condition(ids))
    } else {
        format!("SELECT {} AS `next`", target::first(table, "ASC", &walk.condition(ids)))
    };
    Statement::one("looking for the next item", &sql, Params::Empty, |row| column(row, "next"))
}

/// Whether the table has an item at all.
pub fn any(table: &ItemsTable) -> Statement<bool> {
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {}) AS `any`", target::items(table));
    Statement::one("looking for an item", &sql, Params::Empty, |row| column(row, "any"))
}

/// The key that so many keys further on is found, of those that wanted items may have, if there is one: whatever the
/// state of the items that have them.
pub fn horizon(wanted: Wanted<'_>, ids: &Ids, rows: u64) -> Statement<Option<Key>> {
    ahead(wanted, ids, rows, "SELECT")
}

/// The same, for the place where one lane ends and the next begins; `None` also where it is not found in time.
pub(crate) async fn edge(
    conn: &mut impl Queryable,
    wanted: Wanted<'_>,
    ids: &Ids,
    rows: u64,
) -> Result<Option<Key>, StoreError> {
    let select = format!("{} SELECT {}", mariadb_limit(CUTTING_BUDGET_MS), mysql_limit(CUTTING_BUDGET_MS));
    Ok(ahead(wanted, ids, rows, &select).ask_in_time(conn).await?.flatten())
}

fn ahead(wanted: Wanted<'_>, ids: &Ids, rows: u64, select: &str) -> Statement<Option<Key>> {
    let table = wanted.table;
    let (walk, own) = (wanted.walk(), table.clone());
    let (from, of_table) = match walk {
        Walk::Items(..) => (target::in_order(table), "TRUE".to_owned()),
        Walk::Arrivals(..) => (target::in_order_of_arrival(table), "TRUE".to_owned()),
        Walk::Failures(_) => ("`item_failures` f FORCE INDEX (PRIMARY)".to_owned(), by_key::failures(table)),
    };
    let sql = format!(
        "{select} {} AS `far` FROM {from} WHERE {of_table} AND {} ORDER BY {} LIMIT 1 OFFSET {}",
        walk.shown(),
        walk.condition(ids),
        walk.order(""),
        rows.saturating_sub(1)
    );
    let far = Statement::first("looking ahead", &sql, Params::Empty, |row| column::<String>(row, "far"));
    far.map(move |far| far.and_then(|text| by_key::key_of(&own, &text)))
}

/// The first of the wanted items after a key that has so many of them before it; `None`: there is none, or it is
/// not found in time.
pub(crate) async fn nth(
    conn: &mut impl Queryable,
    wanted: Wanted<'_>,
    after: &Key,
    before: u64,
) -> Result<Option<Key>, StoreError> {
    let (table, walk) = (wanted.table, wanted.walk());
    let sql = format!(
        "{} SELECT {} {} AS `nth` FROM {} WHERE {} ORDER BY {} LIMIT 1 OFFSET {before}",
        mariadb_limit(CUTTING_BUDGET_MS),
        mysql_limit(CUTTING_BUDGET_MS),
        walk.shown(),
        wanted.tables(),
        wanted.condition(&Ids { after: after.clone(), upto: Key::End }),
        walk.order(""),
    );
    let nth = Statement::first("cutting the items into lanes", &sql, Params::Empty, |row| column::<String>(row, "nth"));
    let nth = nth.ask_in_time(conn).await?.flatten();
    Ok(nth.and_then(|text| by_key::key_of(table, &text)))
}

/// Writes the predictions of items, within the transaction that read them.
///
/// # Errors
/// The database's.
pub async fn write(
    tx: &mut impl Queryable,
    table: &ItemsTable,
    stamp: Stamp<'_>,
    page: &Predictions<'_>,
) -> Result<(), StoreError> {
    if page.keys.is_empty() {
        return Ok(());
    }
    let mut sql = Vec::new();
    append_write_statement(&mut sql, table, stamp, page)?;
    tx.query_drop(sql).await.doing("writing predictions")
}

/// Appends the one statement that writes the predictions of items, one at least.
pub(super) fn append_write_statement(
    sql: &mut Vec<u8>,
    table: &ItemsTable,
    stamp: Stamp<'_>,
    page: &Predictions<'_>,
) -> Result<(), StoreError> {
    match &table.target {
        Target::Columns => append_update(sql, table, stamp, page),
        Target::Scores(scores) => scores::append_insert(sql, (table, scores), stamp, page),
    }
}

/// Appends the one statement that writes predictions into locked items.
///
/// Of the ways to update many rows to different values, this one reads the same and is fastest on MySQL
/// and MariaDB, about as fast as a constant: all predictions are one text, and a row cuts out its own by
/// its place on the page. Single-table, one round trip, every f64 kept exactly.
fn append_update(
    sql: &mut Vec<u8>,
    table: &ItemsTable,
    stamp: Stamp<'_>,
    page: &Predictions<'_>,
) -> Result<(), StoreError> {
    let (places, sorted) = hashed::of_page(table, page, stamp.density);
    let page = sorted.as_ref().unwrap_or(page);
    let run = table.run.column().map_or_else(String::new, |column| format!("{} = {}, ", column.quoted(), stamp.run));
    sql.extend_from_slice(format!("UPDATE {} SET {run}", table.quoted()).as_bytes());
    let cells = cells(table, page.of).map_err(StoreError::Unexpected)?;
    for (number, (column, cell)) in cells.into_iter().enumerate() {
        let separator = if number == 0 { "" } else { ", " };
        sql.extend_from_slice(format!("{separator}{} = ", column.quoted()).as_bytes());
        match cell {
            Cell::Model => sql.extend_from_slice(format!("'{}'", stamp.model).as_bytes()),
            Cell::Now => sql.extend_from_slice(b"UTC_TIMESTAMP()"),
            cell => {
                let unwritable = |error| StoreError::Unexpected(format!("formatting a page: {error}"));
                page.append_cell(sql, cell, &places.place).map_err(unwritable)?;
            }
        }
    }
    sql.extend_from_slice(kept(table).as_bytes());
    sql.extend_from_slice(b" WHERE ");
    sql.extend_from_slice(format!("({}){IN_TRANSACTION}", places.which).as_bytes());
    Ok(())
}

/// The assignments by which columns keep their values that the server would set to the present time.
fn kept(table: &ItemsTable) -> String {
    table.kept.iter().map(ColumnName::quoted).map(|column| format!(", {column} = {column}")).collect()
}

/// Writes no row at all, but whoever may not write the predictions of such a model, or cannot, is told so.
///
/// # Errors
/// The model does not give what a column is to get.
pub fn try_writing(table: &ItemsTable, of: Outputs<'_>) -> Result<Statement<()>, StoreError> {
    let cells = cells(table, of).map_err(StoreError::Unexpected)?;
    if let Target::Scores(scores) = &table.target {
        return Ok(scores::try_writing(table, scores, &cells));
    }
    let written = table.run.column().into_iter().chain(cells.into_iter().map(|(column, _)| column));
    let written = joined(written.map(|column| format!("{} = NULL", column.quoted())), ", ");
    let sql = format!("UPDATE {} SET {written}{} WHERE FALSE", table.quoted(), kept(table));
    Ok(Statement::change("trying to write predictions", &sql, Params::Empty))
}

/// Locks at most `limit` of the latest items, those that nobody else has locked, and answers their
/// keys in ascending order. Where they are only read, none is locked.
pub fn latest(table: &ItemsTable, limit: usize) -> Statement<Keys> {
    let (walk, own) = (by_key::items(table), table.clone());
    let locking = if table.target.scores().is_some() { "" } else { " FOR UPDATE SKIP LOCKED" };
    let sql = format!(
        "SELECT {} AS `key` FROM {} WHERE {} ORDER BY {} LIMIT {limit}{locking}",
        walk.shown(),
        target::items(table),
        walk.condition(&Ids::ALL),
        walk.order("DESC")
    );
    Statement::new("locking the latest items", &sql, Params::Empty, move |rows| {
        let keys = rows.iter().rev().map(|row| Ok(by_key::key_of(&own, &column::<String>(row, "key")?)));
        let keys: Vec<Key> = keys.filter_map(Result::transpose).collect::<Result<_, StoreError>>()?;
        Ok(keys.iter().filter_map(Key::of_item).collect())
    })
}

/// The latest items, predicted or not, as a page reads them, without locking them.
///
/// # Errors
/// The database's.
pub async fn recent(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    features: &[Feature],
    limit: u32,
) -> Result<PendingItems, StoreError> {
    let (walk, items, values) = (by_key::items(table), target::items(table), values_text(table, features));
    let (key, all, order) = (walk.shown(), walk.condition(&Ids::ALL), walk.order("DESC"));
    let sql = format!("SELECT {key}, {values} FROM {items} WHERE {all} ORDER BY {order} LIMIT {limit}");
    PendingItems::query(conn, (table, Order::Key), ("reading the latest items", sql)).await
}

/// The predictions of items, by key: JSON text, or labels.
pub fn predictions(table: &ItemsTable, keys: &Keys) -> Statement<Vec<Option<String>>> {
    if keys.is_empty() {
        return Statement::none();
    }
    let (walk, prediction) = (by_key::items(table), target::prediction(table));
    let (which, order) = (walk.one_of(keys.iter()), walk.order(""));
    let from = format!("{}{}", target::items(table), target::with_predictions(table));
    let sql = format!("SELECT {prediction} AS `text` FROM {from} WHERE {which} ORDER BY {order}");
    Statement::all("reading predictions back", &sql, Params::Empty, |row| column(row, "text"))
}

/// Values of wanted items from both ends of `ids`, at most `limit` from each, by key. Empty where the
/// server does not find them at once.
///
/// # Errors
/// The database's, but none where time runs out.
pub async fn sample(
    conn: &mut impl Queryable,
    wanted: Wanted<'_>,
    ids: &Ids,
    limit: usize,
) -> Result<PendingItems, StoreError> {
    let Wanted { table, features, by, .. } = wanted;
    let (walk, values) = (wanted.walk(), values_text(table, features));
    let end = |order: &str| {
        format!(
            "(SELECT {} AS `item`, {values} AS `text` FROM {} WHERE {} ORDER BY {} LIMIT {limit})",
            walk.shown(),
            wanted.tables(),
            wanted.condition(ids),
            walk.order(order),
        )
    };
    let sql = format!(
        "{} SELECT {} `item`, `text` FROM ({} UNION {}) ends ORDER BY `item`",
        mariadb_limit(SAMPLE_BUDGET_MS),
        mysql_limit(SAMPLE_BUDGET_MS),
        end("ASC"),
        end("DESC"),
    );
    match PendingItems::query(conn, (table, by), ("reading the first and the last items", sql)).await {
        Err(error) if error.took_too_long() => Ok(PendingItems::default()),
        found => found,
    }
}

/// Adds items, one at least, each created at its time. For samples: a user's rows come from the user.
pub fn insert(table: &ItemsTable, rows: &[(String, Time)]) -> Statement<()> {
    let rows = rows.iter().map(|(values, created)| {
        bound("(:values, :created)", params! { "values" => values, "created" => created.naive_utc() })
    });
    let sql = format!("INSERT INTO {} (`values`, `created_datetime`) VALUES {}", table.quoted(), joined(rows, ", "));
    Statement::change("inserting items", &sql, Params::Empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{RunColumn, Setting};
    use crate::run::RunId;
    use crate::store::density::Density;
    use crate::store::scores::{By, Onto};

    #[test]
    fn a_page_is_written_by_one_statement_that_names_its_rows() {
        let classes = ["pear", "plum"].map(str::to_owned);
        let written = |table: &ItemsTable, ids: [i64; 2]| {
            let page =
                Predictions { keys: ids.to_vec().into(), outputs: vec![0.5; 4], of: Outputs::probabilities(&classes) };
            let mut sql = Vec::new();
            let stamp =
                Stamp { run: RunId(9), model: "abc", onto: Onto::Nothing, by: By::Key, density: Density::Sparse };
            append_write_statement(&mut sql, table, stamp, &page).unwrap();
            String::from_utf8(sql).unwrap()
        };
        let table = ItemsTable::default();
        assert_eq!(
            written(&table, [7, 8]),
            "UPDATE `items` SET `run_id` = 9, `prediction` = RTRIM(SUBSTR(_ascii'[0.5,0.5][0.5,0.5]', \
             (`id` - (6)) * 9 - 8, 9)) WHERE (`id` BETWEEN 7 AND 8) /*M! AND @@in_transaction = 1 */"
        );
        let own = ItemsTable { key: Setting::read("no").unwrap(), run: RunColumn::None, ..table };
        let sql = written(&own, [3, 8]);
        assert!(sql.starts_with("UPDATE `items` SET `prediction` = RTRIM("), "{sql}");
        assert!(
            sql.ends_with(
                "', (INTERVAL(`no`,3,8)) * 9 - 8, 9)) WHERE (`no` IN (3,8)) /*M! AND @@in_transaction = 1 */"
            ),
            "{sql}"
        );
    }
}
