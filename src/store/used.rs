//! Which model scores: the one that the job of the items table uses, or else the one that the program brings along.

use mysql_async::Conn;

use super::codes::Meaning;
use super::model_uses::{self, InUse};
use super::statement::Statement;
use super::stored::{LoadError, shared};
use super::{Database, StoreError};
use crate::model::{ModelVersion, SharedModel};

/// What `other` answers, and which stored models are used, in one round trip. None are, and programs score with what they
/// bring along, also where the tables of the models are not there, or not for this login.
///
/// # Errors
/// Also that those tables cannot be read any more which this process has read before: that is no reason to score with
/// another model.
pub async fn beside<T: Send + 'static>(
    conn: &mut Conn,
    database: &Database,
    other: impl Fn() -> Statement<T>,
    in_use: impl Fn() -> Statement<Vec<InUse>>,
) -> Result<(T, Vec<InUse>), StoreError> {
    match other().and(in_use()).ask(conn).await {
        Err(error) if error.means(Meaning::NoTable) || error.means(Meaning::Grant) => {
            // Where `other` is what failed, it fails again.
            let answer = other().ask(conn).await?;
            if database.has_read_models() {
                return Err(error);
            }
            // Where the tables are not made yet, all else says so.
            if error.means(Meaning::Grant) && database.is_first_without_models() {
                tracing::warn!(%error, "no stored model can be used, so the one that is built in scores");
            }
            Ok((answer, Vec::new()))
        }
        read => {
            let read = read?;
            database.remember_models();
            Ok(read)
        }
    }
}

/// The model that the job uses, or else `built_in`.
///
/// # Errors
/// It cannot be read, or not be used.
pub async fn model(conn: &mut Conn, database: &Database, built_in: SharedModel) -> Result<SharedModel, LoadError> {
    match version(conn, database).await? {
        Some(version) if version != built_in.version() => shared(conn, version).await,
        _ => Ok(built_in),
    }
}

/// The version of the stored model that the job uses, if it uses one.
///
/// # Errors
/// It cannot be read.
pub async fn version(conn: &mut Conn, database: &Database) -> Result<Option<ModelVersion>, StoreError> {
    let table = database.items_table();
    let ((), in_use) = beside(conn, database, Statement::nothing, || model_uses::in_use(table)).await?;
    Ok(in_use.first().map(|used| used.version))
}
