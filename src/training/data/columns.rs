//! A CSV file's records, and its columns by their names.

use std::io::Read;

use super::error::{DataError, Encoding};
use super::format::{Begun, CsvFormat, Decided, decide};
use super::number::Decimal;
use super::numbered::Numbered;

/// The records of a file, one after the other.
pub(super) struct Records<R> {
    records: csv::ByteRecordsIntoIter<Numbered<Begun<R>>>,
    pub(super) columns: Columns,
    written: Decided,
}

/// A line of a file.
pub(super) struct Record {
    /// As an editor counts them, from 1; where fields have several lines, the first one.
    pub(super) line: u64,
    fields: csv::StringRecord,
}

impl Record {
    /// A field without the space around it.
    pub(super) fn field(&self, column: usize) -> &str {
        self.fields[column].trim()
    }
}

impl<R: Read> Records<R> {
    /// Reads the header.
    pub(super) fn new(input: R, format: CsvFormat) -> Result<Self, DataError> {
        let (written, input) = decide(input, format)?;
        let mut csv = csv::ReaderBuilder::new()
            .delimiter(written.delimiter)
            // A wrong number of fields is told with the row's line.
            .flexible(true)
            .from_reader(Numbered::new(input));
        let header = csv.byte_headers()?.clone();
        let line = csv.get_mut().line(begin(&header));
        let header = in_utf8(header, line)?;
        Ok(Self { columns: Columns::new(&header)?, records: csv.into_byte_records(), written })
    }

    /// How the file is written, for people, where that is not the usual way.
    pub(super) fn remarks(&self) -> Vec<String> {
        let Decided { delimiter, decimal } = self.written;
        let separated = format!("fields are separated by `{}`", char::from(delimiter).escape_default());
        match decimal {
            Decimal::Comma => vec![format!("{separated}, and a comma stands before decimals")],
            Decimal::Point if delimiter != b',' => vec![separated],
            Decimal::Point => Vec::new(),
        }
    }

    /// What stands before the decimals of a number.
    pub(super) fn decimal(&self) -> Decimal {
        self.written.decimal
    }
}

impl<R: Read> Iterator for Records<R> {
    type Item = Result<Record, DataError>;

    /// The next record, with as many fields as the header.
    fn next(&mut self) -> Option<Self::Item> {
        let record = match self.records.next()? {
            Ok(record) => record,
            Err(error) => return Some(Err(error.into())),
        };
        let line = self.records.reader_mut().get_mut().line(begin(&record));
        Some(in_utf8(record, line).and_then(|record| self.columns.check(record, line)))
    }
}

/// The position before a record, and before ends of lines that stand before it.
fn begin(record: &csv::ByteRecord) -> u64 {
    record.position().map_or(0, csv::Position::byte)
}

/// The fields as text, or where they are none.
fn in_utf8(record: csv::ByteRecord, line: u64) -> Result<csv::StringRecord, DataError> {
    csv::StringRecord::from_byte_record(record).map_err(|error| {
        let at = error.utf8_error().clone();
        let record = error.into_byte_record();
        let byte = record.get(at.field()).and_then(|field| field.get(at.valid_up_to())).copied().unwrap_or_default();
        DataError::Encoding(Encoding::NotUtf8 { line, byte })
    })
}

/// The header: the name of every column. Those that have one have different ones.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    names: Vec<String>,
}

impl Columns {
    fn new(header: &csv::StringRecord) -> Result<Self, DataError> {
        let names: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        for (position, name) in names.iter().enumerate() {
            // A column without a name is one that tools add: a row's number, or what follows a last delimiter.
            if !name.is_empty() && names[..position].contains(name) {
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

    /// All of them, for an error.
    pub(super) fn listed(&self) -> String {
        self.names.join(", ")
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name && !name.is_empty())
    }

    /// The column of the label.
    pub(super) fn label(&self, name: &str) -> Result<usize, DataError> {
        let missing = || DataError::MissingLabel { label: name.to_owned(), columns: self.listed() };
        self.find(name).ok_or_else(missing)
    }

    /// The columns of these names, in their order, or the names that there are no columns of.
    pub(super) fn all(&self, names: &[impl AsRef<str>]) -> Result<Vec<usize>, String> {
        let names = || names.iter().map(AsRef::as_ref);
        let missing: Vec<&str> = names().filter(|name| self.find(name).is_none()).collect();
        if missing.is_empty() {
            Ok(names().filter_map(|name| self.find(name)).collect())
        } else {
            Err(missing.into_iter().map(shown).collect::<Vec<_>>().join(", "))
        }
    }

    fn check(&self, fields: csv::StringRecord, line: u64) -> Result<Record, DataError> {
        if fields.len() == self.names.len() {
            Ok(Record { line, fields })
        } else {
            Err(DataError::FieldCount { line, found: fields.len(), expected: self.names.len() })
        }
    }
}

/// A name that can be seen.
fn shown(name: &str) -> &str {
    if name.is_empty() { "``" } else { name }
}
