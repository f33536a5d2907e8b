//! Making the tables: the plain SQL of `infra/migrations`, applied in order. Then the grants on
//! them, those of `infra/grants.sql` and `infra/grants-reader.sql`.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, params};

use super::{Doing, StoreError, catalog};
use crate::config::{ColumnName, ItemsTable};

/// Every migration by name, in order. Each may be applied again at any time.
const MIGRATIONS: [(&str, &str); 6] = [
    ("0001_items.sql", include_str!("../../infra/migrations/0001_items.sql")),
    ("0002_runs.sql", include_str!("../../infra/migrations/0002_runs.sql")),
    ("0003_backfill.sql", include_str!("../../infra/migrations/0003_backfill.sql")),
    ("0004_watch.sql", include_str!("../../infra/migrations/0004_watch.sql")),
    ("0005_looks.sql", include_str!("../../infra/migrations/0005_looks.sql")),
    ("0006_history.sql", include_str!("../../infra/migrations/0006_history.sql")),
];

/// The comment of the column that the migrations add, by which it is known as rowscore's.
pub const RUN_COLUMN_COMMENT: &str = "the run that wrote the prediction";

/// Makes an empty database.
///
/// # Errors
/// The account may not.
pub async fn create_database(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    let quoted = name.replace('`', "``");
    conn.query_drop(format!("CREATE DATABASE IF NOT EXISTS `{quoted}`")).await.doing("making the database")
}

/// Makes what is missing, for the table `items`: idempotent, and safe on a live table. A table
/// with other columns than the default ones is the user's own, which is not made.
///
/// # Errors
/// A migration that the server refuses, or there is no such table of the user's.
pub async fn migrate(conn: &mut Conn, items: &ItemsTable) -> Result<(), StoreError> {
    if !items.has_default_columns() && catalog::describe(items).ask(conn).await?.columns.is_empty() {
        return Err(StoreError::Unexpected(format!(
            "there is no table `{}`, and rowscore makes none with other columns than its own: make it, \
             or unset the variables that name its columns",
            items.as_str()
        )));
    }
    let variables = params! {
        "items" => items.as_str(), "id" => items.id.as_str(), "created" => items.created.as_str(),
        "run" => items.run.column().map_or("", ColumnName::as_str),
    };
    conn.exec_drop("SET @items = :items, @id = :id, @created = :created, @run = :run", variables)
        .await
        .doing("naming the items table")?;
    for (name, sql) in MIGRATIONS {
        tracing::debug!(migration = name, "applying");
        conn.query_drop(sql).await.doing("applying the migrations")?;
    }
    Ok(())
}

/// Grants `login`, which exists, what rowscore needs of its tables and of `items`, and nothing else:
/// idempotent.
///
/// # Errors
/// The account may not, or there is no such login.
pub async fn grant(conn: &mut Conn, items: &ItemsTable, login: &str) -> Result<(), StoreError> {
    let written: Vec<_> = std::iter::once(&items.prediction).chain(items.run.column()).collect();
    let variables = params! {
        "items" => items.as_str(), "login" => login, "read" => read_columns(items), "written" => quoted(&written),
    };
    conn.exec_drop("SET @items = :items, @login = :login, @read = :read, @written = :written", variables)
        .await
        .doing("naming the login")?;
    conn.query_drop(include_str!("../../infra/grants.sql")).await.doing("granting what the login needs")
}

/// Grants `login`, which exists, what reading results needs, and nothing else: idempotent.
///
/// # Errors
/// The account may not, or there is no such login.
pub async fn grant_reader(conn: &mut Conn, items: &ItemsTable, login: &str) -> Result<(), StoreError> {
    let variables = params! { "items" => items.as_str(), "login" => login, "read" => read_columns(items) };
    conn.exec_drop("SET @items = :items, @login = :login, @read = :read", variables).await.doing("naming the login")?;
    conn.query_drop(include_str!("../../infra/grants-reader.sql")).await.doing("granting what the reader needs")
}

/// The columns that are read, as SQL.
fn read_columns(items: &ItemsTable) -> String {
    quoted(&items.columns().into_iter().map(|(_, column)| column).collect::<Vec<_>>())
}

fn quoted(columns: &[&ColumnName]) -> String {
    columns.iter().map(|name| name.quoted()).collect::<Vec<_>>().join(", ")
}
