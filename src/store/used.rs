//! Which model scores: the one that the job of the items table uses, or else the one that the program brings along.

use mysql_async::Conn;

use super::codes::Meaning;
use super::statement::Statement;
use super::stored::{LoadError, shared};
use super::{Database, StoreError, model_uses};
use crate::model::{ModelVersion, SharedModel};

/// What `other` answers, and the version of the model that the job uses, in one round trip. `None`: the one that the
/// program brings along, also where the tables of the models are not there, or not for this login.
///
/// # Errors
/// Also that those tables cannot be read any more which this process has read before: that is no reason to score with
/// another model.
pub async fn version_beside<T: Send + 'static>(
    conn: &mut Conn,
    database: &Database,
    other: impl Fn() -> Statement<T>,
) -> Result<(T, Option<ModelVersion>), StoreError> {
    let in_use = model_uses::in_use(database.items_table());
    match other().and(in_use).ask(conn).await {
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
            Ok((answer, None))
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
    match version_beside(conn, database, Statement::nothing).await?.1 {
        Some(version) if version != built_in.version() => shared(conn, version).await,
        _ => Ok(built_in),
    }
}
