//! What columns a query has, as its result says it: the catalogue knows nothing of it.

use mysql_async::Params;
use mysql_async::consts::{ColumnFlags, ColumnType};

use super::StoreError;
use super::columns::{Column, Kind};
use super::statement::Statement;
use super::target::items;
use crate::config::ItemsTable;

/// The character set of what is no text.
const BINARY: u16 = 63;

/// The columns of the rows. None of them is read.
pub(super) fn columns(table: &ItemsTable) -> Statement<Vec<Column>> {
    // A row of NULLs: of no row at all, nobody could ask what columns it has.
    let sql = format!("SELECT i.* FROM (SELECT 1 AS `one`) o LEFT JOIN {} ON FALSE", items(table));
    Statement::new("reading what columns SOURCE_QUERY has", &sql, Params::Empty, |rows| {
        let row = rows.first().ok_or_else(|| StoreError::Unexpected("SOURCE_QUERY was answered no row".into()))?;
        Ok(row.columns_ref().iter().map(column).collect())
    })
}

/// The key's columns by name, each with its character set and collation, of which the result says nothing: the server
/// has turned its texts for the connection.
pub(super) fn collations(table: &ItemsTable) -> Statement<Vec<(String, String, String)>> {
    let names: Vec<String> = table.key.columns().map(|column| column.as_str().to_owned()).collect();
    let of_each = table.key.columns().map(|column| format!("CHARSET(i.{0}), COLLATION(i.{0})", column.quoted()));
    let sql = format!(
        "SELECT {} FROM (SELECT 1 AS `one`) o LEFT JOIN {} ON FALSE",
        of_each.collect::<Vec<_>>().join(", "),
        items(table)
    );
    Statement::new("reading what key SOURCE_QUERY has", &sql, Params::Empty, move |rows| {
        let Some(row) = rows.first() else { return Ok(Vec::new()) };
        let text = |at: usize| row.get_opt::<Option<String>, _>(at).and_then(Result::ok).flatten().unwrap_or_default();
        let of_each = names.into_iter().enumerate();
        Ok(of_each.map(|(place, name)| (name, text(2 * place), text(2 * place + 1))).collect())
    })
}

/// Puts what [`collations`] has found into the columns that are texts.
pub(super) fn complete(columns: &mut [Column], found: Vec<(String, String, String)>) {
    for (name, charset, collation) in found {
        let of_name = |column: &&mut Column| column.kind == Kind::Char && column.name.eq_ignore_ascii_case(&name);
        if let Some(column) = columns.iter_mut().find(of_name) {
            (column.charset, column.collation) = (Some(charset), Some(collation));
        }
    }
}

/// Bytes of a character as the connection has them.
const WIDEST: u64 = 4;

fn column(found: &mysql_async::Column) -> Column {
    let kind = kind(found);
    let is_of_bytes = kind == Kind::Bytes && found.column_type() == ColumnType::MYSQL_TYPE_VAR_STRING;
    let mut full_type = if is_of_bytes { "varbinary".to_owned() } else { format!("{kind:?}").to_lowercase() };
    if kind.is_integer() && found.flags().contains(ColumnFlags::UNSIGNED_FLAG) {
        full_type.push_str(" unsigned");
    }
    let length = u64::from(found.column_length());
    let length = match kind {
        Kind::Char => Some(length / WIDEST),
        Kind::Bytes | Kind::Binary => Some(length),
        _ => None,
    };
    Column { name: found.name_str().into_owned(), kind, full_type, length, is_nullable: true, ..Column::default() }
}

fn kind(found: &mysql_async::Column) -> Kind {
    use ColumnType as Type;
    let (flags, is_text) = (found.flags(), found.character_set() != BINARY);
    match found.column_type() {
        _ if flags.contains(ColumnFlags::ENUM_FLAG) => Kind::Enum,
        _ if flags.contains(ColumnFlags::SET_FLAG) => Kind::Set,
        Type::MYSQL_TYPE_TINY | Type::MYSQL_TYPE_SHORT | Type::MYSQL_TYPE_INT24 | Type::MYSQL_TYPE_LONG => {
            Kind::Integer
        }
        Type::MYSQL_TYPE_LONGLONG => Kind::BigInt,
        Type::MYSQL_TYPE_FLOAT | Type::MYSQL_TYPE_DOUBLE | Type::MYSQL_TYPE_DECIMAL | Type::MYSQL_TYPE_NEWDECIMAL => {
            Kind::Fraction
        }
        Type::MYSQL_TYPE_JSON => Kind::Json,
        Type::MYSQL_TYPE_VARCHAR | Type::MYSQL_TYPE_VAR_STRING | Type::MYSQL_TYPE_STRING if is_text => Kind::Char,
        Type::MYSQL_TYPE_TINY_BLOB
        | Type::MYSQL_TYPE_MEDIUM_BLOB
        | Type::MYSQL_TYPE_LONG_BLOB
        | Type::MYSQL_TYPE_BLOB
            if is_text =>
        {
            Kind::LongText
        }
        Type::MYSQL_TYPE_STRING => Kind::Binary,
        Type::MYSQL_TYPE_VARCHAR
        | Type::MYSQL_TYPE_VAR_STRING
        | Type::MYSQL_TYPE_TINY_BLOB
        | Type::MYSQL_TYPE_MEDIUM_BLOB
        | Type::MYSQL_TYPE_LONG_BLOB
        | Type::MYSQL_TYPE_BLOB => Kind::Bytes,
        Type::MYSQL_TYPE_BIT => Kind::Bit,
        Type::MYSQL_TYPE_YEAR => Kind::Year,
        Type::MYSQL_TYPE_DATE | Type::MYSQL_TYPE_NEWDATE => Kind::Date,
        Type::MYSQL_TYPE_TIME | Type::MYSQL_TYPE_TIME2 => Kind::Time,
        Type::MYSQL_TYPE_TIMESTAMP | Type::MYSQL_TYPE_TIMESTAMP2 => Kind::Timestamp,
        Type::MYSQL_TYPE_DATETIME | Type::MYSQL_TYPE_DATETIME2 => Kind::Datetime,
        _ => Kind::Other,
    }
}
