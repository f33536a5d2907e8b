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
    pub fn new(input: R, features: &[String]) -> Result<Self, DataError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn rows(csv: &str) -> Result<Vec<Row>, DataError> {
        Rows::new(csv.as_bytes(), &names(&["x", "y"]))?.collect()
    }

    #[test]
    fn columns_are_found_by_name_and_others_are_not_read() {
        let rows = rows("\u{feff}kind,y,note,x\na,2,none,1\n,4,,3\n").unwrap();
        assert_eq!(rows, [Row { line: 2, values: vec![1.0, 2.0] }, Row { line: 3, values: vec![3.0, 4.0] }]);
    }

    #[test]
    fn features_without_a_column_are_named_with_both_lists() {
        let message = rows("y,z\n1,2\n").unwrap_err().to_string();
        assert_eq!(message, "there is no column for x; the model's features are x, y; the columns are y, z");
    }

    #[test]
    fn a_field_that_is_no_number_is_named_with_line_and_column() {
        let message = rows("x,y\n1,2\n1,NaN\n").unwrap_err().to_string();
        assert_eq!(message, "line 3, column `y`: `NaN` is not a finite number");
        assert_eq!(rows("x,y\n1\n").unwrap_err().to_string(), "line 2 has 1 fields, the header has 2");
    }

    #[test]
    fn a_class_that_the_model_does_not_have_is_named() {
        let read =
            |csv: &str| Rows::new(csv.as_bytes(), &names(&["x"])).unwrap().labelled("kind", &names(&["pear", "apple"]));
        assert_eq!(read("x,kind\n1,apple\n").unwrap().labels, [1]);
        assert_eq!(
            read("x,kind\n1,plum\n").unwrap_err().to_string(),
            "line 2, column `kind`: the model has no class `plum`; its classes are pear, apple"
        );
        assert!(matches!(read("x,kind\n1,\n"), Err(DataError::EmptyLabel { line: 2, .. })));
        assert!(matches!(read("x,kind\n"), Err(DataError::Empty)));
        assert!(matches!(read("x\n1\n"), Err(DataError::MissingLabel { .. })));
    }
}
