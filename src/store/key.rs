//! Keys of items: numbers, where a key is one whole number, and texts in one notation where it is anything else.

use std::fmt;
use std::sync::Arc;

/// The key of an item, or a bound of such.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Before every key.
    Start,
    /// A whole number.
    Id(i64),
    /// Anything else, in its notation.
    Text(Arc<str>),
    /// Behind every key.
    End,
}

/// The key of an item that is on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyRef<'k> {
    /// A whole number.
    Id(i64),
    /// Anything else, in its notation.
    Text(&'k str),
}

impl Key {
    /// The key of an item in its notation.
    pub fn text(text: &str) -> Self {
        Self::Text(text.into())
    }

    /// An item's key; `None`: it is only a bound.
    pub fn of_item(&self) -> Option<KeyRef<'_>> {
        match self {
            Self::Id(id) => Some(KeyRef::Id(*id)),
            Self::Text(text) => Some(KeyRef::Text(text)),
            Self::Start | Self::End => None,
        }
    }

    /// The number, where it is one.
    pub fn id(&self) -> Option<i64> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Start | Self::Text(_) | Self::End => None,
        }
    }
}

impl KeyRef<'_> {
    /// The key as another one of the table is kept: a lane goes on by numbers that began so, also where an id has come
    /// meanwhile that no number can hold.
    pub fn like(self, other: &Key) -> Key {
        match (self, other) {
            (Self::Text(text), Key::Id(_)) => text.parse().map_or_else(|_| self.into(), Key::Id),
            _ => self.into(),
        }
    }
}

impl From<i64> for Key {
    fn from(id: i64) -> Self {
        Self::Id(id)
    }
}

impl From<i64> for KeyRef<'_> {
    fn from(id: i64) -> Self {
        Self::Id(id)
    }
}

impl From<KeyRef<'_>> for Key {
    fn from(key: KeyRef<'_>) -> Self {
        match key {
            KeyRef::Id(id) => Self::Id(id),
            KeyRef::Text(text) => Self::text(text),
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("the beginning"),
            Self::Id(id) => id.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::End => f.write_str("the end"),
        }
    }
}

impl fmt::Display for KeyRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}
