//! Which items are meant: of which table, and by which condition.

use super::by_key::Walk;
use super::ids::Ids;
use super::order::Order;
use super::selection::{Selection, values_text};
use super::target;
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
    /// In which order.
    pub by: Order,
}

impl<'a> Wanted<'a> {
    /// The columns that are walked.
    pub(super) fn walk(self) -> Walk<'a> {
        self.which.walk(self.table, self.by)
    }

    /// Whether they are walked in the order of the items' key.
    pub(super) fn is_in_order_of_key(self) -> bool {
        matches!(self.walk(), Walk::Items(..))
    }

    /// The tables, the alias of the items being `i`.
    pub(super) fn tables(self) -> String {
        self.which.tables(self.table, self.by)
    }

    /// The condition that an item is one of them and has one of these keys.
    pub(super) fn condition(self, ids: &Ids) -> String {
        let (table, walk) = (self.table, self.walk());
        let pending = match walk {
            Walk::Items(..) => target::pending_of(table, ids),
            // By other columns than a score has.
            Walk::Arrivals(..) | Walk::Failures(_) => target::pending(table),
        };
        let which = self.which.condition_of(table, &values_text(table, self.features), &pending);
        format!("{} AND {which}", walk.condition(ids))
    }

    /// The same items in this order.
    #[must_use]
    pub fn by(self, by: Order) -> Self {
        Self { by, ..self }
    }

    /// The same items where none is set aside, without looking each of them up among the failures.
    #[must_use]
    pub fn where_none_is_set_aside(self) -> Self {
        Self { which: self.which.where_none_is_set_aside(), ..self }
    }
}
