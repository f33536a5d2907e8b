//! Making something of tables that others use: in the way that costs them least, in short waits, and beside somebody who
//! makes the same.

use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::time::{Instant, sleep};

use super::codes::Meaning;
use super::migrations::made_by;
use super::settings::{LOCK_WAIT_OF_A_KEY_S, LOCK_WAIT_S};
use super::{Doing, StoreError, score_table};
use crate::config::{ItemsTable, ScoreTable};

/// The comment of the column that the migrations add, by which it is known as rowscore's.
pub(super) const RUN_COLUMN_COMMENT: &str = "the run that wrote the prediction";

/// How a column is added to a live table, the way that costs nothing first. Tables with a FULLTEXT key and
/// compressed ones do not take it.
const COLUMN_HOW: [&str; 2] = ["ALGORITHM=INSTANT", "ALGORITHM=INPLACE, LOCK=NONE"];

/// How long a table is tried to be had that others have. Each try waits as a session does, and what comes behind it waits
/// along: between two tries it goes on.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// How often somebody else may have made the same meanwhile. What is there by another name stays in the way.
const OVERTAKEN: u32 = 3;

const APPLYING: &str = "applying the migrations";

/// Something that makes what is missing.
#[derive(Clone, Copy)]
pub(super) enum Step<'s> {
    /// A migration.
    Sql(&'static str),
    /// The score table.
    Scores(&'s ScoreTable),
}

impl Step<'_> {
    /// Takes this step, again where somebody else has the table or was quicker: it looks first what is there.
    ///
    /// # Errors
    /// The server refuses it, or somebody else has the table for too long.
    pub(super) async fn take(self, conn: &mut Conn, items: &ItemsTable) -> Result<(), StoreError> {
        let (begun, mut overtaken) = (Instant::now(), 0);
        loop {
            match self.try_once(conn, items).await {
                Err(error) if error.means(Meaning::Locked) && begun.elapsed() < PATIENCE => {
                    tracing::info!(%error, "somebody else has the table; trying again");
                    sleep(PAUSE).await;
                }
                Err(error) if error.means(Meaning::Locked) => return Err(self.kept_waiting(&error, items)),
                Err(error) if error.means(Meaning::There) && overtaken < OVERTAKEN => overtaken += 1,
                taken => return taken,
            }
        }
    }

    async fn try_once(self, conn: &mut Conn, items: &ItemsTable) -> Result<(), StoreError> {
        match self {
            Self::Sql(sql) if sql.contains("@column_how") => apply_online(conn, items, sql).await,
            Self::Sql(sql) => conn.query_drop(sql).await.doing(APPLYING),
            Self::Scores(scores) => score_table::make(conn, items, scores).await,
        }
    }

    fn kept_waiting(self, error: &StoreError, items: &ItemsTable) -> StoreError {
        let of_its_own = |sql| made_by(sql).first().map(|part| format!("`{}`", part.table));
        let table = match self {
            Self::Scores(scores) => scores.name.quoted(),
            Self::Sql(sql) if sql.contains("@items") => items.quoted(),
            Self::Sql(sql) => of_its_own(sql).unwrap_or_else(|| "`batch_runs`".to_owned()),
        };
        StoreError::Unexpected(format!(
            "{error}: an open transaction has used the table {table} for more than {} s, as a dump or a report does; wait until \
             it is over, or look for it with SHOW PROCESSLIST and end it, then call this again: what is made by now stays",
            PATIENCE.as_secs()
        ))
    }
}

/// Applies a migration, adding a column in the cheapest way that the table takes.
async fn apply_online(conn: &mut Conn, items: &ItemsTable, sql: &str) -> Result<(), StoreError> {
    let mut reason = String::new();
    for how in COLUMN_HOW {
        let waits = format!("SET SESSION lock_wait_timeout = {LOCK_WAIT_S}; SET @key_wait = {LOCK_WAIT_OF_A_KEY_S}");
        let sql = format!("{waits}; SET @column_how = '{how}'; {sql}");
        match conn.query_drop(sql).await.doing(APPLYING) {
            Err(error) if error.means(Meaning::NotOnline) => {
                tracing::debug!(%error, how, "the table does not take it so");
                reason = error.to_string();
            }
            applied => return applied,
        }
    }
    let run = items
        .run
        .column()
        .map(|run| format!("ADD COLUMN {} BIGINT UNSIGNED NULL COMMENT '{RUN_COLUMN_COMMENT}', ", run.quoted()));
    let (table, key) = (items.quoted(), items.window_key());
    Err(StoreError::Unexpected(format!(
        "the server does not change the table {table} while others write to it, as one with a FULLTEXT or a SPATIAL key or with \
         a history ({reason}): run ALTER TABLE {table} {}ADD KEY ({key}) when nobody has to (leave out \
         what there is already), then `rowscore init` again; or set RUN_COLUMN=none, which needs no column",
        run.unwrap_or_default()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrations::MIGRATIONS;

    #[test]
    fn whoever_gives_up_names_the_table_what_has_it_and_what_to_do() {
        let items = ItemsTable::from_variables(|name| (name == "ITEMS_TABLE").then(|| "orders".to_owned())).unwrap();
        let of = |number: usize| {
            Step::Sql(MIGRATIONS[number].1).kept_waiting(&StoreError::Unexpected("why".into()), &items).to_string()
        };
        for (number, table) in [(0, "`orders`"), (1, "`batch_runs`")] {
            let said = of(number);
            assert!(
                said.starts_with(&format!("why: an open transaction has used the table {table} for more")),
                "{said}"
            );
            assert!(said.contains("then call this again"), "{said}");
        }
    }
}
