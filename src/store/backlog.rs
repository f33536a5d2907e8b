//! What waits to be predicted, whatever runs there were: counted within a bound of time, so that who looks on costs
//! the database little.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row};

use super::StoreError;
use super::by_key::failure_of_item;
use super::counts::{mariadb_limit, mysql_limit};
use super::row::column;
use super::row::date;
use super::selection::{created, moment};
use super::statement::Statement;
use super::target::{self, pending};
use crate::config::ItemsTable;
use crate::window::Time;

/// Milliseconds that looking for what waits may take.
const BUDGET_MS: u32 = 300;

/// Items that are counted, at most: more is said to be more.
const COUNTED: u64 = 100_000;

/// The same where there was no time to count so many.
const FEWER: u64 = 1000;

/// Items that are neither predicted nor set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many are known of.
    pub items: u64,
    /// Whether there may be more.
    pub more: bool,
    /// When the oldest of these arrived, if they have times of arrival.
    pub oldest: Option<Time>,
    /// When the oldest of those arrived that a window will reach.
    pub oldest_reached: Option<Time>,
    /// Those that no window will reach: they arrived before the end of a window that is worked off, or without a time.
    pub unreached: u64,
}

/// What waits in the table, where windows reach from `reach` on; `None`: so much is too much to look through in time.
///
/// # Errors
/// The database's, but no error where time runs out.
pub async fn whole(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    reach: Option<Time>,
) -> Result<Option<Backlog>, StoreError> {
    let whole = waiting(table, reach, "TRUE", COUNTED).ask_in_time(conn).await?;
    match whole {
        Some(backlog) => Ok(Some(backlog)),
        // Where most of a table waits, a thousand are soon found.
        None => waiting(table, reach, "TRUE", FEWER).ask_in_time(conn).await,
    }
}

/// What waits of that which arrived from `reach` on.
///
/// # Errors
/// As [`whole`].
pub async fn fresh(conn: &mut impl Queryable, table: &ItemsTable, reach: Time) -> Result<Option<Backlog>, StoreError> {
    let of_late = format!("i.{} >= {}", table.created.quoted(), moment(table, reach));
    waiting(table, Some(reach), &of_late, COUNTED).ask_in_time(conn).await
}

fn waiting(table: &ItemsTable, reach: Option<Time>, which: &str, most: u64) -> Statement<Backlog> {
    let (items, own) = (target::items(table), table.created.quoted());
    let of_item = failure_of_item(table);
    let reached = match reach {
        Some(reach) => format!("i.{own} >= {}", moment(table, reach)),
        None => "TRUE".to_owned(),
    };
    let sql = format!(
        "{} SELECT {} COUNT(*) AS `items`, MIN(`created`) AS `oldest`, MIN(IF(`reached`, `created`, NULL)) AS `oldest_reached`, \
           COALESCE(SUM(NOT `reached`), 0) AS `unreached` \
         FROM (SELECT {} AS `created`, COALESCE({reached}, FALSE) AS `reached` FROM {items} \
               WHERE {} AND {which} AND NOT EXISTS \
                 (SELECT 1 FROM `item_failures` f WHERE {of_item}) \
               LIMIT {most}) w",
        mariadb_limit(BUDGET_MS),
        mysql_limit(BUDGET_MS),
        created(table),
        pending(table),
    );
    Statement::one("looking for what waits", &sql, Params::Empty, move |row: &Row| {
        let oldest = |name| Ok::<_, StoreError>(date(row, name)?.map(|at| at.and_utc()));
        let items: u64 = column(row, "items")?;
        Ok(Backlog {
            items,
            more: items == most,
            oldest: oldest("oldest")?,
            oldest_reached: oldest("oldest_reached")?,
            unreached: column(row, "unreached")?,
        })
    })
}
