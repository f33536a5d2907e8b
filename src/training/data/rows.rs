//! Rows for a model that is there, one after the other, whatever the size of the file.

use std::io::Read;

use super::cell;
use super::columns::{Record, Records};
use super::error::{BadField, DataError};
use super::format::CsvFormat;
use super::number::{number, with_point};
use crate::model::{ClassIndex, Encoder, Feature, class_called};

/// Reads the rows of a CSV file whose header names all features of a model. The columns may stand
/// in any order, and others may stand beside them: they are not read.
pub struct Rows<'m, R> {
    records: Records<R>,
    features: &'m [Feature],
    encoder: Encoder,
    /// The column of each feature.
    columns: Vec<usize>,
}

/// A row to score.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its line in the file, from 1; the header is the first one.
    pub line: u64,
    /// One per feature of the model, in the model's order, as in an artifact's raw row.
    pub values: Vec<f64>,
}

/// Rows with what is known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled<T = ClassIndex> {
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
    /// The class or the value of each row.
    pub labels: Vec<T>,
}

impl<'m, R: Read> Rows<'m, R> {
    /// Reads the header; `features` are the model's.
    ///
    /// # Errors
    /// When a feature has no column, or two columns have one name.
    pub fn new(input: R, features: &'m [Feature]) -> Result<Self, DataError> {
        Self::written(input, features, CsvFormat::default())
    }

    /// The same of a file that is written as `format` says.
    ///
    /// # Errors
    /// When a feature has no column, or two columns have one name.
    pub fn written(input: R, features: &'m [Feature], format: CsvFormat) -> Result<Self, DataError> {
        let records = Records::new(input, format)?;
        let columns = records.columns.all(features).map_err(|missing| DataError::MissingFeatures {
            missing,
            features: features.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", "),
            columns: records.columns.listed(),
        })?;
        Ok(Self { records, features, encoder: Encoder::new(features), columns })
    }

    /// Reads all rows with the class that stands in the column `label`, one of `classes`, however it is written there.
    ///
    /// # Errors
    /// On the first thing that is not as it must be, with its line and column.
    pub fn labelled(self, label: &str, classes: &[String]) -> Result<Labelled, DataError> {
        self.with_labels(label, |field, rows| {
            let class = class_called(classes, &with_point(field, rows.records.decimal()));
            class.ok_or_else(|| match field {
                "" => BadField::EmptyLabel,
                class => BadField::UnknownClass { class: class.to_owned(), classes: classes.join(", ") },
            })
        })
    }

    /// Reads all rows with the number that stands in the column `label`.
    ///
    /// # Errors
    /// On the first thing that is not as it must be, with its line and column.
    pub fn with_values(self, label: &str) -> Result<Labelled<f64>, DataError> {
        self.with_labels(label, |field, rows| {
            number(field, rows.records.decimal()).ok_or_else(|| BadField::NotAValue(field.to_owned()))
        })
    }

    /// Reads all rows with what `read` makes of the column `label`.
    ///
    /// # Errors
    /// On the first thing that is not as it must be, with its line and column.
    pub fn with_labels<T>(
        mut self,
        label: &str,
        read: impl Fn(&str, &Self) -> Result<T, BadField>,
    ) -> Result<Labelled<T>, DataError> {
        let column = self.records.columns.label(label)?;
        let mut labelled = Labelled { rows: Vec::new(), labels: Vec::new() };
        while let Some(record) = self.records.next() {
            let record = record?;
            let bad = |what| DataError::Field { line: record.line, column: label.to_owned(), what };
            labelled.labels.push(read(record.field(column), &self).map_err(bad)?);
            labelled.rows.push(self.row(&record)?);
        }
        if labelled.rows.is_empty() { Err(DataError::Empty) } else { Ok(labelled) }
    }

    fn row(&self, record: &Record) -> Result<Row, DataError> {
        let value = |(feature, &column): (usize, &usize)| {
            self.value(feature, record.field(column)).map_err(|what| DataError::Field {
                line: record.line,
                column: self.features[feature].name.clone(),
                what,
            })
        };
        Ok(Row { line: record.line, values: self.columns.iter().enumerate().map(value).collect::<Result<_, _>>()? })
    }

    fn value(&self, feature: usize, field: &str) -> Result<f64, BadField> {
        let kind = &self.features[feature].kind;
        let found = cell::value(&self.encoder, feature, kind, field, self.records.decimal());
        found.map_err(|odd| cell::bad(odd, kind, field))
    }
}

impl<R: Read> Iterator for Rows<'_, R> {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?;
        Some(record.and_then(|record| self.row(&record)))
    }
}
