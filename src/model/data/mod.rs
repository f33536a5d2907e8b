//! Data from CSV: to train on ([`Dataset`]), and to score with a model that is there ([`Rows`]).

mod columns;
mod rows;

use std::collections::BTreeSet;
use std::io::Read;

use super::digest::Digest;
use columns::Columns;

pub use rows::{Labelled, Row, Rows};

/// Position of a class in the list of class names.
pub type ClassIndex = usize;

/// Rows with a number for every feature, and each row's class.
#[derive(Clone, Debug)]
pub struct Dataset {
    pub(super) label: String,
    pub(super) features: Vec<String>,
    /// Sorted, as scikit-learn orders classes.
    pub(super) classes: Vec<String>,
    /// One number per feature, all finite.
    pub(super) rows: Vec<Vec<f64>>,
    /// One per row.
    pub(super) labels: Vec<ClassIndex>,
    pub(super) sha256: Digest,
}

/// Why a CSV file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be read.
    #[error("the data cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The file is not CSV in UTF-8.
    #[error("the data is not CSV in UTF-8: {0}")]
    Csv(#[from] csv::Error),
    /// The header does not name the label.
    #[error("there is no column `{label}` for the label; the columns are {columns}")]
    MissingLabel {
        /// The name that was looked for.
        label: String,
        /// Names of the columns that there are.
        columns: String,
    },
    /// Two columns have one name, or a column has none.
    #[error("column {position} has the name `{name}`, which is empty or taken already")]
    ColumnName {
        /// From 1.
        position: usize,
        /// The name.
        name: String,
    },
    /// There is nothing but the label.
    #[error("there is no feature: the label is the only column")]
    NoFeatures,
    /// There is a header at most.
    #[error("there are no rows")]
    Empty,
    /// A row is shorter or longer than the header.
    #[error("line {line} has {found} fields, the header has {expected}")]
    FieldCount {
        /// From 1; the header is line 1.
        line: u64,
        /// Number of fields in the row.
        found: usize,
        /// Number of columns.
        expected: usize,
    },
    /// A field is not a finite number.
    #[error("line {line}, column `{column}`: `{text}` is not a finite number")]
    NotANumber {
        /// From 1; the header is line 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// The field.
        text: String,
    },
    /// A row has no class.
    #[error("line {line}, column `{column}`: the label is empty")]
    EmptyLabel {
        /// From 1; the header is line 1.
        line: u64,
        /// Name of the column.
        column: String,
    },
    /// The header does not name every feature of the model.
    #[error("there is no column for {missing}; the model's features are {features}; the columns are {columns}")]
    MissingFeatures {
        /// Names of the features without a column.
        missing: String,
        /// Names of the model's features.
        features: String,
        /// Names of the columns that there are.
        columns: String,
    },
    /// A row's class is not one of the model's.
    #[error("line {line}, column `{column}`: the model has no class `{class}`; its classes are {classes}")]
    UnknownClass {
        /// From 1; the header is line 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// The field.
        class: String,
        /// Names of the model's classes.
        classes: String,
    },
    /// There is nothing to tell apart.
    #[error("all rows are of class `{class}`; at least two classes are needed")]
    OneClass {
        /// The class.
        class: String,
    },
}

impl Dataset {
    /// Reads CSV: the header names the features and, as `label`, the column of the class. Every
    /// other column must hold finite numbers. Space around a field is ignored.
    ///
    /// # Errors
    /// On the first thing that is not as it must be, with its line and column.
    pub fn from_csv(mut reader: impl Read, label: &str) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        let mut csv = columns::reader(bytes.as_slice());
        let columns = Columns::new(csv.headers()?)?;
        let label_at = columns.label(label)?;
        let features: Vec<usize> = (0..columns.count()).filter(|&column| column != label_at).collect();
        if features.is_empty() {
            return Err(DataError::NoFeatures);
        }
        let mut rows = Vec::new();
        let mut labels = Vec::new();
        for record in csv.records() {
            let record = columns.check(record?)?;
            rows.push(columns.numbers(&record, &features)?);
            labels.push(columns.class(&record, label_at)?.to_owned());
        }
        let classes = distinct(&labels)?;
        Ok(Self {
            label: label.to_owned(),
            features: features.iter().map(|&column| columns.name(column).to_owned()).collect(),
            labels: labels.iter().map(|label| classes.partition_point(|class| class < label)).collect(),
            classes,
            rows,
            sha256: Digest::of(&bytes),
        })
    }

    /// Names of the features, in the order of the columns.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// Names of the classes, sorted.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The rows: one number per feature.
    #[must_use]
    pub fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// The class of each row.
    #[must_use]
    pub fn labels(&self) -> &[ClassIndex] {
        &self.labels
    }
}

/// The sorted class names.
fn distinct(labels: &[String]) -> Result<Vec<String>, DataError> {
    let classes: BTreeSet<&String> = labels.iter().collect();
    let classes: Vec<String> = classes.into_iter().cloned().collect();
    match classes.as_slice() {
        [] => Err(DataError::Empty),
        [class] => Err(DataError::OneClass { class: class.clone() }),
        _ => Ok(classes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(csv: &str) -> Result<Dataset, DataError> {
        Dataset::from_csv(csv.as_bytes(), "kind")
    }

    fn message(csv: &str) -> String {
        read(csv).unwrap_err().to_string()
    }

    #[test]
    fn features_are_the_columns_beside_the_label_and_classes_are_sorted() {
        let data = read("x,kind,y\n1,pear, 2\n3,apple,4e-1\n").unwrap();
        assert_eq!(data.features, ["x", "y"]);
        assert_eq!(data.classes, ["apple", "pear"]);
        assert_eq!(data.rows, [[1.0, 2.0], [3.0, 0.4]]);
        assert_eq!(data.labels, [1, 0]);
    }

    #[test]
    fn what_is_not_a_finite_number_is_named_with_line_and_column() {
        for text in ["abc", "", "NaN", "inf", "1e999", "1,5\"x\""] {
            let field = format!("\"{}\"", text.replace('"', "\"\""));
            assert_eq!(
                message(&format!("x,y,kind\n1,2,a\n3,{field},b\n")),
                format!("line 3, column `y`: `{text}` is not a finite number")
            );
        }
    }

    #[test]
    fn a_missing_label_column_is_told_with_the_columns_there_are() {
        assert_eq!(message("x,y\n1,2\n"), "there is no column `kind` for the label; the columns are x, y");
    }

    #[test]
    fn a_row_of_another_length_is_named() {
        assert_eq!(message("x,kind\n1,a\n2,b,c\n"), "line 3 has 3 fields, the header has 2");
    }

    #[test]
    fn a_row_without_a_class_is_named() {
        assert_eq!(message("x,kind\n1,a\n2,\n"), "line 3, column `kind`: the label is empty");
    }

    #[test]
    fn one_class_or_none_is_refused() {
        assert!(matches!(read("x,kind\n1,a\n2,a\n"), Err(DataError::OneClass { class }) if class == "a"));
        assert!(matches!(read("x,kind\n"), Err(DataError::Empty)));
        assert!(matches!(read("kind\na\n"), Err(DataError::NoFeatures)));
        assert!(matches!(read(""), Err(DataError::MissingLabel { .. })));
    }

    #[test]
    fn column_names_must_differ() {
        assert_eq!(message("x,x,kind\n"), "column 2 has the name `x`, which is empty or taken already");
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        let error = Dataset::from_csv(&b"x,kind\n\xff,a\n"[..], "kind").unwrap_err();
        assert!(matches!(error, DataError::Csv(_)));
    }
}
