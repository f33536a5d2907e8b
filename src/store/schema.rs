//! Making the tables: the plain SQL of `infra/migrations`, applied in order. Then the grants on
//! them, that of `infra/grants.sql`.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, params};

use super::{Doing, StoreError};
use crate::config::TableName;

/// Every migration by name, in order. Each may be applied again at any time.
const MIGRATIONS: [(&str, &str); 4] = [
    ("0001_items.sql", include_str!("../../infra/migrations/0001_items.sql")),
    ("0002_runs.sql", include_str!("../../infra/migrations/0002_runs.sql")),
    ("0003_backfill.sql", include_str!("../../infra/migrations/0003_backfill.sql")),
    ("0004_watch.sql", include_str!("../../infra/migrations/0004_watch.sql")),
];

/// Makes an empty database.
///
/// # Errors
/// The account may not.
pub async fn create_database(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    let quoted = name.replace('`', "``");
    conn.query_drop(format!("CREATE DATABASE IF NOT EXISTS `{quoted}`")).await.doing("making the database")
}

/// Makes what is missing, for the table `items`: idempotent, and safe on a live table.
///
/// # Errors
/// A migration that the server refuses.
pub async fn migrate(conn: &mut Conn, items: &TableName) -> Result<(), StoreError> {
    conn.exec_drop("SET @items = :items", params! { "items" => items.as_str() })
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
pub async fn grant(conn: &mut Conn, items: &TableName, login: &str) -> Result<(), StoreError> {
    conn.exec_drop("SET @items = :items, @login = :login", params! { "items" => items.as_str(), "login" => login })
        .await
        .doing("naming the login")?;
    conn.query_drop(include_str!("../../infra/grants.sql")).await.doing("granting what the login needs")
}
