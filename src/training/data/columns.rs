//! A CSV file's columns: their names, and what stands in them.

use std::io::Read;

use super::error::DataError;

/// A reader that leaves the checks to [`Columns`]. Space around a field is ignored.
pub(super) fn reader<R: Read>(input: R) -> csv::Reader<R> {
    csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        // A wrong number of fields is told with the row's line.
        .flexible(true)
        .from_reader(input)
}

/// The header: every column's name, each different from the others.
#[derive(Debug)]
pub(super) struct Columns {
    names: Vec<String>,
}

impl Columns {
    pub(super) fn new(header: &csv::StringRecord) -> Result<Self, DataError> {
        // Excel and others begin a file with a byte order mark.
        let names: Vec<String> = header.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
        for (position, name) in names.iter().enumerate() {
            if name.is_empty() || names[..position].contains(name) {
                return Err(DataError::ColumnName { position: position + 1, name: name.clone() });
            }
        }
        Ok(Self { names })
    }

    pub(super) fn count(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, column: usize) -> &str {
        &self.names[column]
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    /// The column of the class.
    pub(super) fn label(&self, name: &str) -> Result<usize, DataError> {
        let missing = || DataError::MissingLabel { label: name.to_owned(), columns: self.names.join(", ") };
        self.find(name).ok_or_else(missing)
    }

    /// The columns of a model's features, in the model's order.
    pub(super) fn features(&self, features: &[impl AsRef<str>]) -> Result<Vec<usize>, DataError> {
        let names: Vec<&str> = features.iter().map(AsRef::as_ref).collect();
        let missing: Vec<&str> = names.iter().copied().filter(|name| self.find(name).is_none()).collect();
        if missing.is_empty() {
            Ok(names.iter().filter_map(|name| self.find(name)).collect())
        } else {
            let (missing, features, columns) = (missing.join(", "), names.join(", "), self.names.join(", "));
            Err(DataError::MissingFeatures { missing, features, columns })
        }
    }

    /// A record with as many fields as the header.
    pub(super) fn check(&self, record: csv::StringRecord) -> Result<csv::StringRecord, DataError> {
        if record.len() == self.names.len() {
            Ok(record)
        } else {
            Err(DataError::FieldCount { line: line(&record), found: record.len(), expected: self.names.len() })
        }
    }

    /// The numbers that stand in `columns` of a record.
    pub(super) fn numbers(&self, record: &csv::StringRecord, columns: &[usize]) -> Result<Vec<f64>, DataError> {
        let number = |&column: &usize| {
            number(&record[column]).ok_or_else(|| DataError::NotANumber {
                line: line(record),
                column: self.names[column].clone(),
                text: record[column].to_owned(),
            })
        };
        columns.iter().map(number).collect()
    }

    /// The name of a record's class, which stands in `column`.
    pub(super) fn class<'r>(&self, record: &'r csv::StringRecord, column: usize) -> Result<&'r str, DataError> {
        match &record[column] {
            "" => Err(DataError::EmptyLabel { line: line(record), column: self.names[column].clone() }),
            class => Ok(class),
        }
    }
}

/// From 1; the header is line 1.
pub(super) fn line(record: &csv::StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
}

/// Rust reads `inf`, `nan` and `1e999` as f64 too; they are refused.
fn number(field: &str) -> Option<f64> {
    field.parse().ok().filter(|number: &f64| number.is_finite())
}
