//! `respond`: the answer about a run, as the database has it.

use super::end::pending;
use super::step::Step;
use super::{Hop, HopError, Relay, forecast};
use crate::answer::{Answer, Backfill, Counts, Outcome};
use crate::run::{RunId, RunKind, RunState};
use crate::store::session::Session;
use crate::store::statement::Statement;
use crate::store::{lanes, runs};

impl<R: Relay> Hop<'_, R> {
    /// How the last run stands.
    pub(super) async fn status(&self, session: &mut Session) -> Result<Answer, HopError> {
        let table = self.database.items_table();
        match session.run(async |conn| runs::latest(conn, table).await).await? {
            Some(run) => self.respond(session, run.id, Outcome::Status).await,
            None => Ok(Answer::without_run(Outcome::Status)),
        }
    }

    /// The answer of a hop that had no part in a run, as the database has the run now.
    pub(super) async fn respond(&self, session: &mut Session, id: RunId, outcome: Outcome) -> Result<Answer, HopError> {
        self.answer(session, id, outcome, None).await
    }

    /// The answer of a hop that had a part in a run, so many `rows`. What it took is added to the run's.
    pub(super) async fn respond_with(
        &self,
        session: &mut Session,
        id: RunId,
        outcome: Outcome,
        rows: u64,
    ) -> Result<Answer, HopError> {
        self.answer(session, id, outcome, Some(rows)).await
    }

    async fn answer(
        &self,
        session: &mut Session,
        id: RunId,
        outcome: Outcome,
        rows: Option<u64>,
    ) -> Result<Answer, HopError> {
        let table = self.database.items_table();
        let billed = || rows.map_or_else(Statement::nothing, |_| self.add_billed(id));
        let read = || billed().then(runs::find(table, id)).and(lanes::totals(id));
        let (run, totals) = Step::Respond.perform(async || session.ask(read).await).await?;
        let done = totals.counts.predicted + totals.counts.failed;
        let counts = Counts { pending: run.as_ref().map_or(0, |run| pending(run, done)), ..totals.counts };
        let running = run.as_ref().filter(|run| run.state == RunState::Running);
        let oldest_pending_seconds = match (&run, outcome, counts.pending) {
            (Some(run), _, _) if !matches!(run.kind, RunKind::Window | RunKind::Sweep) => None,
            (_, Outcome::Finished | Outcome::NothingToDo | Outcome::Status, 0) => Some(0),
            (Some(run), Outcome::Finished | Outcome::Status, _) => self.oldest_pending(session, run).await?,
            _ => None,
        };
        let backfill = run
            .as_ref()
            .filter(|run| run.kind == RunKind::Backfill)
            .map(|run| Backfill::new(run.mode, counts.predicted, &totals.changes));
        let answer = Answer {
            run_id: Some(id),
            backfill,
            state: run.as_ref().map(|run| run.state),
            counts,
            spare_seconds: run.as_ref().and_then(|run| run.spare_seconds),
            forecast_spare_seconds: running.and_then(|run| forecast::of_run(run, done, self.deadline)),
            oldest_pending_seconds,
            kind: run.as_ref().map(|run| run.kind),
            ..Answer::without_run(outcome)
        };
        Ok(answer.timed(self.deadline.elapsed(), rows.unwrap_or(0)))
    }
}
