//! Making what is missing, and noting each thing that was made.

use std::fmt::Display;
use std::time::Instant;

use mysql_async::Conn;

use super::SetUpError;
use super::told;
use crate::config::{Config, ItemsTable};
use crate::hop::{self, Fit, HopError, Means};
use crate::model::Model;
use crate::store::jobs::{self, JobState};
use crate::store::logins::{self, NewLogin};
use crate::store::{Database, StoreError, catalog, inventory, schema};

/// Tables that are named to whom there is no table of the wanted name.
const NAMED: u32 = 10;

/// What is not there, and is made only if somebody wants it: its name might be a slip.
#[derive(Clone, Debug)]
pub struct Missing {
    /// That it is not there, and what there is.
    pub said: String,
    /// What to check, if nobody wants it.
    pub check: &'static str,
}

/// Which logins are allowed what; each is NAME, or NAME@HOST as the server has it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grants<'g> {
    /// What rowscore needs.
    pub scorer: Option<&'g str>,
    /// Reading results.
    pub reader: Option<&'g str>,
}

/// What a login is allowed.
#[derive(Clone, Copy)]
enum Right {
    Score,
    Read,
}

impl Right {
    async fn grant(self, conn: &mut Conn, table: &ItemsTable, login: &str) -> Result<(), StoreError> {
        match self {
            Self::Score => schema::grant(conn, table, login).await,
            Self::Read => schema::grant_reader(conn, table, login).await,
        }
    }

    fn said(self) -> &'static str {
        match self {
            Self::Score => "do what rowscore needs",
            Self::Read => "read results",
        }
    }
}

/// Where things are made, what of them is wanted, and what was made so far, in sentences.
pub struct Site<'s> {
    /// Its `work` is the job's.
    pub config: &'s Config,
    /// For somebody who may make tables.
    pub database: &'s Database,
    /// Whether a database or a table that is not there is to be made; if not, why not.
    pub consent: &'s (dyn Fn(&Missing) -> Result<(), String> + Sync),
    /// What was made.
    pub done: Vec<String>,
}

impl Site<'_> {
    fn table(&self) -> &ItemsTable {
        self.database.items_table()
    }

    /// Connects. Makes the database first, where there is none of the name and somebody wants it.
    ///
    /// # Errors
    /// It cannot be reached, or is not there and not wanted.
    pub async fn connect(&mut self) -> Result<Conn, SetUpError> {
        match self.database.connect().await {
            Err(error) if error.lacks_database() => {
                let mysql = &self.config.mysql;
                let said = format!("there is no database `{}` on {}:{}", mysql.database, mysql.server, mysql.port);
                self.wanted(Missing { said, check: "check MYSQL_DATABASE" })?;
                let begun = Instant::now();
                let conn = self.database.connect_or_create().await?;
                self.done.push(format!("Created database `{}` in {}.", mysql.database, told::took(begun.elapsed())));
                Ok(conn)
            }
            connected => Ok(connected?),
        }
    }

    /// Makes the tables and what a table of the user's lacks, if that is the one which is meant.
    ///
    /// # Errors
    /// It is not, or the server refuses something.
    pub async fn make_tables(&mut self, conn: &mut Conn, model: &Model) -> Result<Fit, SetUpError> {
        let table = self.table();
        let is_made = table.has_default_columns() && catalog::describe(table).ask(conn).await?.columns.is_empty();
        // Before anything is added to a table that is not the one which is meant.
        if is_made {
            hop::check_scores_before_making(conn, table, model).await?;
            // Who wants a new database wants what is in it.
            if self.done.is_empty() {
                self.may_make_items(conn).await?;
                // Whoever is asked may think for longer than a server keeps a connection on which nothing is said.
                *conn = self.database.connect().await?;
            }
        } else {
            hop::check_before_making(conn, table, model).await?;
        }
        let made = schema::migrate(conn, self.table()).await?;
        self.done.extend(made.iter().map(|(made, took)| told::made(made, *took)));
        let fit = hop::check_columns(conn, self.table(), model).await?;
        // A table that was made just now has none.
        hop::check_truth(conn, self.table()).await?;
        let before = if self.done.is_empty() { "Nothing was missing. " } else { "" };
        let database = &self.config.mysql.database;
        self.done.push(format!("{before}The tables are in place in database `{database}`."));
        Ok(fit)
    }

    /// Makes a login that may do nothing yet, unless there is one of that name.
    ///
    /// # Errors
    /// The server refuses it.
    pub async fn make_login(&mut self, conn: &mut Conn, wanted: &NewLogin<'_>) -> Result<(), SetUpError> {
        let made = logins::make(conn, wanted).await?;
        self.done.push(told::login(wanted.login, &made, wanted.proof));
        Ok(())
    }

    /// Allows logins that exist what they need of the table, and of the tables of jobs that were described. Answers of which
    /// jobs that could not be done: what is wrong with one is no matter of the others.
    ///
    /// # Errors
    /// There is no such login, or the account may not.
    pub async fn grant(&mut self, conn: &mut Conn, grants: Grants<'_>) -> Result<Vec<String>, SetUpError> {
        let wanted = [(Right::Score, grants.scorer), (Right::Read, grants.reader)];
        let wanted: Vec<(Right, &str)> =
            wanted.into_iter().filter_map(|(right, login)| Some((right, login?))).collect();
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let (mut of_jobs, mut left_out) = self.tables_of_jobs(conn).await?;
        let by_hand = told::by_hand(self.table());
        let mut done = Vec::new();
        for (right, login) in wanted {
            right.grant(conn, self.table(), login).await?;
            let mut granted = Vec::new();
            for table in of_jobs {
                match right.grant(conn, &table, login).await {
                    Ok(()) => granted.push(table),
                    Err(error) => left_out.push(told::not_granted(&table.job, &error)),
                }
            }
            of_jobs = granted;
            let (also, may) = (told::also(&of_jobs), right.said());
            done.push(format!("Login `{login}` may {may}{also}, and nothing else.{by_hand}"));
        }
        self.done.extend(done);
        Ok(left_out)
    }

    /// What is to be minded: of the table, and if no run would be opened with this model.
    ///
    /// # Errors
    /// The server cannot be asked.
    pub async fn notices(&self, conn: &mut Conn, model: &Model, fit: &Fit) -> Result<Vec<String>, SetUpError> {
        let mut notices: Vec<String> =
            fit.local_time.iter().map(|notice| format!("Mind the time: {notice}.")).collect();
        let means = Means { database: self.database, work: &self.config.work, model, challenger: None };
        match hop::check_use(conn, means).await {
            Ok(_) => {}
            Err(HopError::Unfit(unfit)) => notices.push(format!("Mind the model: {}.", unfit.problems.join("; "))),
            Err(error) => return Err(error.into()),
        }
        notices.extend(fit.unknown.iter().map(|unknown| format!("Not checked: {unknown}.")));
        Ok(notices)
    }

    /// The tables of the jobs that were described, and of which jobs there is none that could be granted: `rowscore apply`
    /// has seen to what is in them, but somebody else may have changed that since.
    async fn tables_of_jobs(&self, conn: &mut Conn) -> Result<(Vec<ItemsTable>, Vec<String>), SetUpError> {
        let rows = jobs::known(conn).await?;
        let (mut tables, mut left_out) = (Vec::new(), Vec::new());
        for row in rows.iter().filter(|row| row.state != JobState::Removed && !row.settings.name.is_default()) {
            let mut leave_out = |why: &dyn Display| left_out.push(told::not_granted(&row.settings.name, why));
            match self.config.of_job(&row.settings).map(|work| work.items_table) {
                Ok(table) => match catalog::describe(&table).ask(conn).await {
                    Ok(found) if found.columns.is_empty() => {
                        leave_out(&format!("there is no table {}", table.quoted()));
                    }
                    Ok(_) => tables.push(table),
                    Err(error) => leave_out(&error),
                },
                Err(error) => leave_out(&error),
            }
        }
        Ok((tables, left_out))
    }

    /// An items table, which is not there, is made only if somebody wants it.
    async fn may_make_items(&self, conn: &mut Conn) -> Result<(), SetUpError> {
        let (table, database) = (self.table(), &self.config.mysql.database);
        let others: Vec<String> =
            inventory::tables(NAMED).ask(conn).await?.iter().map(|name| format!("`{name}`")).collect();
        let others = if others.is_empty() { String::new() } else { format!(", but {}", others.join(", ")) };
        let said = format!("there is no table {} in database `{database}`{others}", table.quoted());
        self.wanted(Missing { said, check: "check ITEMS_TABLE" })
    }

    fn wanted(&self, missing: Missing) -> Result<(), SetUpError> {
        (self.consent)(&missing).map_err(SetUpError::Unwanted)
    }
}
