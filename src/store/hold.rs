//! The lock that says who works on a worker's lanes.
//!
//! Two things keep workers apart. The *hold* is a named lock of the server's, bound to a
//! connection: it tells at once that somebody is at work, and is gone when they are. It is a
//! courtesy. The *claim* is a fencing token in the lane row, checked under the row's lock in every
//! page's transaction: it alone decides whose page is committed.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, params};

use super::bound::bound;
use super::{Doing, StoreError};
use crate::run::RunId;

/// Holds a worker's lanes on this connection, until it ends or [`release`]s them.
///
/// # Errors
/// The database's.
pub async fn hold(conn: &mut Conn, run: RunId, worker: u16) -> Result<bool, StoreError> {
    let got: Option<Option<u8>> = conn
        .query_first(bound(&format!("SELECT GET_LOCK({HOLD_NAME}, 0)"), params! { "run" => run.0, "worker" => worker }))
        .await
        .doing("holding the lanes")?;
    Ok(got.flatten() == Some(1))
}

/// Whether somebody holds a worker's lanes.
///
/// # Errors
/// The database's.
pub async fn is_held(conn: &mut Conn, run: RunId, worker: u16) -> Result<bool, StoreError> {
    let holder: Option<Option<u64>> = conn
        .query_first(bound(
            &format!("SELECT IS_USED_LOCK({HOLD_NAME})"),
            params! { "run" => run.0, "worker" => worker },
        ))
        .await
        .doing("asking who holds the lanes")?;
    Ok(holder.flatten().is_some())
}

/// Lets go of every hold on this connection.
///
/// # Errors
/// The database's.
pub async fn release(conn: &mut Conn) -> Result<(), StoreError> {
    conn.query_drop("DO RELEASE_ALL_LOCKS()").await.doing("releasing the lanes")
}

/// Named locks are the server's, not a database's, and at most 64 characters long.
const HOLD_NAME: &str = "CONCAT('rowscore:', LEFT(SHA2(DATABASE(), 256), 12), ':', :run, ':', :worker)";
