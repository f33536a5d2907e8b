//! What every command about the database begins with: the configuration, and a way to the database.

use mysql_async::Conn;
use rowscore::config::{Config, ConfigError, ItemsTable};
use rowscore::store::session::{Session, WorkError};
use rowscore::store::{Database, StoreError};

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

    pub(crate) fn table(&self) -> &ItemsTable {
        self.database.items_table()
    }

    /// The table, with what the server says of its key.
    pub(crate) async fn look(&self) -> Result<&ItemsTable, StoreError> {
        self.ask(async |conn| self.database.look_at_table(conn).await).await?;
        Ok(self.table())
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
