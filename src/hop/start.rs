//! The begin of a hop, whoever's it is: on the way to the database, and told what time it is.

use super::clock::{Began, Clock};
use crate::store::jobs::{self, JobRow};
use crate::store::session::Session;
use crate::store::{Database, StoreError, clock};

/// A hop that has begun, and connected.
#[derive(Debug)]
pub struct Start {
    /// Its own session.
    pub(super) session: Session,
    /// When it began, by the clock that decides: the database's, unless the hop is told.
    pub(super) began: Began,
}

impl Start {
    /// Begins. Whoever is refused is refused here once, not on each connection.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn new(database: &Database, clock: Clock) -> Result<Self, StoreError> {
        let mut session = Session::new(database).until(clock.gives_up_at());
        let began = match clock.told() {
            Some(began) => session.connect().await.map(|()| began)?,
            None => session.ask(clock::present).await.map(Began::now)?,
        };
        Ok(Self { session, began })
    }

    /// The same, and in the same round trip, the jobs. Where there is no table of them, there are none: a database that
    /// `rowscore init` did not see yet says so later, as ever.
    pub(super) async fn with_jobs(database: &Database, clock: Clock) -> Result<(Self, Vec<JobRow>), StoreError> {
        let mut session = Session::new(database).until(clock.gives_up_at());
        let read = async |conn: &mut _| match clock::present().and(jobs::all()).ask(conn).await {
            Err(error) if error.lacks_table() && !database.was_at_work() => {
                Ok((clock::present().ask(conn).await?, Vec::new()))
            }
            read => read,
        };
        let (now, rows) = session.run(read).await?;
        Ok((Self { session, began: clock.told().unwrap_or_else(|| Began::now(now)) }, rows))
    }

    /// Goes no further: ends the connection.
    pub async fn close(mut self) {
        self.session.close().await;
    }
}
