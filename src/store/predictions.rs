//! Predictions of a page, and as one SQL text of which each row takes its part.

use std::io::{self, Write as _};
use std::ops::Range;

use super::bound::text_literal;
use crate::config::PredictionFormat;

/// Predictions of a page: item `ids[n]` has the probabilities of all classes from
/// `n * classes.len()` on.
#[derive(Debug, Default)]
pub struct Predictions<'m> {
    /// Keys in ascending order.
    pub ids: Vec<i64>,
    /// Class probabilities, row after row.
    pub probabilities: Vec<f64>,
    /// The names of the classes.
    pub classes: &'m [String],
}

impl Predictions<'_> {
    /// The probabilities of each item.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.probabilities.chunks_exact(self.classes.len().max(1))
    }

    /// Those of the items from one place to another.
    #[must_use]
    pub fn part(&self, places: Range<usize>) -> Self {
        let classes = self.classes.len();
        Self {
            ids: self.ids[places.clone()].to_vec(),
            probabilities: self.probabilities[places.start * classes..places.end * classes].to_vec(),
            classes: self.classes,
        }
    }

    /// Adds those of later items.
    pub fn append(&mut self, mut later: Self) {
        self.ids.append(&mut later.ids);
        self.probabilities.append(&mut later.probabilities);
    }

    /// Appends the SQL expression of the prediction at `place` of the page, an expression that counts
    /// from 1.
    ///
    /// All of them are one text in a character set of one byte, each padded to the same width: the
    /// server parses a single literal, and cuts out a row's without searching.
    pub(super) fn append_values(&self, sql: &mut Vec<u8>, format: PredictionFormat, place: &str) -> io::Result<()> {
        let digits = self.classes.len().to_string().len();
        // A probability takes about 20 characters; an array of numbers needs no escaping in a string.
        sql.reserve((21 * self.classes.len() + 2) * self.ids.len());
        sql.extend_from_slice(match format {
            PredictionFormat::Probabilities => b"RTRIM(SUBSTR(_latin1'",
            PredictionFormat::Label => b"ELT(SUBSTR(_latin1'",
        });
        let mut marks = Vec::with_capacity(self.ids.len() + 1);
        marks.push(sql.len());
        for row in self.rows() {
            match format {
                PredictionFormat::Probabilities => serde_json::to_writer(&mut *sql, row)?,
                PredictionFormat::Label => write!(sql, "{:0digits$}", 1 + most_probable(row))?,
            }
            marks.push(sql.len());
        }
        let width = pad(sql, &marks);
        write!(sql, "', ({place}) * {width} - {}, {width})", width - 1)?;
        if format == PredictionFormat::Label {
            for class in self.classes {
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

/// The most probable class; of equally probable ones the first.
pub fn most_probable(probabilities: &[f64]) -> usize {
    let larger = |best: usize, class: usize| if probabilities[class] > probabilities[best] { class } else { best };
    (0..probabilities.len()).fold(0, larger)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(page: &Predictions<'_>, format: PredictionFormat, place: &str) -> String {
        let mut sql = Vec::new();
        page.append_values(&mut sql, format, place).unwrap();
        String::from_utf8(sql).unwrap()
    }

    #[test]
    fn each_row_takes_its_part_of_one_text() {
        let classes = ["pear", "O'Neil\\"].map(str::to_owned);
        let probabilities = vec![0.25, 0.75, 1e-7, 0.9999999];
        let page = Predictions { ids: vec![7, 8], probabilities, classes: &classes };
        assert_eq!(
            values(&page, PredictionFormat::Probabilities, "`id` - (6)"),
            "RTRIM(SUBSTR(_latin1'[0.25,0.75]     [1e-7,0.9999999]', (`id` - (6)) * 16 - 15, 16))"
        );
        // No SQL mode reads these digits otherwise.
        assert_eq!(
            values(&page, PredictionFormat::Label, "`id` - (6)"),
            "ELT(SUBSTR(_latin1'22', (`id` - (6)) * 1 - 0, 1), _utf8mb4 x'70656172', _utf8mb4 x'4f274e65696c5c')"
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
        let probabilities: Vec<f64> = (0..24).map(|place| f64::from(u8::from(place == 1 || place == 22))).collect();
        let page = Predictions { ids: vec![3, 8], probabilities, classes: &classes };
        let sql = values(&page, PredictionFormat::Label, "1");
        assert!(sql.starts_with("ELT(SUBSTR(_latin1'0211', (1) * 2 - 1, 2), "), "{sql}");
    }

    #[test]
    fn of_equally_probable_classes_the_first_is_the_label() {
        assert_eq!([&[0.2, 0.4, 0.4][..], &[0.5, 0.5], &[1.0], &[0.1, 0.2, 0.7]].map(most_probable), [1, 0, 0, 2]);
    }
}
