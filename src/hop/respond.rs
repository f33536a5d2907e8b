//! `respond`: the hop's answer, about a run as the database has it.

use std::mem::take;

use super::error::HopError;
use super::forecast;
use super::step::Step;
use super::under_way::Hop;
use crate::answer::{Answer, Outcome};
use crate::run::{Backfill, Counts, RunId, RunKind, RunState};
use crate::store::runs::{self, Run};
use crate::store::totals;

/// Answers how the hop ended. What it took is added to the run that it had a part in.
pub(super) async fn respond(hop: &mut Hop<'_>, run: Option<RunId>, outcome: Outcome) -> Result<Answer, HopError> {
    let Some(id) = run else { return Ok(Answer::without_run(outcome)) };
    let (table, bill) = (hop.means.table(), hop.bill(id));
    let read = || bill().then(runs::find(table, id)).and(totals::of(id));
    let (run, totals) = Step::Respond.perform(async || hop.session.ask(read).await).await?;
    let mut answer = Answer { run_id: Some(id), ..Answer::without_run(outcome) };
    if let Some(run) = run {
        answer.counts = totals.counts.of_items(run.items);
        answer.skipped = totals.skipped;
        let oldest = oldest_pending(hop, &run, outcome, answer.counts).await?;
        answer.oldest_pending_seconds = oldest.or(hop.done.oldest_pending_seconds);
        if run.kind == RunKind::Backfill {
            answer.backfill = Some(Backfill::new(run.mode, answer.counts.predicted, &totals.changes));
        }
        if run.state == RunState::Running {
            answer.forecast_spare_seconds = forecast::of_run(&run, &totals, hop.began.present());
        }
        answer = Answer { state: Some(run.state), kind: Some(run.kind), spare_seconds: run.spare_seconds, ..answer };
        if outcome != Outcome::Status {
            let part = hop.part(id, run.state);
            hop.done.earlier.push(part);
        }
    }
    answer.is_quality_missed = hop.done.is_quality_missed;
    answer.is_truth_missing = hop.done.is_truth_missing;
    let late = hop.done.forecast.as_ref().and_then(|forecast| forecast.judge(answer.forecast_spare_seconds?));
    if let Some(late) = late {
        hop.relay.will_be_late(&late);
    }
    answer.waiting = hop.done.waiting.take();
    answer.continuations = take(&mut hop.done.sent);
    let runs = take(&mut hop.done.earlier);
    Ok(answer.with_drift(hop.done.drift).with_work(runs, hop.clock.elapsed()))
}

/// Age of the run's oldest item that is pending when the run is over, or when somebody asks.
async fn oldest_pending(
    hop: &mut Hop<'_>,
    run: &Run,
    outcome: Outcome,
    counts: Counts,
) -> Result<Option<u64>, HopError> {
    if !matches!(run.kind, RunKind::Window | RunKind::Sweep) {
        return Ok(None);
    }
    match (outcome, counts.pending) {
        (Outcome::Finished | Outcome::NothingToDo | Outcome::Status, 0) => Ok(Some(0)),
        (Outcome::Finished | Outcome::Status, _) => {
            let (means, now) = (hop.means, hop.began.present());
            Ok(hop.session.run(async |conn| means.oldest_pending(conn, run.window, now).await).await?)
        }
        _ => Ok(None),
    }
}
