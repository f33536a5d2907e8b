//! The looks at a lane's items, in `batch_lanes`: what others had locked is looked at again.

use mysql_async::Row;

use super::StoreError;
use super::row::column;
use super::wanted::Ids;

/// A look at a lane's items. The first one is at all of them; each after it is at what others had locked in
/// the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Counted from 0.
    pub number: u8,
    /// The last id that is looked at.
    pub upto: i64,
    /// What others had locked so far.
    pub skipped: Skipped,
}

/// Items of a look that others had locked when their page was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// None was.
    None,
    /// So many, with ids among these.
    Some(u64, Ids),
}

/// The columns of a look.
pub(super) const LOOK: &str =
    "`look`, COALESCE(`look_upto`, `high_id`) AS `upto`, `skipped`, `skipped_after`, `skipped_upto`";

/// Reads the columns of [`LOOK`].
pub(super) fn read(row: &Row) -> Result<Look, StoreError> {
    let ids = column::<Option<i64>>(row, "skipped_after")?.zip(column(row, "skipped_upto")?);
    let skipped = match ids {
        Some((after, upto)) => Skipped::Some(column(row, "skipped")?, Ids { after, upto }),
        None => Skipped::None,
    };
    Ok(Look { number: column(row, "look")?, upto: column(row, "upto")?, skipped })
}

/// What sets them, with a comma behind it.
pub(super) fn set(Look { number, upto, skipped }: Look) -> String {
    let skipped = match skipped {
        Skipped::None => "`skipped` = 0, `skipped_after` = NULL, `skipped_upto` = NULL".to_owned(),
        Skipped::Some(items, Ids { after, upto }) => {
            format!("`skipped` = {items}, `skipped_after` = {after}, `skipped_upto` = {upto}")
        }
    };
    format!("`look` = {number}, `look_upto` = {upto}, {skipped}, ")
}
