//! What stands in a column: numbers, dates or texts.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::number::{Decimal, is_gap, is_number};
use crate::model::{Encoder, Feature, FeatureKind, Rule};

/// So many different texts are kept as categories at most.
pub(super) const MOST_CATEGORIES: usize = 100;

/// Where at least this share of a column are numbers, the others are mistakes and no categories.
const NEARLY_ALL: f64 = 0.9;

/// Of a field that is to be read as a moment, which may be missing.
static MOMENT: LazyLock<Encoder> =
    LazyLock::new(|| Encoder::new(&[Feature { name: String::new(), kind: FeatureKind::Moment, missing: Rule::Taken }]));

/// A date or a time as seconds; a gap where it is the zero date.
pub(super) fn moment(field: &str) -> Option<f64> {
    MOMENT.text(0, field).ok()
}

/// What was seen in a column.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) rows: usize,
    pub(super) gaps: usize,
    numbers: usize,
    moments: usize,
    /// The line of the first field that is no number, and the field.
    pub(super) first_other: Option<(u64, String)>,
    /// The different fields, until there are too many.
    pub(super) texts: BTreeSet<String>,
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ColumnKind {
    /// Nothing but gaps.
    Empty,
    /// Numbers.
    Number,
    /// Numbers but for a few fields.
    NearlyNumber,
    /// Dates or times.
    Moment,
    /// Texts.
    Text,
}

impl Seen {
    pub(super) fn nothing() -> Self {
        Self { rows: 0, gaps: 0, numbers: 0, moments: 0, first_other: None, texts: BTreeSet::new() }
    }

    /// Another field of the column.
    pub(super) fn add(&mut self, line: u64, field: &str, decimal: Decimal) {
        self.rows += 1;
        if is_gap(field) {
            self.gaps += 1;
            return;
        }
        if is_number(field, decimal) {
            self.numbers += 1;
        } else {
            self.first_other.get_or_insert_with(|| (line, field.to_owned()));
            // Only a column of nothing but moments is one.
            if self.moments + self.gaps + 1 == self.rows && moment(field).is_some() {
                self.moments += 1;
            }
        }
        if self.texts.len() <= MOST_CATEGORIES && !self.texts.contains(field) {
            self.texts.insert(field.to_owned());
        }
    }

    /// What the column is.
    pub(super) fn kind(&self) -> ColumnKind {
        match self.rows - self.gaps {
            0 => ColumnKind::Empty,
            values if values == self.numbers => ColumnKind::Number,
            values if values == self.moments => ColumnKind::Moment,
            values if self.numbers as f64 >= NEARLY_ALL * values as f64 => ColumnKind::NearlyNumber,
            _ => ColumnKind::Text,
        }
    }

    /// Whether there are more different fields than can be categories.
    pub(super) fn has_too_many_texts(&self) -> bool {
        self.texts.len() > MOST_CATEGORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(fields: &[&str]) -> ColumnKind {
        let mut seen = Seen::nothing();
        fields.iter().enumerate().for_each(|(row, field)| seen.add(row as u64 + 2, field, Decimal::Point));
        seen.kind()
    }

    #[test]
    fn a_column_is_what_all_its_fields_are() {
        assert_eq!(kind(&["", "NA", "?"]), ColumnKind::Empty);
        assert_eq!(kind(&["1", "n/a", "2.5e3", "true"]), ColumnKind::Number);
        assert_eq!(kind(&["1", "1e999"]), ColumnKind::Number);
        assert_eq!(kind(&["2026-01-02", "", "2026-01-02 10:00"]), ColumnKind::Moment);
        assert_eq!(kind(&["2026-01-02", "soon"]), ColumnKind::Text);
        assert_eq!(kind(&["soon", "2026-01-02"]), ColumnKind::Text);
        assert_eq!(kind(&["1", "2", "male"]), ColumnKind::Text);
        let mostly = [&["1"; 20][..], &["12a"]].concat();
        assert_eq!(kind(&mostly), ColumnKind::NearlyNumber);
    }
}
