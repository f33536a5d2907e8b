//! Which items are meant: of which table, by which condition, with which ids.

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

/// The ids in `(after, upto]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// Every id is greater.
    pub after: i64,
    /// Every id is at most this.
    pub upto: i64,
}

impl Ids {
    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.after >= self.upto
    }

    /// How many numbers lie in it.
    pub fn len(self) -> u64 {
        self.after.abs_diff(self.upto)
    }

    /// The lower and the upper half.
    pub fn halves(self) -> [Self; 2] {
        let middle = self.after.saturating_add_unsigned(self.len() / 2);
        [Self { upto: middle, ..self }, Self { after: middle, ..self }]
    }

    /// The condition that `key`, an SQL expression, lies in it.
    pub(super) fn condition(self, key: &str) -> String {
        format!("{key} > {} AND {key} <= {}", self.after, self.upto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_halves_of_a_range_meet_in_its_middle_however_wide_it_is() {
        let halves = |after, upto| Ids { after, upto }.halves().map(|half| (half.after, half.upto));
        assert_eq!(halves(0, 1_000_000), [(0, 500_000), (500_000, 1_000_000)]);
        assert_eq!(halves(i64::MIN, i64::MAX), [(i64::MIN, -1), (-1, i64::MAX)]);
    }
}
