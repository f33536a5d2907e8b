//! The begin of a hop, whoever's it is: on the way to the database, told what time it is, and which models are used.

use mysql_async::Conn;

use super::clock::{Began, Clock};
use crate::config::ItemsTable;
use crate::model::ModelVersion;
use crate::store::jobs::{self, JobRow};
use crate::store::model_uses::{self, InUse};
use crate::store::session::Session;
use crate::store::statement::Statement;
use crate::store::{Database, StoreError, clock, used};

/// A hop that has begun, and connected.
#[derive(Debug)]
pub struct Start {
    /// Its own session.
    pub(super) session: Session,
    /// When it began, by the clock that decides: the database's, unless the hop is told.
    pub(super) began: Began,
    /// Which stored models are used, by its job and perhaps by others.
    in_use: Vec<InUse>,
}

impl Start {
    /// Begins. Whoever is refused is refused here once, not on each connection.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn new(database: &Database, clock: Clock) -> Result<Self, StoreError> {
        let mut session = Session::new(database).until(clock.gives_up_at());
        let present = || match clock.told() {
            Some(began) => Statement::nothing().map(move |()| began),
            None => clock::present().map(Began::now),
        };
        let of_job = || model_uses::in_use(database.items_table());
        let read = session.run(async |conn| used::beside(conn, database, present, of_job).await);
        let (began, in_use) = Box::pin(read).await?;
        Ok(Self { session, began, in_use })
    }

    /// The same, and in the same round trip, the jobs. Where there is no table of them, there are none: a database that
    /// `rowscore init` did not see yet says so later, as ever.
    pub(super) async fn with_jobs(database: &Database, clock: Clock) -> Result<(Self, Vec<JobRow>), StoreError> {
        let mut session = Session::new(database).until(clock.gives_up_at());
        let read = session.run(async |conn: &mut Conn| {
            let all = || clock::present().and(jobs::all());
            match used::beside(conn, database, all, model_uses::all_in_use).await {
                Err(error) if error.lacks_table() && !database.was_at_work() => {
                    let of_job = || model_uses::in_use(database.items_table());
                    let (now, in_use) = used::beside(conn, database, clock::present, of_job).await?;
                    Ok(((now, Vec::new()), in_use))
                }
                read => read,
            }
        });
        let ((now, rows), in_use) = Box::pin(read).await?;
        Ok((Self { session, began: clock.told().unwrap_or_else(|| Began::now(now)), in_use }, rows))
    }

    /// The version of the stored model that the job of a table uses.
    pub(super) fn version_of(&self, table: &ItemsTable) -> Option<ModelVersion> {
        self.in_use.iter().find(|used| used.is_of(table)).map(|used| used.version)
    }

    /// Goes no further: ends the connection.
    pub async fn close(mut self) {
        self.session.close().await;
    }
}
