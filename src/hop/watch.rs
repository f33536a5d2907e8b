//! What a hop tells about its run beside the work: how old the oldest item is, what it took, and
//! whether it will be late.

use mysql_async::Conn;

use super::forecast::Forecast;
use super::{Deadline, Relay, Runner};
use crate::run::RunId;
use crate::store::runs::Run;
use crate::store::session::Session;
use crate::store::{StoreError, counts, lanes, record};

impl<R: Relay> Runner<'_, R> {
    /// What is needed to say when a run will be done, if it has a deadline.
    pub(super) async fn forecast(
        &self,
        session: &mut Session<'_>,
        run: &Run,
        deadline: Deadline,
    ) -> Result<Option<Forecast>, StoreError> {
        if run.deadline.is_none() {
            return Ok(None);
        }
        let read = async |conn: &mut Conn| {
            Ok((lanes::totals(conn, run.id).await?, lanes::unfinished_workers(conn, run.id).await?.len()))
        };
        let (totals, workers) = session.run(read).await?;
        Ok(Forecast::new(run, &totals, workers, deadline))
    }

    /// Age of the oldest item of the run's window that is pending; `None`: not found in time.
    pub(super) async fn oldest_pending(
        &self,
        session: &mut Session<'_>,
        run: &Run,
        deadline: Deadline,
    ) -> Result<Option<u64>, StoreError> {
        let Some(now) = deadline.now() else { return Ok(None) };
        let (table, features) = (self.database.items_table(), self.model.features());
        session.run(async |conn| counts::oldest_pending(conn, table, run.window, features, now).await).await
    }

    /// Adds what the hop took so far to the run: all but the last words, and Lambda's own start.
    pub(super) async fn add_billed(
        &self,
        session: &mut Session<'_>,
        id: RunId,
        deadline: Deadline,
    ) -> Result<(), StoreError> {
        let milliseconds = deadline.elapsed().as_secs_f64() * 1e3;
        let memory_mb = self.work.memory_mb;
        session.run(async |conn| record::add_billed(conn, id, milliseconds.ceil() as u64, memory_mb).await).await
    }
}
