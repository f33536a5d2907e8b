//! Making the tables: the plain SQL of `infra/migrations`, applied in order. Then the grants on
//! them, those of `infra/grants.sql` and `infra/grants-reader.sql`.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, params};

use super::altering::{self, Step};
use super::codes::Meaning;
use super::inventory::{Inventory, Made};
use super::logins::name_and_host;
use super::migrations::{MIGRATIONS, OF_THE_ITEMS, made_by};
use super::row::column;
use super::statement::Statement;
use super::{Doing, StoreError, catalog};
use crate::config::{ColumnName, ItemsTable, OWN_VIEW, Rows};

/// The comment of the column that the migrations add, by which it is known as rowscore's.
pub const RUN_COLUMN_COMMENT: &str = altering::RUN_COLUMN_COMMENT;

/// Makes an empty database.
///
/// # Errors
/// The account may not.
pub async fn create_database(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    let quoted = name.replace('`', "``");
    conn.query_drop(format!("CREATE DATABASE IF NOT EXISTS `{quoted}`")).await.doing("making the database")
}

/// Makes what is missing, for the table `items`: idempotent, and safe on a live table. A table
/// with other columns than the default ones is the user's own, which is not made, and one that is only read is left
/// as it is. Answers what was made, and how long it took.
///
/// # Errors
/// A migration that the server refuses, or there is no such table of the user's, or its engine has no transactions.
pub async fn migrate(conn: &mut Conn, items: &ItemsTable) -> Result<Vec<(Made, Duration)>, StoreError> {
    let catalog = catalog::describe(items).ask(conn).await?;
    if !items.has_default_columns() && catalog.columns.is_empty() {
        return Err(StoreError::Unexpected(format!(
            "there is no table {}, and rowscore makes none with other columns than its own: make it, \
             or unset the variables that name its columns",
            items.quoted()
        )));
    }
    if let Some(kept) = catalog.without_transactions.iter().find(|kept| !kept.is_own()) {
        let (table, engine) = (kept.quoted(), &kept.engine);
        return Err(StoreError::Unexpected(format!(
            "the engine {engine} of the table {table} has no transactions, so that nothing could be taken back; \
             accepted: InnoDB; ALTER TABLE {table} ENGINE=InnoDB makes it one"
        )));
    }
    let variables = params! {
        "items" => items.as_str(), "id" => items.key.to_string(), "window" => items.window_key(),
        "created" => items.created.as_str(), "run" => items.run.column().map_or("", ColumnName::as_str),
    };
    // A query is no table, whatever it is called.
    let is_left_alone = items.target.scores().is_some() && (!catalog.columns.is_empty() || !items.source.is_table());
    let sql = "SET @items = :items, @id = :id, @window_key = :window, @created = :created, @run = :run";
    conn.exec_drop(sql, variables).await.doing("naming the items table")?;
    let (mut made, mut before) = (Vec::new(), Inventory::of(items).ask(conn).await?);
    let own = MIGRATIONS.into_iter().filter(|(name, _)| !(is_left_alone && *name == OF_THE_ITEMS));
    let steps = own.map(|(name, sql)| (name, Step::Sql(sql)));
    let scores = items.target.scores().map(|scores| ("score table", Step::Scores(scores)));
    for (name, step) in steps.chain(scores) {
        tracing::debug!(migration = name, "applying");
        let (begun, makes_any) = (Instant::now(), step.makes_any(&before));
        step.take(conn, items).await?;
        if !makes_any {
            continue;
        }
        let (took, now) = (begun.elapsed(), Inventory::of(items).ask(conn).await?);
        for part in now.since(&before) {
            // What a new table gains at once belongs to it.
            let is_of_new = made.iter().any(|(new, _)| matches!(new, Made::Table(name) if *name == part.table()));
            if !is_of_new {
                made.push((part, took));
            }
        }
        before = now;
    }
    Ok(made)
}

impl Step<'_> {
    /// Whether it may make something that is not there yet. What is there is not looked at again after each step: a new
    /// database has most of it after the first ones.
    fn makes_any(&self, there: &Inventory) -> bool {
        match self {
            Self::Scores(_) => true,
            Self::Sql(sql) => {
                let makes_view = sql.contains(&format!("VIEW `{OWN_VIEW}`")) && !there.has(OWN_VIEW, None);
                let of_items = sql.contains("@items");
                of_items
                    || makes_view
                    || made_by(sql).iter().any(|part| !there.has(&part.table, part.column.as_deref()))
            }
        }
    }
}

/// Grants `login`, which exists, what rowscore needs of its tables and of `items`, and nothing else:
/// idempotent. It is a name, for the host `%`, or `NAME@HOST`.
///
/// # Errors
/// The account may not, or there is no such login.
pub async fn grant(conn: &mut Conn, items: &ItemsTable, login: &str) -> Result<(), StoreError> {
    let written: Vec<_> = items.written().into_iter().map(|(_, column)| column).collect();
    let variables = params! {
        "items" => items.as_str(), "read" => read_columns(items), "written" => quoted(&written),
        "scores" => scores_name(items), "source" => source_name(items),
    };
    let sql = "SET @items = :items, @read = :read, @written = :written, @scores = :scores, @source = :source";
    conn.exec_drop(sql, variables).await.doing("naming the columns")?;
    grant_to(conn, login, include_str!("../../infra/grants.sql"), "granting what the login needs").await
}

/// Grants `login`, which exists, what reading results needs, and nothing else: idempotent. It is named as for
/// [`grant`].
///
/// # Errors
/// The account may not, or there is no such login.
pub async fn grant_reader(conn: &mut Conn, items: &ItemsTable, login: &str) -> Result<(), StoreError> {
    let variables = params! {
        "items" => items.as_str(), "read" => read_columns(items), "scores" => scores_name(items),
        "source" => source_name(items),
    };
    let sql = "SET @items = :items, @read = :read, @scores = :scores, @source = :source";
    conn.exec_drop(sql, variables).await.doing("naming the columns")?;
    grant_to(conn, login, include_str!("../../infra/grants-reader.sql"), "granting what the reader needs").await
}

/// Looks whether there is such a login, before anything is made for one whose name is a slip. Where nobody may look, or there
/// is nothing to be seen, the grant itself tells.
///
/// # Errors
/// There is none, with what to do about it.
pub async fn find_login(conn: &mut Conn, login: &str) -> Result<(), StoreError> {
    let (name, host) = name_and_host(login);
    match hosts(name).ask(conn).await {
        Ok(known) if !known.iter().any(|known| known.eq_ignore_ascii_case(host)) => {
            Err(no_login("looking for the login", (name, host), &known))
        }
        _ => Ok(()),
    }
}

async fn grant_to(conn: &mut Conn, login: &str, sql: &str, doing: &'static str) -> Result<(), StoreError> {
    let (name, host) = name_and_host(login);
    let variables = params! { "login" => name, "host" => host };
    conn.exec_drop("SET @login = :login, @login_host = :host", variables).await.doing("naming the login")?;
    match conn.query_drop(sql).await.doing(doing) {
        Err(error) if error.means(Meaning::NoLogin) => {
            let known = hosts(name).ask(conn).await.unwrap_or_default();
            Err(no_login(doing, (name, host), &known))
        }
        granted => granted,
    }
}

fn no_login(doing: &str, (name, host): (&str, &str), known: &[String]) -> StoreError {
    let advice = match known.first() {
        Some(first) => format!("the name is known at {}: say {name}@{first}", known.join(", ")),
        None => "make it with CREATE USER first, as infra/grants.sql shows, or name it as NAME@HOST".to_owned(),
    };
    StoreError::Unexpected(format!("{doing}: there is no login `{name}`@`{host}`; {advice}"))
}

/// The hosts of the logins of a name. Whoever may not look finds none.
fn hosts(name: &str) -> Statement<Vec<String>> {
    let sql = "SELECT `Host` AS `host` FROM `mysql`.`user` WHERE `User` = :name ORDER BY `Host`";
    Statement::all("looking for logins", sql, params! { "name" => name }, |row| column(row, "host"))
}

/// The name of the score table; empty: there is none.
fn scores_name(items: &ItemsTable) -> &str {
    items.target.scores().map_or("", |scores| scores.name.as_str())
}

/// What of the source is read, as the files of grants know it.
fn source_name(items: &ItemsTable) -> &'static str {
    match (&items.source.rows, items.source.is_table()) {
        (Rows::Query(_), _) => "query",
        (_, true) => "columns",
        // A condition may be about any column, and of a view's columns some servers want the rest, too.
        (_, false) => "whole",
    }
}

/// The columns that are read, as SQL.
fn read_columns(items: &ItemsTable) -> String {
    let mut columns: Vec<&ColumnName> = Vec::new();
    for (_, column) in items.columns() {
        // A column of the key may be more than that.
        if !columns.iter().any(|known| known.is(column.as_str())) {
            columns.push(column);
        }
    }
    quoted(&columns)
}

fn quoted(columns: &[&ColumnName]) -> String {
    columns.iter().map(|name| name.quoted()).collect::<Vec<_>>().join(", ")
}
