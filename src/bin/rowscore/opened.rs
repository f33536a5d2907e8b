//! What every command about the database begins with: the configuration, a way to the database, and the job that is
//! meant.

use std::error::Error;

use mysql_async::Conn;
use rowscore::config::{Config, ConfigError, ItemsTable, JobName, TableName};
use rowscore::hop::{Job, Jobs, has_jobs, unknown};
use rowscore::run::RunId;
use rowscore::store::jobs::{self, JobRow, JobState};
use rowscore::store::session::{Session, WorkError};
use rowscore::store::{Database, StoreError};
use rowscore::words;

/// The configuration and the database that it names, for one job.
pub(crate) struct Opened {
    /// Its `work` is the job's.
    pub config: Config,
    pub database: Database,
}

impl Opened {
    /// The job of the variables. Reads the environment, and opens no connection.
    pub(crate) async fn from_env() -> Result<Self, ConfigError> {
        let jobs = Jobs::new(Config::from_env()?).await;
        Ok(Self::at(&jobs, jobs.of_variables()))
    }

    /// The job of this name; `None`: that of the variables, unless others were described and it is none of them.
    pub(crate) async fn of(job: Option<&JobName>) -> Result<Self, Box<dyn Error>> {
        let jobs = Jobs::new(Config::from_env()?).await;
        let by_variables = Self::at(&jobs, jobs.of_variables());
        if job.is_some_and(JobName::is_default) {
            return Ok(by_variables);
        }
        let rows = by_variables.ask(async |conn| jobs::known(conn).await).await?;
        let described = || rows.iter().filter(|row| row.state != JobState::Removed);
        let Some(name) = job else {
            let is_one = !has_jobs(&rows) || described().any(|row| row.settings.name.is_default());
            return if is_one { Ok(by_variables) } else { Err(several(described()).into()) };
        };
        // Also one that was removed: its runs are there.
        let row = rows.iter().find(|row| row.settings.name == *name).ok_or_else(|| unknown(name, &rows))?;
        Ok(Self::at(&jobs, &*jobs.job(row)?))
    }

    /// The job whose run that is, over the run's own table; or that of the variables, whose it is not either then.
    pub(crate) async fn of_run(run: RunId) -> Result<Self, Box<dyn Error>> {
        let by_variables = Self::from_env().await?;
        match by_variables.ask(async |conn| jobs::of_run(run).ask(conn).await).await? {
            Some((job, table)) if !job.is_default() => Ok(Self::of(Some(&job)).await?.over(table)),
            _ => Ok(by_variables),
        }
    }

    /// The same over the table of this name, which the job may have left.
    fn over(mut self, table: TableName) -> Self {
        if table != self.config.work.items_table.name {
            self.config.work.items_table.name = table;
            self.database = self.database.with_items(&self.config.work.items_table);
        }
        self
    }

    /// The same for a job at hand.
    pub(crate) fn at(jobs: &Jobs, job: &Job) -> Self {
        let mut config = jobs.config().clone();
        config.work = job.work.clone();
        Self { config, database: job.database.clone() }
    }

    pub(crate) fn table(&self) -> &ItemsTable {
        self.database.items_table()
    }

    /// The table, with what the server says of its key.
    pub(crate) async fn look(&self) -> Result<&ItemsTable, StoreError> {
        self.ask(async |conn| self.database.look_at_table(conn).await).await?;
        Ok(self.table())
    }

    /// A sentence with commands in it, which are meant for this job.
    pub(crate) fn said(&self, text: &str) -> String {
        words::of_job(text, self.table().job.as_str())
    }

    /// A session for somebody who waits: what fails is not tried again.
    pub(crate) fn session(&self) -> Session {
        Session::at_once(&self.database)
    }

    /// Does one piece of work on a connection of its own.
    pub(crate) async fn ask<T, E: WorkError>(&self, work: impl AsyncFnMut(&mut Conn) -> Result<T, E>) -> Result<T, E> {
        let mut session = self.session();
        let done = session.run(work).await;
        session.close().await;
        done
    }
}

/// Jobs that an error names.
const NAMED: usize = 20;

fn several<'r>(described: impl Iterator<Item = &'r JobRow>) -> String {
    let mut names: Vec<&str> = described.map(|row| row.settings.name.as_str()).collect();
    let more = if names.len() > NAMED { ", …" } else { "" };
    names.truncate(NAMED);
    format!("say which job is meant: {}{more}; `rowscore jobs` shows how each stands", names.join(", "))
}
