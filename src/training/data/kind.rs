//! What stands in a column: numbers, dates or texts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use super::number::{Decimal, is_number};
use crate::model::{Encoder, Feature, FeatureKind, Rule, is_gap};

/// So many different texts are kept as categories at most.
pub(super) const MOST_CATEGORIES: usize = 100;

/// Where at least this share of a column are numbers, the others are mistakes and no categories.
const NEARLY_ALL: f64 = 0.9;

/// Of a field that is to be read as a moment, which may be missing.
static MOMENT: LazyLock<Encoder> =
    LazyLock::new(|| Encoder::new(&[Feature { name: String::new(), kind: FeatureKind::Moment, missing: Rule::Taken }]));

/// A date or a time as seconds; a gap where it is the zero date.
fn moment(field: &str) -> Option<f64> {
    MOMENT.text(0, field).ok()
}

/// What was seen in a column.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) rows: usize,
    /// Fields that say that there is no value, whatever the column is.
    gaps: usize,
    numbers: usize,
    /// Dates and times, as long as there is nothing else.
    moments: usize,
    /// Those of them that are the zero date, which among dates is a gap.
    zero_dates: usize,
    /// How often each word for a gap is there, an empty field aside.
    pub(super) gap_words: BTreeMap<String, usize>,
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
        Self {
            rows: 0,
            gaps: 0,
            numbers: 0,
            moments: 0,
            zero_dates: 0,
            gap_words: BTreeMap::new(),
            first_other: None,
            texts: BTreeSet::new(),
        }
    }

    /// Another field of the column.
    pub(super) fn add(&mut self, line: u64, field: &str, decimal: Decimal) {
        self.rows += 1;
        if is_gap(field) {
            self.gaps += 1;
            if !field.is_empty() {
                *self.gap_words.entry(field.to_owned()).or_insert(0) += 1;
            }
            return;
        }
        if is_number(field, decimal) {
            self.numbers += 1;
        } else {
            self.first_other.get_or_insert_with(|| (line, field.to_owned()));
            // Only a column of nothing but moments is one.
            if self.moments + self.gaps + 1 == self.rows
                && let Some(seconds) = moment(field)
            {
                self.moments += 1;
                self.zero_dates += usize::from(seconds.is_nan());
            }
        }
        if self.texts.len() <= MOST_CATEGORIES && !self.texts.contains(field) {
            self.texts.insert(field.to_owned());
        }
    }

    /// What the column is.
    pub(super) fn kind(&self) -> ColumnKind {
        match self.rows - self.gaps {
            values if values == self.zero_dates => ColumnKind::Empty,
            values if values == self.numbers => ColumnKind::Number,
            values if values == self.moments => ColumnKind::Moment,
            values if self.numbers as f64 >= NEARLY_ALL * values as f64 => ColumnKind::NearlyNumber,
            _ => ColumnKind::Text,
        }
    }

    /// The fields without a value.
    pub(super) fn gaps(&self) -> usize {
        match self.kind() {
            ColumnKind::Empty | ColumnKind::Moment => self.gaps + self.zero_dates,
            ColumnKind::Number | ColumnKind::NearlyNumber | ColumnKind::Text => self.gaps,
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

    fn seen(fields: &[&str]) -> Seen {
        let mut seen = Seen::nothing();
        fields.iter().enumerate().for_each(|(row, field)| seen.add(row as u64 + 2, field, Decimal::Point));
        seen
    }

    fn kind(fields: &[&str]) -> ColumnKind {
        seen(fields).kind()
    }

    #[test]
    fn a_zero_date_is_a_gap_among_dates_and_nowhere_else() {
        for (fields, expected, gaps) in [
            (["2026-01-02", "0000-00-00", ""], ColumnKind::Moment, 2),
            (["0000-00-00 00:00:00", "", "2026-01-02 10:00"], ColumnKind::Moment, 2),
            (["0000-00-00", "0000-00-00", "NA"], ColumnKind::Empty, 3),
            (["soon", "0000-00-00", ""], ColumnKind::Text, 1),
            (["0000-00-00", "soon", ""], ColumnKind::Text, 1),
        ] {
            let seen = seen(&fields);
            assert_eq!((seen.kind(), seen.gaps()), (expected, gaps), "{fields:?}");
        }
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
