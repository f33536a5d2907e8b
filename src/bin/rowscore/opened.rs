//! What every command about the database begins with: the configuration, and a way to the database.

use std::error::Error;

use mysql_async::Conn;
use rowscore::config::{Config, ConfigError, ItemsTable};
use rowscore::store::Database;
use rowscore::store::session::{Session, WorkError};

/// The configuration and the database that it names.
pub(crate) struct Opened {
    pub config: Config,
    pub database: Database,
}

impl Opened {
    /// Reads the environment. Opens no connection.
    pub(crate) async fn from_env() -> Result<Self, ConfigError> {
        let config = Config::from_env()?;
        let database = Database::new(&config.mysql, &config.work.items_table).await;
        Ok(Self { config, database })
    }

    /// What the job of this name is made of.
    pub(crate) async fn of_job(name: &str) -> Result<Self, Box<dyn Error>> {
        let opened = Self::from_env().await?;
        let job = &opened.table().job;
        if job.as_str() == name {
            Ok(opened)
        } else {
            Err(format!("there is no job `{name}`; the variables describe the job `{job}`").into())
        }
    }

    pub(crate) fn table(&self) -> &ItemsTable {
        self.database.items_table()
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
