//! What the server's catalogue says of the items table: its columns and keys. A login sees of it
//! what it was granted.

use mysql_async::{Params, Row};

use super::StoreError;
use super::row::column;
use super::statement::Statement;
use crate::config::ItemsTable;

/// The items table, as the server describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Its columns in order; none where there is no such table, or nothing of it may be seen.
    pub columns: Vec<Column>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// Whether the server is a MariaDB, whose JSON is a LONGTEXT.
    pub is_mariadb: bool,
}

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
    /// ENUM.
    Enum,
    /// TIMESTAMP or DATETIME.
    Time,
    /// Anything else.
    #[default]
    Other,
}

impl Kind {
    fn of(data_type: &str) -> Self {
        match data_type {
            "tinyint" | "smallint" | "mediumint" | "int" => Self::Integer,
            "bigint" => Self::BigInt,
            "decimal" | "float" | "double" => Self::Fraction,
            "json" => Self::Json,
            "char" | "varchar" => Self::Char,
            "tinytext" | "text" | "mediumtext" => Self::Text,
            "longtext" => Self::LongText,
            "enum" => Self::Enum,
            "timestamp" | "datetime" => Self::Time,
            _ => Self::Other,
        }
    }

    /// Whether it holds whole numbers.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Integer | Self::BigInt)
    }

    /// Whether it holds any text.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Char | Self::Text | Self::LongText)
    }
}

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `PRIMARY`, or its name.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<String>,
}

impl Column {
    /// The name between backticks.
    pub fn quoted(&self) -> String {
        format!("`{}`", self.name.replace('`', "``"))
    }
}

impl Catalog {
    /// The column of a name, which the servers know in any case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let name = name.to_lowercase();
        self.columns.iter().find(|column| column.name.to_lowercase() == name)
    }
}

/// What the server says of `table`.
pub fn describe(table: &ItemsTable) -> Statement<Catalog> {
    let of_table = format!("WHERE `table_schema` = DATABASE() AND `table_name` = {}", table.literal());
    let columns = format!(
        "SELECT `column_name` AS `name`, `data_type` AS `type`, `column_type` AS `full_type`, \
           `is_nullable` = 'YES' AS `nullable`, `character_maximum_length` AS `length`, \
           `character_set_name` AS `charset`, `column_comment` AS `comment` \
         FROM `information_schema`.`columns` {of_table} ORDER BY `ordinal_position`"
    );
    let parts = format!(
        "SELECT `index_name` AS `name`, `column_name` AS `part` FROM `information_schema`.`statistics` {of_table} \
         ORDER BY `index_name`, `seq_in_index`"
    );
    let doing = "reading what the items table is like";
    let columns = Statement::all(doing, &columns, Params::Empty, column_of);
    // A part that is an expression has no column.
    let parts = Statement::all(doing, &parts, Params::Empty, |row| {
        Ok((column(row, "name")?, column::<Option<String>>(row, "part")?.unwrap_or_default()))
    });
    let version: Statement<String> =
        Statement::one(doing, "SELECT VERSION() AS `version`", Params::Empty, |row| column(row, "version"));
    columns.and(parts).and(version).map(|((columns, parts), version)| {
        let mut keys: Vec<Key> = Vec::new();
        for (name, part) in parts {
            match keys.last_mut().filter(|key| key.name == name) {
                Some(key) => key.columns.push(part),
                None => keys.push(Key { name, columns: vec![part] }),
            }
        }
        Catalog { columns, keys, is_mariadb: version.contains("MariaDB") }
    })
}

fn column_of(row: &Row) -> Result<Column, StoreError> {
    Ok(Column {
        name: column(row, "name")?,
        kind: Kind::of(&column::<String>(row, "type")?),
        full_type: column(row, "full_type")?,
        is_nullable: column(row, "nullable")?,
        length: column(row, "length")?,
        charset: column(row, "charset")?,
        comment: column(row, "comment")?,
    })
}
