//! One page's transaction in two round trips: write and advance; commit, and begin the next one: lock
//! the lane and read. The statements are their tables' own.

use std::time::Instant;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, QueryResult, Row, TextProtocol};

use super::items::{self, PageBounds, PendingItem};
use super::lanes::{self, Advance, Position};
use super::predictions::Predictions;
use super::runs::Run;
use super::selection::Selection;
use super::{Doing, StoreError};
use crate::config::ItemsTable;
use crate::run::RunId;

/// Which page is meant.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The table of its items.
    pub table: &'a ItemsTable,
    /// The run, of the pass that the page is for.
    pub run: &'a Run,
    /// The lane's number.
    pub lane: u16,
    /// Its items.
    pub bounds: PageBounds,
    /// The model's features.
    pub features: &'a [String],
}

/// A page under way: its lane and its items are locked.
#[derive(Debug)]
pub struct Begun {
    /// Where the lane stands.
    pub position: Position,
    /// The lane's drift profile.
    pub profile: Option<String>,
    /// The items, by id.
    pub found: Vec<PendingItem>,
    /// When the server turned to it.
    pub since: Instant,
}

impl Page<'_> {
    /// The statements that lock the lane's row and read where it stands, and its drift profile; then read
    /// the next items, and lock those that are to be written.
    fn begin_statements(self) -> String {
        let Page { table, run, lane, bounds, features } = self;
        let lock = lanes::lock_statement(run.id, run.pass, lane, table);
        let read = items::read_statement(table, bounds, features);
        format!("START TRANSACTION; {lock}; {read}")
    }
}

/// Begins a page's transaction.
///
/// # Errors
/// The database's.
pub async fn begin(conn: &mut Conn, page: Page<'_>) -> Result<Begun, StoreError> {
    let since = Instant::now();
    let results = conn.query_iter(page.begin_statements()).await.doing(READING)?;
    begun(results, page, since).await
}

/// Commits a page and begins the next one, or tells why it did not begin.
///
/// # Errors
/// The commit's. The page may be committed all the same, if only the answer was lost.
pub async fn commit_and_begin(conn: &mut Conn, page: Page<'_>) -> Result<Result<Begun, StoreError>, StoreError> {
    // The servers answer each statement when it is done: the first answer is the commit's.
    let sql = format!("COMMIT; {}", page.begin_statements());
    let mut results = conn.query_iter(sql).await.doing(COMMITTING)?;
    let since = Instant::now();
    Ok(match results.collect::<Row>().await.doing(READING) {
        Ok(_) => begun(results, page, since).await,
        Err(error) => Err(error),
    })
}

const READING: &str = "reading a page";
const COMMITTING: &str = "committing a page";

async fn begun(
    mut results: QueryResult<'_, '_, TextProtocol>,
    page: Page<'_>,
    since: Instant,
) -> Result<Begun, StoreError> {
    let Page { run, lane, bounds, .. } = page;
    let doing = READING;
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
    Ok(Begun { position: lanes::position(&position)?, profile: lanes::profile(&position)?, found, since })
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
