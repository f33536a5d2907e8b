//! A column of a table, a view or a query, and what it can hold.

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// As it was written when the table was made.
    pub name: String,
    /// What it can hold.
    pub kind: Kind,
    /// Like `varchar(36)` or `enum('a','b')`.
    pub full_type: String,
    /// Whether it may be NULL.
    pub is_nullable: bool,
    /// Whether the server computes it from other columns.
    pub is_generated: bool,
    /// Whether its default is the present time.
    pub is_born_now: bool,
    /// Of text: characters that have room.
    pub length: Option<u64>,
    /// Of text: like `utf8mb4`.
    pub charset: Option<String>,
    /// What whoever made it said of it.
    pub comment: String,
}

/// What a column can hold, as far as rowscore tells that apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// TINYINT to INT.
    Integer,
    /// BIGINT.
    BigInt,
    /// DECIMAL, FLOAT or DOUBLE.
    Fraction,
    /// JSON. MariaDB's is a LONGTEXT.
    Json,
    /// CHAR or VARCHAR, whose length is one in characters.
    Char,
    /// TINYTEXT to MEDIUMTEXT, whose length is one in bytes.
    Text,
    /// LONGTEXT.
    LongText,
    /// TINYBLOB to LONGBLOB, or VARBINARY.
    Bytes,
    /// ENUM.
    Enum,
    /// SET.
    Set,
    /// BIT.
    Bit,
    /// YEAR.
    Year,
    /// DATE.
    Date,
    /// TIME.
    Time,
    /// TIMESTAMP, a moment.
    Timestamp,
    /// DATETIME, what a clock shows somewhere.
    Datetime,
    /// Anything else.
    #[default]
    Other,
}

impl Kind {
    pub(super) fn of(data_type: &str) -> Self {
        match data_type {
            "tinyint" | "smallint" | "mediumint" | "int" => Self::Integer,
            "bigint" => Self::BigInt,
            "decimal" | "float" | "double" => Self::Fraction,
            "json" => Self::Json,
            "char" | "varchar" => Self::Char,
            "tinytext" | "text" | "mediumtext" => Self::Text,
            "longtext" => Self::LongText,
            "tinyblob" | "blob" | "mediumblob" | "longblob" | "varbinary" => Self::Bytes,
            "enum" => Self::Enum,
            "set" => Self::Set,
            "bit" => Self::Bit,
            "year" => Self::Year,
            "date" => Self::Date,
            "time" => Self::Time,
            "timestamp" => Self::Timestamp,
            "datetime" => Self::Datetime,
            _ => Self::Other,
        }
    }

    /// Whether it holds whole numbers.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Integer | Self::BigInt)
    }

    /// Whether it holds a date and a time.
    pub fn is_time(self) -> bool {
        matches!(self, Self::Timestamp | Self::Datetime)
    }

    /// Whether it holds any text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Char | Self::Text | Self::LongText)
    }
}

impl Column {
    /// The name between backticks.
    pub fn quoted(&self) -> String {
        format!("`{}`", self.name.replace('`', "``"))
    }
}
