//! Predictions of a page, and as one SQL text of which each row takes its part.

use std::io::{self, Write as _};
use std::ops::Range;

use super::bound::text_literal;
use super::cells::Cell;
use super::keys::Keys;
use crate::model::Outputs;

/// Predictions of a page: the item of key `n` has the numbers from `n * of.width()` on.
#[derive(Debug)]
pub struct Predictions<'m> {
    /// In the order of the page.
    pub keys: Keys,
    /// The numbers of each prediction, row after row.
    pub outputs: Vec<f64>,
    /// What they are.
    pub of: Outputs<'m>,
}

impl<'m> Predictions<'m> {
    /// None yet, with room for those of so many items.
    #[must_use]
    pub fn with_capacity(of: Outputs<'m>, items: usize) -> Self {
        Self { keys: Keys::with_capacity(items), outputs: Vec::with_capacity(items * of.width()), of }
    }

    /// The numbers of each item.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.outputs.chunks_exact(self.of.width().max(1))
    }

    /// Those of the items from one place to another.
    #[must_use]
    pub fn part(&self, places: Range<usize>) -> Self {
        let width = self.of.width();
        Self {
            keys: self.keys.part(places.clone()),
            outputs: self.outputs[places.start * width..places.end * width].to_vec(),
            of: self.of,
        }
    }

    /// Adds those of later items.
    pub fn append(&mut self, mut later: Self) {
        self.keys.append(&later.keys);
        self.outputs.append(&mut later.outputs);
    }

    /// Those in another order.
    #[must_use]
    pub(super) fn sorted(&self, order: &[usize]) -> Self {
        let row = |place: &usize| &self.outputs[place * self.of.width()..(place + 1) * self.of.width()];
        Self {
            keys: order.iter().filter_map(|place| self.keys.get(*place)).collect(),
            outputs: order.iter().flat_map(row).copied().collect(),
            of: self.of,
        }
    }

    /// Appends the SQL expression of what a column gets of the prediction at `place` of the page, an expression that counts
    /// from 1.
    ///
    /// All of them are one text in a character set of one byte, each padded to the same width: the
    /// server parses a single literal, and cuts out a row's without searching.
    pub(super) fn append_cell(&self, sql: &mut Vec<u8>, cell: Cell, place: &str) -> io::Result<()> {
        // A number takes about 20 characters; numbers need no escaping in a string.
        let numbers = if cell == Cell::All { self.of.width() } else { 1 };
        sql.reserve((21 * numbers + 2) * self.keys.len());
        sql.extend_from_slice(if cell == Cell::Label { b"ELT(SUBSTR(_ascii'" } else { b"RTRIM(SUBSTR(_ascii'" });
        let mut marks = Vec::with_capacity(self.keys.len() + 1);
        marks.push(sql.len());
        for row in self.rows() {
            cell.append(sql, self.of, row)?;
            marks.push(sql.len());
        }
        let width = pad(sql, &marks);
        write!(sql, "', ({place}) * {width} - {}, {width})", width - 1)?;
        if cell == Cell::Label {
            for class in self.of.classes {
                write!(sql, ", {}", text_literal(class.as_bytes()))?;
            }
        }
        sql.push(b')');
        Ok(())
    }
}

/// Pads texts that follow each other, each from one of `marks` to the next, to the width of the longest,
/// which it answers. In place, the last one first, for each moves towards the end.
fn pad(texts: &mut Vec<u8>, marks: &[usize]) -> usize {
    let width = marks.windows(2).map(|text| text[1] - text[0]).max().unwrap_or_default();
    let first = marks[0];
    texts.resize(first + width * (marks.len() - 1), b' ');
    for (place, text) in marks.windows(2).enumerate().rev() {
        let to = first + width * place;
        texts.copy_within(text[0]..text[1], to);
        texts[to + text[1] - text[0]..to + width].fill(b' ');
    }
    width
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PredictionFormat;
    use crate::model::PredictionKind;

    fn values(page: &Predictions<'_>, format: PredictionFormat, place: &str) -> String {
        let mut sql = Vec::new();
        page.append_cell(&mut sql, Cell::of(format), place).unwrap();
        String::from_utf8(sql).unwrap()
    }

    #[test]
    fn each_row_takes_its_part_of_one_text() {
        let classes = ["pear", "O'Neil\\"].map(str::to_owned);
        let outputs = vec![0.25, 0.75, 1e-7, 0.9999999];
        let page = Predictions { keys: vec![7, 8].into(), outputs, of: Outputs::probabilities(&classes) };
        assert_eq!(
            values(&page, PredictionFormat::Probabilities, "`id` - (6)"),
            "RTRIM(SUBSTR(_ascii'[0.25,0.75]     [1e-7,0.9999999]', (`id` - (6)) * 16 - 15, 16))"
        );
        // No SQL mode reads these digits otherwise.
        assert_eq!(
            values(&page, PredictionFormat::Label, "`id` - (6)"),
            "ELT(SUBSTR(_ascii'22', (`id` - (6)) * 1 - 0, 1), _utf8mb4 x'70656172', _utf8mb4 x'4f274e65696c5c')"
        );
    }

    #[test]
    fn texts_of_any_lengths_are_padded_in_place() {
        let texts = ["begin:", "a", "", "ccc", "bb", "ccc", "d"];
        let ends = texts.iter().scan(0, |end, text| {
            *end += text.len();
            Some(*end)
        });
        let mut padded = texts.concat().into_bytes();
        assert_eq!(pad(&mut padded, &ends.collect::<Vec<_>>()), 3);
        assert_eq!(String::from_utf8(padded).unwrap(), "begin:a     cccbb cccd  ");
    }

    #[test]
    fn the_numbers_of_many_classes_have_the_same_width() {
        let classes: Vec<String> = (0..12).map(|class| class.to_string()).collect();
        let outputs: Vec<f64> = (0..24).map(|place| f64::from(u8::from(place == 1 || place == 22))).collect();
        let page = Predictions { keys: vec![3, 8].into(), outputs, of: Outputs::probabilities(&classes) };
        let sql = values(&page, PredictionFormat::Label, "1");
        assert!(sql.starts_with("ELT(SUBSTR(_ascii'0211', (1) * 2 - 1, 2), "), "{sql}");
    }

    #[test]
    fn a_number_stands_alone() {
        let of = Outputs { kind: PredictionKind::Value, classes: &[] };
        let page = Predictions { keys: vec![7, 8].into(), outputs: vec![0.1, -1e300], of };
        for format in [PredictionFormat::Value, PredictionFormat::Probabilities] {
            assert_eq!(values(&page, format, "1"), "RTRIM(SUBSTR(_ascii'0.1    -1e+300', (1) * 7 - 6, 7))");
        }
        let classes = ["inlier", "outlier"].map(str::to_owned);
        let score = Predictions { of: Outputs { kind: PredictionKind::Score, classes: &classes }, ..page };
        assert!(values(&score, PredictionFormat::Label, "1").starts_with("ELT(SUBSTR(_ascii'12', "));
    }
}
