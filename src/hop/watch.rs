//! What a hop tells about its run beside the work: how old the oldest item is, what it took, and
//! whether it will be late.

use super::forecast::Forecast;
use super::{Hop, Relay};
use crate::run::RunId;
use crate::store::runs::Run;
use crate::store::session::Session;
use crate::store::statement::Statement;
use crate::store::{StoreError, counts, lanes, record};

impl<R: Relay> Hop<'_, R> {
    /// What is needed to say when a run will be done, if it has a deadline.
    pub(super) async fn forecast(&self, session: &mut Session, run: &Run) -> Result<Option<Forecast>, StoreError> {
        if run.deadline.is_none() {
            return Ok(None);
        }
        let read = || lanes::totals(run.id).and(lanes::unfinished_workers(run.id));
        let (totals, workers) = session.ask(read).await?;
        Ok(Forecast::new(run, &totals, workers.len(), self.deadline))
    }

    /// Age of the oldest item of the run's window that is pending; `None`: not found in time.
    pub(super) async fn oldest_pending(&self, session: &mut Session, run: &Run) -> Result<Option<u64>, StoreError> {
        let Some(now) = self.deadline.now() else { return Ok(None) };
        let (table, features) = (self.database.items_table(), self.model.features());
        session.run(async |conn| counts::oldest_pending(conn, table, run.window, features, now).await).await
    }

    /// Adds what the hop took so far to the run: all but the last words, and Lambda's own start.
    pub(super) fn add_billed(&self, id: RunId) -> Statement<()> {
        let milliseconds = self.deadline.elapsed().as_secs_f64() * 1e3;
        record::add_billed(id, milliseconds.ceil() as u64, self.work.memory_mb)
    }
}
