//! How a stored model becomes one that scores, with the same checks as of a file: its version and its golden rows.

use std::io;
use std::sync::Arc;

use mysql_async::{Conn, params};

use super::packed::unpack;
use super::row::column;
use super::session::WorkError;
use super::statement::Statement;
use super::{Fault, StoreError};
use crate::model::{ArtifactError, GoldenError, Model, ModelVersion, SharedModel, memory};

/// Why a model is not there.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What is stored cannot be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

impl WorkError for LoadError {
    fn fault(&self) -> Fault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Unusable(_) => Fault::Permanent,
        }
    }
}

/// A stored model that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the stored model {version} cannot be used: {damage}; store its file again with `rowscore model push FILE`, or use \
     another one: `rowscore model rollback JOB` returns to the one before, `rowscore model list` shows all"
)]
pub struct Unusable {
    /// Its version.
    pub version: ModelVersion,
    damage: Damage,
}

/// What is wrong with it. Each is in the one line of its error.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("the database does not have it")]
    Absent,
    #[error("{found} of its {expected} parts are there")]
    Parts { found: usize, expected: u64 },
    #[error("it cannot be unpacked: {0}")]
    Packed(io::Error),
    #[error("{}", crate::words::chain(.0))]
    Artifact(ArtifactError),
    #[error("its content has the version {0}")]
    Another(ModelVersion),
    #[error("this program computes something else than it should: {}", crate::words::chain(.0))]
    Golden(GoldenError),
}

/// The stored model of a version: from memory, if this process had it lately.
///
/// # Errors
/// It cannot be read, or not be used.
pub async fn shared(conn: &mut Conn, version: ModelVersion) -> Result<SharedModel, LoadError> {
    if let Some(model) = memory::recall(version) {
        return Ok(model.into());
    }
    let (model, bytes) = load(conn, version).await?;
    let model = Arc::new(model);
    memory::keep(Arc::clone(&model), bytes);
    Ok(model.into())
}

/// Reads and checks the stored model of a version. Answers how many bytes its file has, too.
///
/// # Errors
/// It cannot be read, or not be used.
pub async fn load(conn: &mut Conn, version: ModelVersion) -> Result<(Model, usize), LoadError> {
    let (row, parts) = file(version).ask(conn).await?;
    let opened = open(version, row, parts).map_err(|damage| Unusable { version, damage });
    Ok(opened?)
}

/// The file of a model, as far as it is there: the bytes and parts that it should have, and its parts.
type File = (Option<(u64, u64)>, Vec<Vec<u8>>);

/// Reads the file of a model, in one round trip.
fn file(version: ModelVersion) -> Statement<File> {
    let (doing, params) = ("reading a model", || params! { "version" => version.digest().to_string() });
    let row = "SELECT `bytes`, `parts` FROM `batch_models` WHERE `version` = :version";
    let row = Statement::first(doing, row, params(), |row| Ok((column(row, "bytes")?, column(row, "parts")?)));
    let parts = "SELECT `content` FROM `batch_model_parts` WHERE `version` = :version ORDER BY `part`";
    row.and(Statement::all(doing, parts, params(), |row| column(row, "content")))
}

fn open(version: ModelVersion, row: Option<(u64, u64)>, parts: Vec<Vec<u8>>) -> Result<(Model, usize), Damage> {
    let (bytes, expected) = row.ok_or(Damage::Absent)?;
    if parts.len() as u64 != expected {
        return Err(Damage::Parts { found: parts.len(), expected });
    }
    let packed = parts.concat();
    drop(parts);
    let file = unpack(&packed, usize::try_from(bytes).unwrap_or(usize::MAX)).map_err(Damage::Packed)?;
    let model = Model::from_json(&file).map_err(Damage::Artifact)?;
    if model.version() != version {
        return Err(Damage::Another(model.version()));
    }
    model.check_golden_rows().map_err(Damage::Golden)?;
    Ok((model, file.len()))
}
