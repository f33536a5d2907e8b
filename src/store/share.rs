//! Which share of a table a window is.

use mysql_async::prelude::Queryable;
use mysql_async::{Params, Row};

use super::StoreError;
use super::counts::{mariadb_limit, mysql_limit};
use super::row::column;
use super::selection::within;
use super::statement::Statement;
use super::target::{in_order_of_arrival, items};
use crate::config::ItemsTable;
use crate::window::Window;

/// Rows of a window that are counted, at most: more are reckoned.
const MOST: u64 = 100_000;

/// Milliseconds that counting them may take.
const BUDGET_MS: u32 = 300;

/// Rows that arrived in a window, whatever their state; of more than some, the server's guess. It guesses by a few of the
/// index's pages, and is far out where many rows were changed lately.
pub(crate) async fn of_window(
    conn: &mut impl Queryable,
    table: &ItemsTable,
    window: &Window,
) -> Result<u64, StoreError> {
    let rows = format!("{} WHERE {}", in_order_of_arrival(table), within(table, window));
    let sql = format!(
        "{} SELECT {} COUNT(*) AS `rows` FROM (SELECT 1 FROM {rows} LIMIT {MOST}) w",
        mariadb_limit(BUDGET_MS),
        mysql_limit(BUDGET_MS)
    );
    let counted = Statement::one("counting the window's rows", &sql, Params::Empty, |row| column(row, "rows"));
    match counted.ask_in_time(conn).await? {
        Some(counted) if counted < MOST => Ok(counted),
        _ => Ok(reckoned(&rows).ask(conn).await?.max(MOST)),
    }
}

/// Rows of the whole table, as the server guesses from its statistics.
pub(crate) fn of_table(table: &ItemsTable) -> Statement<u64> {
    reckoned(&items(table))
}

fn reckoned(what: &str) -> Statement<u64> {
    let rows = |row: &Row| -> Result<u64, StoreError> { Ok(column::<Option<u64>>(row, "rows")?.unwrap_or(0)) };
    let sql = format!("EXPLAIN FORMAT=TRADITIONAL SELECT 1 FROM {what}");
    Statement::one("asking how many rows there are", &sql, Params::Empty, rows)
}
