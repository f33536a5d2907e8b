//! Why a CSV file cannot be used.

/// Why a CSV file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be read.
    #[error("the data cannot be read")]
    Io(#[from] std::io::Error),
    /// The file is not CSV in UTF-8.
    #[error("the data is not CSV in UTF-8")]
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
