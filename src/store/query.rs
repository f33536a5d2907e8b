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

fn column(found: &mysql_async::Column) -> Column {
    let kind = kind(found);
    Column {
        name: found.name_str().into_owned(),
        kind,
        full_type: format!("{kind:?}").to_lowercase(),
        is_nullable: true,
        ..Column::default()
    }
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
        Type::MYSQL_TYPE_VARCHAR
        | Type::MYSQL_TYPE_VAR_STRING
        | Type::MYSQL_TYPE_STRING
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
