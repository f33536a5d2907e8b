//! Columns that teach nothing, and are left out with a word.

use std::collections::BTreeSet;
use std::fmt;

use super::kind::{ColumnKind, MOST_CATEGORIES, Seen};
use crate::model::LeftOut;

/// With fewer rows than this nobody can say what a column counts.
const ENOUGH_TO_COUNT: usize = 10;

/// Why a column is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Told,
    Nameless,
    Empty,
    Constant,
    Counts,
    Id,
    Unique,
    TooMany,
    TooRare,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Told => "--ignore names it",
            Self::Nameless => "it has no name",
            Self::Empty => "it has no values",
            Self::Constant => "all its values are the same",
            Self::Counts => "it counts the rows",
            Self::Id => "it is an id: another whole number in each row",
            Self::Unique => "its text is another one in each row",
            Self::TooMany => return write!(f, "it has more than {MOST_CATEGORIES} different texts"),
            Self::TooRare => "it has more than half as many different texts as rows",
        })
    }
}

impl Reason {
    pub(super) fn of(self, column: &str) -> LeftOut {
        LeftOut { column: column.to_owned(), reason: self.to_string() }
    }

    /// Why a column teaches nothing, as far as can be said without its numbers.
    pub(super) fn before_reading(seen: &Seen) -> Option<Self> {
        let (gaps, values) = (seen.gaps(), seen.rows - seen.gaps());
        match seen.kind() {
            ColumnKind::Empty => Some(Self::Empty),
            // With gaps, whether there is a value tells something.
            _ if seen.texts.len() == 1 && gaps == 0 => Some(Self::Constant),
            ColumnKind::Text if values > 2 && seen.texts.len() == values => Some(Self::Unique),
            ColumnKind::Text if seen.has_too_many_texts() => Some(Self::TooMany),
            ColumnKind::Text if 2 * seen.texts.len() > values => Some(Self::TooRare),
            _ => None,
        }
    }

    /// Why a column of these numbers teaches nothing. A gap is none.
    pub(super) fn of_numbers(name: &str, values: impl Iterator<Item = f64> + Clone) -> Option<Self> {
        let mut others = values.clone();
        let first = others.next()?;
        if others.all(|value| value == first) && !first.is_nan() {
            return Some(Self::Constant);
        }
        // So has a gap.
        if values.clone().any(|value| value.fract() != 0.0) {
            return None;
        }
        let whole: BTreeSet<i64> = values.clone().map(|value| value as i64).collect();
        let rows = values.count();
        let (Some(first), Some(last)) = (whole.first(), whole.last()) else { return None };
        if whole.len() < rows || rows < ENOUGH_TO_COUNT {
            return None;
        }
        if last.abs_diff(*first) == rows as u64 - 1 {
            return Some(Self::Counts);
        }
        is_called_id(name).then_some(Self::Id)
    }
}

/// As in `id`, `user_id`, `Order ID` or `userId`, or as pandas and R call the number of a row.
fn is_called_id(name: &str) -> bool {
    if name.starts_with("Unnamed: ") || ["index", "rownames"].contains(&name) {
        return true;
    }
    let Some(before) = name.get(..name.len().saturating_sub(2)) else { return false };
    match &name[before.len()..] {
        "id" | "Id" | "ID" if before.is_empty() => true,
        "id" => before.ends_with(['_', ' ', '-', '.']),
        "Id" | "ID" => before.ends_with(|last: char| !last.is_uppercase()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, values: &[f64]) -> Option<Reason> {
        Reason::of_numbers(name, values.iter().copied())
    }

    #[test]
    fn a_row_number_and_an_id_are_no_features() {
        let counting: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(of("x", &counting), Some(Reason::Counts));
        let shuffled: Vec<f64> = (0..20).map(|row| f64::from(row * 7 % 20 + 100)).collect();
        assert_eq!(of("x", &shuffled), Some(Reason::Counts));
        let odd: Vec<f64> = (0..20).map(|row| f64::from(row * row)).collect();
        assert_eq!((of("area", &odd), of("user_id", &odd)), (None, Some(Reason::Id)));
        let twice = [&counting[..], &[3.0]].concat();
        let gap = [&counting[..], &[f64::NAN]].concat();
        assert_eq!((of("id", &twice), of("id", &gap), of("id", &counting[..9])), (None, None, None));
    }

    #[test]
    fn an_id_is_told_by_its_name() {
        for name in ["id", "Id", "ID", "user_id", "Order ID", "passengerId", "row.id", "Unnamed: 0", "index"] {
            assert!(is_called_id(name), "{name}");
        }
        for name in ["paid", "humid", "GRID", "i", "", "идéid"] {
            assert!(!is_called_id(name), "{name}");
        }
    }
}
