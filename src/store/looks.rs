//! The looks at a lane's items, in `batch_lanes`: what others had locked is looked at again.

use mysql_async::Row;

use super::StoreError;
use super::bound::key_value;
use super::ids::Ids;
use super::key::Key;
use super::row::{column, key_text};

/// A look at a lane's items. The first one is at all of them; each after it is at what others had locked in
/// the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Counted from 0.
    pub number: u8,
    /// The last key that is looked at.
    pub upto: Key,
    /// What others had locked so far.
    pub skipped: Skipped,
}

/// Items of a look that others had locked when their page was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// None was.
    None,
    /// So many, with keys among these.
    Some(u64, Ids),
}

/// The columns of a look.
pub(super) const LOOK: &str =
    "`look`, COALESCE(`look_upto`, `high_id`) AS `upto`, `skipped`, `skipped_after`, `skipped_upto`";

/// Those where the keys may be texts.
pub(super) const LOOK_BY_TEXT: &str = "`look`, COALESCE(`look_upto`, `high_id`) AS `upto`, `skipped`, `skipped_after`, \
     `skipped_upto`, COALESCE(`look_upto_key`, `high_key`) AS `upto_key`, `skipped_after_key`, `skipped_upto_key`";

/// Reads the columns of [`LOOK`] or of [`LOOK_BY_TEXT`].
pub(super) fn read(row: &Row) -> Result<Look, StoreError> {
    let number = column(row, "look")?;
    let Some(upto) = key_text(row, "upto_key") else {
        let id = |name| column::<Option<i64>>(row, name);
        let ids = id("skipped_after")?.zip(id("skipped_upto")?);
        let skipped = match ids {
            Some((after, upto)) => Skipped::Some(column(row, "skipped")?, Ids::new(after, upto)),
            None => Skipped::None,
        };
        return Ok(Look { number, upto: Key::Id(column(row, "upto")?), skipped });
    };
    let skipped = match key_text(row, "skipped_upto_key") {
        Some(upto) => {
            let after = key_text(row, "skipped_after_key").unwrap_or(Key::Start);
            Skipped::Some(column(row, "skipped")?, Ids { after, upto })
        }
        None => Skipped::None,
    };
    Ok(Look { number, upto, skipped })
}

/// What sets them, with a comma behind it.
pub(super) fn set(Look { number, upto, skipped }: &Look) -> String {
    let (mark, skipped) = match skipped {
        Skipped::None if upto.id().is_some() => {
            ("", "`skipped` = 0, `skipped_after` = NULL, `skipped_upto` = NULL".to_owned())
        }
        Skipped::None => ("_key", "`skipped` = 0, `skipped_after_key` = NULL, `skipped_upto_key` = NULL".to_owned()),
        Skipped::Some(items, Ids { after, upto }) => {
            let mark = if upto.id().is_some() { "" } else { "_key" };
            let (after, upto) = (key_value(after), key_value(upto));
            (mark, format!("`skipped` = {items}, `skipped_after{mark}` = {after}, `skipped_upto{mark}` = {upto}"))
        }
    };
    format!("`look` = {number}, `look_upto{mark}` = {}, {skipped}, ", key_value(upto))
}
