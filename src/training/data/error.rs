//! Why a CSV file cannot be used.

use super::number::GAPS_IN_WORDS;

/// Why a CSV file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be read.
    #[error("the data cannot be read")]
    Io(#[from] std::io::Error),
    /// The file is not CSV.
    #[error("the data is not CSV")]
    Csv(#[from] csv::Error),
    /// The file is not in UTF-8.
    #[error("{0}")]
    Encoding(Encoding),
    /// The header does not name the label.
    #[error("there is no column `{label}` for the label; the columns are {columns}")]
    MissingLabel {
        /// The name that was looked for.
        label: String,
        /// Names of the columns that there are.
        columns: String,
    },
    /// What is to be learnt needs a label.
    #[error("a {task} needs --label COLUMN, the column that is to be predicted")]
    NoLabel {
        /// What is to be learnt.
        task: &'static str,
    },
    /// A column that was named is not there.
    #[error("there is no column {missing} to {what}; the columns are {columns}")]
    UnknownColumn {
        /// The names that were looked for.
        missing: String,
        /// What was to be done with it.
        what: &'static str,
        /// Names of the columns that there are.
        columns: String,
    },
    /// Two options do not go together.
    #[error("`{column}`: {clash}")]
    Clash {
        /// Name of the column that they speak of.
        column: String,
        /// What they say.
        clash: Clash,
    },
    /// Two columns have one name, or a feature has none.
    #[error("column {position} has the name `{name}`, which is empty or taken already")]
    ColumnName {
        /// From 1.
        position: usize,
        /// The name.
        name: String,
    },
    /// There is nothing to learn from.
    #[error("there is no feature: {why}")]
    NoFeatures {
        /// What became of the columns.
        why: String,
    },
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
    /// A field is not what it must be.
    #[error("line {line}, column `{column}`: {what}")]
    Field {
        /// From 1; the header is line 1.
        line: u64,
        /// Name of the column.
        column: String,
        /// What is wrong with it.
        what: BadField,
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
    /// A column of texts has too many different ones.
    #[error("column `{column}` has more than {most} different texts, too many for categories; {remedy}")]
    TooManyTexts {
        /// Name of the column.
        column: String,
        /// As many may there be.
        most: usize,
        /// What to do about it.
        remedy: Remedy,
    },
    /// There is nothing to tell apart.
    #[error(
        "all rows are of class `{class}`; at least two classes are needed; `--task one-class` learns what is usual"
    )]
    OneClass {
        /// The class.
        class: String,
    },
}

/// Options that do not go together.
#[derive(Debug, thiserror::Error)]
pub enum Clash {
    /// A feature is there once.
    #[error("--features names this column twice; name it once")]
    Twice,
    /// The label is no feature.
    #[error(
        "--features names the label, which is what is to be predicted; leave it out there, or name another --label"
    )]
    LabelAsFeature,
    /// The label is no category.
    #[error(
        "--categories names the label, which is no feature; leave it out there: `--task classification` takes the label's \
         numbers for classes"
    )]
    LabelAsCategory,
    /// It is learnt from and it is not.
    #[error("--features names this column, and so does --ignore; leave it out of one of them")]
    IgnoredFeature,
    /// It is a category and not learnt from.
    #[error("--categories names this column, and so does --ignore; leave it out of one of them")]
    IgnoredCategory,
    /// It is a category and not among the features.
    #[error(
        "--categories names this column, but --features does not; name it there, too, or leave it out of --categories"
    )]
    CategoryBesideFeatures,
}

/// How a column is left out: an option that names it may not stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Remedy {
    /// No option names it.
    #[error("leave the column out with --ignore")]
    Ignore,
    /// It is named as a feature.
    #[error("leave the column out of --features")]
    NotAsFeature,
    /// It is named as a category.
    #[error("leave the column out of --categories")]
    NotAsCategory,
    /// It is named as both.
    #[error("leave the column out of --features and --categories")]
    AsNeither,
}

/// In what a file is written, if not in UTF-8.
#[derive(Debug, thiserror::Error)]
pub enum Encoding {
    /// As the first bytes say.
    #[error("the file is in UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE > NEW")]
    Utf16,
    /// A byte that UTF-8 does not have there.
    #[error(
        "line {line} is not UTF-8: it has the byte 0x{byte:02X}, as files of Windows or Excel do; convert the file \
         first: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW"
    )]
    NotUtf8 {
        /// From 1; the header is line 1.
        line: u64,
        /// The first that does not fit.
        byte: u8,
    },
}

/// What is wrong with a field.
#[derive(Debug, thiserror::Error)]
pub enum BadField {
    /// It is not a finite number.
    #[error("`{0}` is not a finite number")]
    NotANumber(String),
    /// It is not a number, as nearly all others of its column are.
    #[error("`{text}` is not a finite number, as nearly all others are; {GAPS_IN_WORDS}; mend the field, or {remedy}")]
    NotANumberHere {
        /// The field.
        text: String,
        /// What else to do about it.
        remedy: Remedy,
    },
    /// It is no date and no time.
    #[error("`{0}` is not a date or a time like 2026-11-28 or 2026-11-28 15:19:00")]
    NotAMoment(String),
    /// It is a gap, and the model takes none there.
    #[error("`{0}` is a gap, and none is taken there: the training rows had none (`train --missing fill` takes them)")]
    Gap(String),
    /// It is a gap, and the training was told to take none.
    #[error("`{0}` is a gap, which `--missing refuse` does not take; `--missing seen` learns from gaps")]
    RefusedGap(String),
    /// It is none of the model's categories.
    #[error("`{text}` is none of the categories that the model knows: {known}")]
    UnknownCategory {
        /// The field.
        text: String,
        /// The model's.
        known: String,
    },
    /// A row has no class.
    #[error("the label is empty")]
    EmptyLabel,
    /// A row has a gap where the others have a number.
    #[error(
        "the label `{0}` is a gap, as all other labels are numbers; {GAPS_IN_WORDS}; put a number there, or leave the row out"
    )]
    GapAsLabel(String),
    /// A row has no number to learn.
    #[error("the label `{0}` is not a finite number, as a regression needs; `--task classification` takes text")]
    NotAValue(String),
    /// A row's class is not one of the model's.
    #[error("the model has no class `{class}`; its classes are {classes}")]
    UnknownClass {
        /// The field.
        class: String,
        /// Names of the model's classes.
        classes: String,
    },
}
