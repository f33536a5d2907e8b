//! All SQL of `batch_models` and `batch_model_parts`: the models that are stored. Which job uses which is in
//! `model_uses`, and how a file is read and becomes a model again in `stored`.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Row, params};

use super::packed::{PART, pack};
use super::row::column;
use super::runs::utc;
use super::statement::{Statement, begin, commit, rollback};
use super::stored::{LoadError, load};
use super::{Doing, StoreError};
use crate::model::Model;
use crate::window::Time;

/// A model that is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// All digits of its version.
    pub version: String,
    /// What it is called.
    pub name: String,
    /// What a prediction is.
    pub predicts: String,
    /// The features, as JSON.
    pub features: String,
    /// The classes, as JSON.
    pub classes: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// When it was stored.
    pub pushed_at: Time,
    /// By which login.
    pub pushed_by: String,
}

/// What became of a model that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It is stored.
    Anew,
    /// It was stored before.
    Before,
    /// It was stored before and could not be used; now it can.
    Mended,
}

/// Models that are listed, at most: the latest.
pub const LISTED: u32 = 1000;

const COLUMNS: &str =
    "`version`, `name`, `predicts`, `features`, `classes`, `bytes`, `pushed_at`, `pushed_by` FROM `batch_models`";

fn stored(row: &Row) -> Result<Stored, StoreError> {
    Ok(Stored {
        version: column(row, "version")?,
        name: column(row, "name")?,
        predicts: column(row, "predicts")?,
        features: column(row, "features")?,
        classes: column(row, "classes")?,
        bytes: column(row, "bytes")?,
        pushed_at: utc(column(row, "pushed_at")?),
        pushed_by: column(row, "pushed_by")?,
    })
}

/// The models, the latest first, [`LISTED`] at most.
pub fn list() -> Statement<Vec<Stored>> {
    let sql = format!("SELECT {COLUMNS} ORDER BY `pushed_at` DESC, `version` LIMIT {LISTED}");
    Statement::all("listing the models", &sql, Params::Empty, stored)
}

/// The models whose version begins with these digits: two of them tell that they are too few.
pub fn beginning(digits: &str) -> Statement<Vec<Stored>> {
    let sql =
        format!("SELECT {COLUMNS} WHERE LEFT(`version`, CHAR_LENGTH(:digits)) = :digits ORDER BY `version` LIMIT 2");
    Statement::all("looking for a model", &sql, params! { "digits" => digits }, stored)
}

/// The versions of the models that are meant by a name, or by the first digits of a version: two of them tell that the
/// digits are too few. Of models of one name it is the one that was stored last.
pub fn meant(wanted: &str) -> Statement<Vec<String>> {
    let digits = wanted.to_ascii_lowercase();
    let is_version = digits.len() <= 64 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
    let by_version = if is_version { beginning(&digits) } else { Statement::nothing().map(|()| Vec::new()) };
    latest_named(wanted).and(by_version).map(|(named, beginning)| match named {
        Some(version) => vec![version],
        None => beginning.into_iter().map(|model| model.version).collect(),
    })
}

/// The version of the model that was stored last of those that are called so, with all digits.
pub fn latest_named(name: &str) -> Statement<Option<String>> {
    let sql = "SELECT `version` FROM `batch_models` WHERE `name` = :name ORDER BY `pushed_at` DESC, `version` LIMIT 1";
    Statement::first("looking for a model by its name", sql, params! { "name" => name }, |row| column(row, "version"))
}

/// Locks the row of a model, so that none is taken away while somebody begins to use it. Whether there is one.
pub(super) fn lock(version: &str) -> Statement<bool> {
    let sql = "SELECT 1 AS `one` FROM `batch_models` WHERE `version` = :version FOR UPDATE";
    Statement::first("locking a model", sql, params! { "version" => version }, |row| column::<u8>(row, "one"))
        .map(|found| found.is_some())
}

/// Takes a model away whose row is locked.
pub(super) fn delete(version: &str) -> Statement<()> {
    let row = "DELETE FROM `batch_models` WHERE `version` = :version";
    delete_parts(version).then(Statement::change("removing a model", row, params! { "version" => version }))
}

fn delete_parts(version: &str) -> Statement<()> {
    let parts = "DELETE FROM `batch_model_parts` WHERE `version` = :version";
    Statement::change("removing a model", parts, params! { "version" => version })
}

/// Stores a model, whose file this is: all of it or nothing. One that is there already stays as it is, unless it
/// cannot be used.
///
/// # Errors
/// The login may not. What was begun is undone when the connection is closed.
pub async fn push(conn: &mut Conn, model: &Model, file: &[u8]) -> Result<Pushed, StoreError> {
    let version = model.version();
    match load(conn, version).await {
        Ok(_) => return Ok(Pushed::Before),
        Err(LoadError::Store(error)) => return Err(error),
        Err(LoadError::Unusable(_)) => {}
    }
    let packed = pack(file).map_err(|error| StoreError::Unexpected(format!("compressing a model: {error}")))?;
    let digits = version.digest().to_string();
    let was_there = begin().then(lock(&digits)).ask(conn).await?;
    let row = delete(&digits).then(insert(model, file.len(), packed.chunks(PART).len()));
    if let Err(error) = row.ask(conn).await {
        // Somebody else stored it at the same time.
        let twice = error.is_duplicate();
        rollback().ask(conn).await?;
        return if twice { Ok(Pushed::Before) } else { Err(error) };
    }
    for (part, content) in packed.chunks(PART).enumerate() {
        let sql = "INSERT INTO `batch_model_parts` (`version`, `part`, `content`) VALUES (?, ?, ?)";
        conn.exec_drop(sql, (&digits, part, content)).await.doing("storing a model")?;
    }
    commit().ask(conn).await?;
    Ok(if was_there { Pushed::Mended } else { Pushed::Anew })
}

fn insert(model: &Model, bytes: usize, parts: usize) -> Statement<()> {
    let sql = "INSERT INTO `batch_models` (`version`, `name`, `predicts`, `features`, `classes`, `bytes`, `parts`, \
                 `pushed_at`, `pushed_by`) \
               VALUES (:version, :name, :predicts, :features, :classes, :bytes, :parts, UTC_TIMESTAMP(3), \
                 LEFT(CURRENT_USER(), 300))";
    let json = |list: serde_json::Result<String>| list.unwrap_or_default();
    let params = params! {
        "version" => model.version().digest().to_string(), "name" => model.name().chars().take(200).collect::<String>(),
        "predicts" => model.outputs().kind.name(), "features" => json(serde_json::to_string(model.features())),
        "classes" => json(serde_json::to_string(model.classes())), "bytes" => bytes as u64, "parts" => parts as u64,
    };
    Statement::change("storing a model", sql, params)
}
