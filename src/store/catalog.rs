//! What the server's catalogue says of the items table: its columns and keys. A login sees of it
//! what it was granted.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};

use super::{Doing, StoreError};
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
    /// Like `varchar`.
    pub data_type: String,
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

/// Reads what the server says of `table`, in one round trip.
///
/// # Errors
/// The database's.
pub async fn describe(conn: &mut Conn, table: &ItemsTable) -> Result<Catalog, StoreError> {
    let doing = "reading what the items table is like";
    let of_table = format!("WHERE `table_schema` = DATABASE() AND `table_name` = {}", table.literal());
    let sql = format!(
        "SELECT `column_name`, `data_type`, `column_type`, `is_nullable` = 'YES', `character_maximum_length`, \
           `character_set_name`, `column_comment` \
         FROM `information_schema`.`columns` {of_table} ORDER BY `ordinal_position`; \
         SELECT `index_name`, `column_name` FROM `information_schema`.`statistics` {of_table} \
         ORDER BY `index_name`, `seq_in_index`; \
         SELECT VERSION()"
    );
    let mut results = conn.query_iter(sql).await.doing(doing)?;
    let columns = results.collect::<Row>().await.doing(doing)?;
    let columns = columns.into_iter().map(column).collect::<Result<_, _>>().doing(doing)?;
    let mut keys: Vec<Key> = Vec::new();
    // A part that is an expression has no column.
    for (name, column) in results.collect::<(String, Option<String>)>().await.doing(doing)? {
        let column = column.unwrap_or_default();
        match keys.last_mut().filter(|key| key.name == name) {
            Some(key) => key.columns.push(column),
            None => keys.push(Key { name, columns: vec![column] }),
        }
    }
    let version: Vec<String> = results.collect().await.doing(doing)?;
    results.drop_result().await.doing(doing)?;
    Ok(Catalog { columns, keys, is_mariadb: version.iter().any(|version| version.contains("MariaDB")) })
}

fn column(row: Row) -> mysql_async::Result<Column> {
    let (name, data_type, full_type, is_nullable, length, charset, comment) =
        mysql_async::from_row_opt(row).map_err(|error| mysql_async::Error::Other(error.into()))?;
    Ok(Column { name, data_type, full_type, is_nullable, length, charset, comment })
}
