//! One page's transaction in three round trips: begin, lock the lane and read; write and advance;
//! commit. The statements are their tables' own.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::items::{self, PageBounds, PendingItem};
use super::lanes::{self, Advance, Position};
use super::predictions::Predictions;
use super::runs::Run;
use super::selection::Selection;
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::run::RunId;

/// Begins a page's transaction: locks the lane's row and reads where it stands, and its drift profile;
/// then reads the next items within `bounds`, by id, and locks those that are to be written.
///
/// # Errors
/// The database's.
pub async fn begin(
    conn: &mut Conn,
    table: &ItemsTable,
    run: &Run,
    lane: u16,
    bounds: PageBounds,
    features: &[String],
) -> Result<(Position, Option<String>, Vec<PendingItem>), StoreError> {
    let lock = lanes::lock_statement(run.id, run.pass, lane, table);
    let read = items::read_statement(table, bounds, features);
    let doing = "reading a page";
    let mut results = conn.query_iter(format!("START TRANSACTION; {lock}; {read}")).await.doing(doing)?;
    results.collect::<Row>().await.doing(doing)?;
    let position = results.collect::<Row>().await.doing(doing)?.pop();
    let position = position.ok_or_else(|| StoreError::Unexpected(format!("run {} has no lane {lane}", run.id)))?;
    let found = match bounds.selection {
        Selection::Outdated(_) => {
            results
                .map(|row| {
                    let (id, values, prediction) = mysql_async::from_row(row);
                    PendingItem { id, values, prediction }
                })
                .await
        }
        _ => {
            results
                .map(|row| {
                    let (id, values) = mysql_async::from_row(row);
                    PendingItem { id, values, prediction: None }
                })
                .await
        }
    };
    let found = found.doing(doing)?;
    results.drop_result().await.doing(doing)?;
    Ok((lanes::position(&position)?, lanes::profile(&position)?, found))
}

/// Writes the predictions of locked items, and advances their lane, which stood at a position, to one
/// with this drift profile. Answers how many items changed.
///
/// # Errors
/// The database's.
pub async fn write(
    conn: &mut Conn,
    table: &ItemsTable,
    run: RunId,
    lane: (u16, Position),
    page: &Predictions<'_>,
    advance: Advance,
    profile: &str,
) -> Result<u64, StoreError> {
    let advance = lanes::advance_statement(run, lane.0, lane.1, advance, profile);
    let doing = "writing a page";
    if page.ids.is_empty() {
        conn.query_drop(advance).await.doing(doing)?;
        return Ok(0);
    }
    let mut sql = items::write_statement(table, run, page)?;
    sql.push_str("; ");
    sql.push_str(&advance);
    let results = conn.query_iter(sql).await.doing(doing)?;
    let changed = results.affected_rows();
    results.drop_result().await.doing(doing)?;
    Ok(changed)
}

/// Commits a page.
///
/// # Errors
/// The database's. The page may be committed all the same, if only the answer was lost.
pub async fn commit(conn: &mut Conn) -> Result<(), StoreError> {
    conn.query_drop("COMMIT").await.doing("committing a page")
}

/// Gives up a page.
///
/// # Errors
/// The database's.
pub async fn undo(conn: &mut Conn) -> Result<(), StoreError> {
    conn.query_drop("ROLLBACK").await.doing("giving up a page")
}
