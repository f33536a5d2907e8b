//! Which items are meant: of which table, and by which condition.

use super::selection::Selection;
use crate::config::ItemsTable;
use crate::model::Feature;

/// The items that a statement is about.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Their table.
    pub table: &'a ItemsTable,
    /// The model's features, which are read of each.
    pub features: &'a [Feature],
    /// Which of the table's items.
    pub which: Selection,
}

impl Wanted<'_> {
    /// The same items where none is set aside, without looking each of them up among the failures.
    #[must_use]
    pub fn where_none_is_set_aside(self) -> Self {
        Self { which: self.which.where_none_is_set_aside(), ..self }
    }
}
