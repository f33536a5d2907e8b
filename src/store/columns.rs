//! A column of a table, a view or a query, and what it can hold.

use crate::config::PartKind;

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
    /// Whether `*` leaves it out.
    pub is_hidden: bool,
    /// Of text: characters that have room.
    pub length: Option<u64>,
    /// Of text: like `utf8mb4`.
    pub charset: Option<String>,
    /// Of text: like `utf8mb4_general_ci`.
    pub collation: Option<String>,
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
    /// BINARY.
    Binary,
    /// MariaDB's UUID.
    Uuid,
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
            "binary" => Self::Binary,
            "uuid" => Self::Uuid,
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
    /// What it holds as a part of a key, if it can be one.
    pub fn part_kind(&self) -> Option<PartKind> {
        Some(match self.kind {
            Kind::Integer | Kind::BigInt if self.full_type.contains("unsigned") => PartKind::Unsigned,
            Kind::Integer | Kind::BigInt => PartKind::Integer,
            Kind::Char => PartKind::Text { charset: self.charset.clone()?, collation: self.collation.clone()? },
            Kind::Binary => PartKind::Bytes,
            Kind::Bytes if self.full_type.starts_with("varbinary") => PartKind::Bytes,
            Kind::Uuid => PartKind::Uuid,
            Kind::Date => PartKind::Date,
            Kind::Datetime | Kind::Timestamp => PartKind::Datetime,
            _ => return None,
        })
    }

    /// Bytes of the longest key that it alone is, in its notation.
    pub fn longest_part(&self) -> u64 {
        const LONGEST_PLAIN: u64 = 32;
        let length = self.length.unwrap_or(0);
        let of_each = match self.charset.as_deref() {
            // A comma or a `~` takes two.
            Some("ascii" | "latin1") => 2,
            Some("utf8mb3" | "utf8") => 3,
            Some(_) => 4,
            // Digits of bytes.
            None => 2,
        };
        LONGEST_PLAIN.max(length.saturating_mul(of_each))
    }

    /// The name between backticks.
    pub fn quoted(&self) -> String {
        format!("`{}`", self.name.replace('`', "``"))
    }
}
