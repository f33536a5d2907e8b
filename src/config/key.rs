//! The key by which items are told apart: `ID_COLUMN`.

use std::fmt;

use super::names::{ColumnName, parts};
use super::setting::{Accepts, Setting};

/// Columns of a key, at most.
const MOST: usize = 4;

/// The columns of the key, and what the server says of them once it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyColumns {
    /// One to four, in the order of the index.
    pub parts: Vec<KeyPart>,
    /// The index that they are.
    pub index: String,
    /// Whether a key of one whole number is beyond the signed ones of 64 bits, or the least of these.
    pub is_wide: bool,
}

/// A column of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPart {
    /// Its name.
    pub column: ColumnName,
    /// What it holds.
    pub kind: PartKind,
}

/// What a column of a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Whole numbers.
    Integer,
    /// Whole numbers without a sign.
    Unsigned,
    /// CHAR or VARCHAR, in this character set and collation.
    Text {
        /// Like `utf8mb4`.
        charset: String,
        /// Like `utf8mb4_general_ci`.
        collation: String,
    },
    /// BINARY.
    Bytes,
    /// MariaDB's UUID.
    Uuid,
    /// DATE.
    Date,
    /// DATETIME or TIMESTAMP.
    Datetime,
}

impl KeyColumns {
    /// Whether every key is a number of 64 bits with a sign: what is quickest. So a key of one column is taken to be
    /// until the server was asked.
    pub fn is_number(&self) -> bool {
        let is_whole = |part: &KeyPart| matches!(part.kind, PartKind::Integer | PartKind::Unsigned);
        !self.is_wide && matches!(self.parts.as_slice(), [only] if is_whole(only))
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &ColumnName> {
        self.parts.iter().map(|part| &part.column)
    }

    /// The names, between backticks and with commas between them.
    pub fn quoted(&self) -> String {
        self.columns().map(ColumnName::quoted).collect::<Vec<_>>().join(", ")
    }

    /// The index's name, between backticks where it needs them.
    pub fn index_name(&self) -> String {
        if self.index == PRIMARY { PRIMARY.to_owned() } else { ColumnName::of(&self.index).quoted() }
    }

    /// Whether it is the primary key, as far as is known.
    pub fn is_primary(&self) -> bool {
        self.index == PRIMARY
    }

    /// Whether these are the columns `names`, in this order.
    pub fn are(&self, names: &[String]) -> bool {
        self.parts.len() == names.len() && self.columns().zip(names).all(|(column, name)| column.is(name))
    }
}

/// The index that is taken until the server was asked.
const PRIMARY: &str = "PRIMARY";

impl fmt::Display for KeyColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.columns().map(ColumnName::as_str).collect::<Vec<_>>().join(", "))
    }
}

impl Setting for KeyColumns {
    const ACCEPTS: Accepts = Accepts::Text(
        "the names of one to four columns as the server has them, with commas between them; one with a comma in it \
         between backticks",
    );

    fn read(text: &str) -> Option<Self> {
        let names: Vec<ColumnName> = parts(text, ',').into_iter().map(ColumnName::read).collect::<Option<_>>()?;
        let parts = names.into_iter().map(|column| KeyPart { column, kind: PartKind::Integer }).collect::<Vec<_>>();
        (1..=MOST).contains(&parts.len()).then(|| Self { parts, index: PRIMARY.to_owned(), is_wide: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_to_four_columns() {
        let columns = |text: &str| KeyColumns::read(text).map(|key| key.to_string());
        assert_eq!(columns("id").as_deref(), Some("id"));
        assert_eq!(columns("day, `no,or not`").as_deref(), Some("day, no,or not"));
        assert_eq!(columns("a,b,c,d").as_deref(), Some("a, b, c, d"));
        for refused in ["", ",", "a,", "a,b,c,d,e"] {
            assert_eq!(columns(refused), None, "{refused}");
        }
    }
}
