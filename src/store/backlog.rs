//! What waits to be predicted, whatever runs there were: counted within a bound of time, so that who looks on costs
//! the database little.

use chrono::NaiveDateTime;
use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row};

use super::StoreError;
use super::counts::{mariadb_limit, mysql_limit};
use super::row::column;
use super::row::date;
use super::selection::{created, moment, pending};
use super::statement::Statement;
use crate::config::ItemsTable;
use crate::window::Time;

/// Milliseconds that looking for what waits may take.
const BUDGET_MS: u32 = 300;

/// Items that are counted, at most: more is said to be more.
pub const COUNTED: u64 = 100_000;

/// Items that are neither predicted nor set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many; [`COUNTED`]: so many at least.
    pub items: u64,
    /// When the oldest of these arrived, if they have times of arrival.
    pub oldest: Option<Time>,
    /// Those that no window will reach: they arrived before the end of a window that is worked off, or without a time.
    pub unreached: u64,
}

/// What waits in the table, where windows reach from `reach` on; `None`: too large a table to look through in time.
pub async fn whole(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    reach: Option<Time>,
) -> Result<Option<Backlog>, StoreError> {
    waiting(table, reach, "TRUE").ask_in_time(conn).await
}

/// What waits of that which arrived from `reach` on.
pub async fn fresh(conn: &mut impl Queryable, table: &ItemsTable, reach: Time) -> Result<Option<Backlog>, StoreError> {
    let of_late = format!("i.{} >= {}", table.created.quoted(), moment(table, reach));
    waiting(table, Some(reach), &of_late).ask_in_time(conn).await
}

fn waiting(table: &ItemsTable, reach: Option<Time>, which: &str) -> Statement<Backlog> {
    let (items, id, own, name) = (table.quoted(), table.id.quoted(), table.created.quoted(), table.literal());
    let reached = match reach {
        Some(reach) => format!("i.{own} >= {}", moment(table, reach)),
        None => "TRUE".to_owned(),
    };
    let sql = format!(
        "{} SELECT {} COUNT(*) AS `items`, MIN(`created`) AS `oldest`, COALESCE(SUM(NOT `reached`), 0) AS `unreached` \
         FROM (SELECT {} AS `created`, COALESCE({reached}, FALSE) AS `reached` FROM {items} i \
               WHERE {} AND {which} AND NOT EXISTS \
                 (SELECT 1 FROM `item_failures` f WHERE f.`items_table` = {name} AND f.`item_id` = i.{id}) \
               LIMIT {COUNTED}) w",
        mariadb_limit(BUDGET_MS),
        mysql_limit(BUDGET_MS),
        created(table),
        pending(table),
    );
    Statement::one("looking for what waits", &sql, Params::Empty, |row: &Row| {
        let oldest: Option<NaiveDateTime> = date(row, "oldest")?;
        Ok(Backlog {
            items: column(row, "items")?,
            oldest: oldest.map(|oldest| oldest.and_utc()),
            unreached: column(row, "unreached")?,
        })
    })
}
