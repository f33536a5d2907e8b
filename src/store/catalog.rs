//! What the server's catalogue says of the items table: its columns and keys. A login sees of it
//! what it was granted.

use mysql_async::{Params, Row};

use mysql_async::prelude::Queryable;

use super::StoreError;
use super::row::column;
use super::statement::Statement;
use crate::config::{ColumnName, ItemsTable, KeyColumns, KeyPart, PartKind};

/// The column that is meant to say when a row was changed, where there is one of this name.
pub const UPDATED: &str = "updated_datetime";

/// The items table, as the server describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    /// Its columns in order; none where there is no such table, or nothing of it may be seen.
    pub columns: Vec<Column>,
    /// Its keys.
    pub keys: Vec<Key>,
    /// Those of its columns that the server sets to the present time whenever a row is changed and nothing is
    /// said of them. Also such that may not be read.
    pub renewed: Vec<ColumnName>,
    /// It, and rowscore's own tables, where an engine without transactions keeps them.
    pub without_transactions: Vec<Kept>,
    /// Whether the server is a MariaDB, whose JSON is a LONGTEXT.
    pub is_mariadb: bool,
}

/// A table, and what keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub table: String,
    /// Like `MyISAM`.
    pub engine: String,
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
    /// Whether the server computes it from other columns.
    pub is_generated: bool,
    /// Whether its default is the present time.
    pub is_born_now: bool,
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
    fn of(data_type: &str) -> Self {
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

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// `PRIMARY`, or its name.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<String>,
    /// Whether no two rows have the same in it, NULL aside.
    pub is_unique: bool,
}

impl Kept {
    /// Whether the table is one of rowscore's own.
    pub fn is_own(&self) -> bool {
        OWN.contains(&self.table.as_str())
    }

    /// The table's name between backticks.
    pub fn quoted(&self) -> String {
        ColumnName::of(&self.table).quoted()
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

impl Catalog {
    /// The columns that keep their values when a prediction is written: the server would set them to the present
    /// time. `updated_datetime` is there to say when a row was changed, and says it.
    pub fn kept(&self, table: &ItemsTable) -> Vec<ColumnName> {
        let written = [Some(&table.prediction), table.run.column()];
        let is_meant = |column: &ColumnName| {
            column.is(UPDATED) || written.into_iter().flatten().any(|written| written.is(column.as_str()))
        };
        self.renewed.iter().filter(|column| !is_meant(column)).cloned().collect()
    }

    /// The key that tells the items of `table` apart, as the server describes it; `None`: it is not one that does.
    pub fn key(&self, table: &ItemsTable) -> Option<KeyColumns> {
        let unique = |key: &&Key| key.is_unique && table.key.are(&key.columns);
        let index = self.keys.iter().filter(unique).max_by_key(|key| key.name == "PRIMARY")?.name.clone();
        let part = |column: &ColumnName| {
            let found = self.column(column.as_str()).filter(|column| !column.is_nullable)?;
            Some(KeyPart { column: column.clone(), kind: found.part_kind()? })
        };
        let parts = table.key.columns().map(part).collect::<Option<_>>()?;
        Some(KeyColumns { parts, index, is_wide: false })
    }

    /// The column of a name, which the servers know in any case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        let name = name.to_lowercase();
        self.columns.iter().find(|column| column.name.to_lowercase() == name)
    }
}

/// rowscore's own tables, which go along with the items in one transaction.
pub(super) const OWN: [&str; 8] = [
    "batch_runs",
    "batch_lanes",
    "item_failures",
    "batch_jobs",
    "batch_models",
    "batch_model_parts",
    "batch_model_uses",
    "batch_samples",
];

/// What the server says of `table`, and the table with what rowscore's statements need of that.
///
/// # Errors
/// Those of [`Statement::ask`].
pub async fn look(conn: &mut impl Queryable, table: &ItemsTable) -> Result<(Catalog, ItemsTable), StoreError> {
    let catalog = describe(table).ask(conn).await?;
    let mut seen = ItemsTable { kept: catalog.kept(table), ..table.clone() };
    if let Some(key) = catalog.key(table) {
        let first = key.columns().next().and_then(|column| catalog.column(column.as_str()));
        let may_be_wide = key.is_number() && first.is_some_and(|column| column.kind == Kind::BigInt);
        seen.key = KeyColumns { is_wide: may_be_wide && is_wide(table).ask(conn).await?, ..key };
    }
    Ok((catalog, seen))
}

/// Whether there is an id that no signed number can hold, or the least of these, before which there is none.
fn is_wide(table: &ItemsTable) -> Statement<bool> {
    let (id, items) = (table.key.quoted(), table.quoted());
    let sql =
        format!("SELECT COALESCE(MAX({id}) > {} OR MIN({id}) = {}, FALSE) AS `wide` FROM {items}", i64::MAX, i64::MIN);
    Statement::one("looking at the ends of the table", &sql, Params::Empty, |row| column(row, "wide"))
}

/// What the server says of `table`.
pub fn describe(table: &ItemsTable) -> Statement<Catalog> {
    let doing = "reading what the items table is like";
    let of_table = of_tables(&[table.literal()]);
    let columns = format!(
        "SELECT `column_name` AS `name`, `data_type` AS `type`, `column_type` AS `full_type`, \
           `is_nullable` = 'YES' AS `nullable`, COALESCE(`generation_expression`, '') <> '' AS `generated`, \
           COALESCE(LOWER(`column_default`), '') LIKE 'current_timestamp%' AS `born_now`, \
           LOWER(`extra`) LIKE '%on update%' AS `renewed`, FIND_IN_SET('select', `privileges`) > 0 AS `readable`, \
           `character_maximum_length` AS `length`, `character_set_name` AS `charset`, \
           `collation_name` AS `collation`, `column_comment` AS `comment` \
         FROM `information_schema`.`columns` {of_table} ORDER BY `ordinal_position`"
    );
    let parts = format!(
        "SELECT `index_name` AS `name`, IF(`sub_part` IS NULL, `column_name`, NULL) AS `part`, `non_unique` = 0 AS `unique` \
         FROM `information_schema`.`statistics` {of_table} \
         ORDER BY `index_name`, `seq_in_index`"
    );
    let names = OWN.iter().map(|name| format!("'{name}'")).chain([table.literal()]).collect::<Vec<_>>();
    let kept = format!(
        "SELECT `table_name` AS `name`, `engine` AS `engine` FROM `information_schema`.`tables` {} AND `engine` NOT IN \
           (SELECT `engine` FROM `information_schema`.`engines` WHERE `transactions` = 'YES')",
        of_tables(&names)
    );
    let columns = Statement::all(doing, &columns, Params::Empty, |row| {
        Ok((column_of(row)?, column::<bool>(row, "renewed")?, column::<bool>(row, "readable")?))
    });
    // A part that is an expression has no column, and the beginning of a column is not the column.
    let parts = Statement::all(doing, &parts, Params::Empty, |row| {
        let part: Option<String> = column(row, "part")?;
        Ok((column(row, "name")?, part.unwrap_or_default(), column(row, "unique")?))
    });
    let kept = Statement::all(doing, &kept, Params::Empty, |row| {
        Ok(Kept { table: column(row, "name")?, engine: column(row, "engine")? })
    });
    let version: Statement<String> =
        Statement::one(doing, "SELECT VERSION() AS `version`", Params::Empty, |row| column(row, "version"));
    columns.and(parts).and(kept).and(version).map(|(((columns, parts), without_transactions), version)| Catalog {
        renewed: columns.iter().filter(|(_, renewed, _)| *renewed).map(|(it, ..)| ColumnName::of(&it.name)).collect(),
        columns: columns.into_iter().filter(|(.., readable)| *readable).map(|(it, ..)| it).collect(),
        keys: keys(parts),
        without_transactions,
        is_mariadb: version.contains("MariaDB"),
    })
}

/// The condition that a row of the catalogue is about one of these tables, whose names are SQL strings. The
/// catalogue does not tell names apart by case and accents, as the server does unless it was told not to.
pub(super) fn of_tables(names: &[String]) -> String {
    let exact = names.iter().map(|name| format!("CAST({name} AS BINARY)")).collect::<Vec<_>>().join(", ");
    format!(
        "WHERE `table_schema` = DATABASE() AND `table_name` IN ({}) \
         AND (@@lower_case_table_names <> 0 OR CAST(`table_name` AS BINARY) IN ({exact}))",
        names.join(", ")
    )
}

/// The keys that these parts, in order, are of.
fn keys(parts: Vec<(String, String, bool)>) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for (name, part, is_unique) in parts {
        match keys.last_mut().filter(|key| key.name == name) {
            Some(key) => key.columns.push(part),
            None => keys.push(Key { name, columns: vec![part], is_unique }),
        }
    }
    keys
}

fn column_of(row: &Row) -> Result<Column, StoreError> {
    Ok(Column {
        name: column(row, "name")?,
        kind: Kind::of(&column::<String>(row, "type")?),
        full_type: column(row, "full_type")?,
        is_nullable: column(row, "nullable")?,
        is_generated: column(row, "generated")?,
        is_born_now: column(row, "born_now")?,
        length: column(row, "length")?,
        charset: column(row, "charset")?,
        collation: column(row, "collation")?,
        comment: column(row, "comment")?,
    })
}
