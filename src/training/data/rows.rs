//! Rows for a model that is there, one after the other, whatever the size of the file.

use std::io::Read;

use super::columns::{Columns, line, reader};
use super::error::DataError;
use crate::model::ClassIndex;

/// Reads the rows of a CSV file whose header names all features of a model. The columns may stand
/// in any order, and others may stand beside them: they are not read.
pub struct Rows<R> {
    records: csv::StringRecordsIntoIter<R>,
    columns: Columns,
    features: Vec<usize>,
}

/// A row to score.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its line in the file, from 1; the header is line 1.
    pub line: u64,
    /// One per feature of the model, in the model's order, all finite.
    pub values: Vec<f64>,
}

/// Rows whose classes are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// The rows, in the order of the file.
    pub rows: Vec<Row>,
    /// The class of each row.
    pub labels: Vec<ClassIndex>,
}

impl<R: Read> Rows<R> {
    /// Reads the header; `features` are the model's.
    ///
    /// # Errors
    /// When a feature has no column, or two columns have one name.
    pub fn new(input: R, features: &[impl AsRef<str>]) -> Result<Self, DataError> {
        let mut csv = reader(input);
        let columns = Columns::new(csv.headers()?)?;
        let features = columns.features(features)?;
        Ok(Self { records: csv.into_records(), columns, features })
    }

    /// Reads all rows with the class that stands in the column `label`, one of `classes`.
    ///
    /// # Errors
    /// On the first thing that is not as it must be, with its line and column.
    pub fn labelled(mut self, label: &str, classes: &[String]) -> Result<Labelled, DataError> {
        let label_at = self.columns.label(label)?;
        let mut labelled = Labelled { rows: Vec::new(), labels: Vec::new() };
        while let Some(record) = self.records.next() {
            let record = self.columns.check(record?)?;
            let class = self.columns.class(&record, label_at)?;
            let position = classes.iter().position(|name| name == class);
            labelled.labels.push(position.ok_or_else(|| DataError::UnknownClass {
                line: line(&record),
                column: label.to_owned(),
                class: class.to_owned(),
                classes: classes.join(", "),
            })?);
            labelled.rows.push(self.row(&record)?);
        }
        if labelled.rows.is_empty() { Err(DataError::Empty) } else { Ok(labelled) }
    }

    fn row(&self, record: &csv::StringRecord) -> Result<Row, DataError> {
        Ok(Row { line: line(record), values: self.columns.numbers(record, &self.features)? })
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.records.next()?.map_err(DataError::from);
        Some(record.and_then(|record| self.columns.check(record)).and_then(|record| self.row(&record)))
    }
}
