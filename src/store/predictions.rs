//! Predictions of a page, and as one SQL text of which each row takes its part.

use super::StoreError;
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

    /// Appends the SQL expression of the prediction at `place` of the page, an expression that counts
    /// from 1.
    ///
    /// All of them are one text in a character set of one byte, each padded to the same width: the
    /// server parses a single literal, and cuts out a row's without searching.
    pub(super) fn append_values(
        &self,
        sql: &mut String,
        format: PredictionFormat,
        place: &str,
    ) -> Result<(), StoreError> {
        let unwritable = |error: &dyn std::fmt::Display| StoreError::Unexpected(format!("formatting a page: {error}"));
        // A probability takes about 20 characters; an array of numbers needs no escaping in a string.
        let mut texts = Vec::with_capacity((21 * self.classes.len() + 2) * self.ids.len());
        let mut ends = Vec::with_capacity(self.ids.len());
        let digits = self.classes.len().to_string().len();
        for row in self.rows() {
            match format {
                PredictionFormat::Probabilities => {
                    serde_json::to_writer(&mut texts, row).map_err(|error| unwritable(&error))?;
                }
                PredictionFormat::Label => {
                    texts.extend(format!("{:0digits$}", 1 + most_probable(row)).into_bytes());
                }
            }
            ends.push(texts.len());
        }
        let texts = String::from_utf8(texts).map_err(|error| unwritable(&error))?;
        let begins = std::iter::once(0).chain(ends.iter().copied());
        let rows = begins.zip(&ends).map(|(begin, &end)| &texts[begin..end]);
        let width = rows.clone().map(str::len).max().unwrap_or_default();

        sql.reserve(width * self.ids.len() + place.len() + 200);
        sql.push_str(match format {
            PredictionFormat::Probabilities => "RTRIM(SUBSTR(_latin1'",
            PredictionFormat::Label => "ELT(SUBSTR(_latin1'",
        });
        for row in rows {
            sql.push_str(row);
            sql.extend(std::iter::repeat_n(' ', width - row.len()));
        }
        sql.push_str(&format!("', ({place}) * {width} - {}, {width})", width - 1));
        if format == PredictionFormat::Label {
            sql.extend(self.classes.iter().map(|class| format!(", {}", text_literal(class.as_bytes()))));
        }
        sql.push(')');
        Ok(())
    }
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
        let mut sql = String::new();
        page.append_values(&mut sql, format, place).unwrap();
        sql
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
