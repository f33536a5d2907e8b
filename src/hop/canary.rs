//! The canary: what a run needs, tried out on golden rows, the model's own with known answers.
//! On the way the next run will take, with nothing of it kept.

use std::fmt::Display;

use mysql_async::{Conn, TxOpts};

use super::page::score_page;
use super::{Hop, HopError, Relay, drift};
use crate::answer::{Answer, Counts, Outcome};
use crate::config::PredictionFormat;
use crate::drift::Report;
use crate::event::{Continuation, Request};
use crate::model::Model;
use crate::run::{FailurePolicy, Mode, RunId, RunKind, RunState};
use crate::store::earlier::earlier;
use crate::store::pending::PendingItem;
use crate::store::predictions::{Predictions, most_probable};
use crate::store::runs::NewRun;
use crate::store::session::Session;
use crate::store::{Database, Doing, StoreError, failures, items, runs};
use crate::values::{Reason, ReasonCode};
use crate::window::{self, Time, Window};

/// The latest items whose distribution is compared with the training rows.
const RECENT_ITEMS: u32 = 1000;

/// A canary, as the database has it.
enum Found {
    /// Opened now, or by an invocation that vanished.
    Due(RunId),
    /// The tick's is over.
    Over(RunId),
}

impl<R: Relay> Hop<'_, R> {
    /// Tries everything out: the model's answers, the connection, the grants, a page that is
    /// written, read back and rolled back, and the queue.
    pub(super) async fn canary(&self, session: &mut Session, request: &Request) -> Result<Answer, HopError> {
        let Self { database, model, now, .. } = *self;
        self.check_table(session).await?;
        let found = session.run(async |conn| open(conn, database, model, request, now).await).await?;
        let id = match found {
            Found::Due(id) => id,
            Found::Over(id) => return self.respond(session, id, Outcome::NothingToDo).await,
        };
        let tried = self.try_out(session, id).await;
        let (state, why) = match &tried {
            Ok(_) => (RunState::Succeeded, None),
            Err(error) => (RunState::Failed, Some(error.to_string())),
        };
        session.ask(|| runs::finish(id, state, Counts::default(), why.as_deref())).await?;
        let recent = tried?;
        if let Some(recent) = &recent {
            drift::warn(id, recent);
        }
        let answer = self.respond_with(session, id, Outcome::Finished, 0).await?;
        Ok(answer.with_drift(recent.as_ref().map(Report::ratios).unwrap_or_default()))
    }

    /// Answers what the latest items look like.
    async fn try_out(&self, session: &mut Session, id: RunId) -> Result<Option<Report>, HopError> {
        let Self { database, model, relay, .. } = self;
        model.check_golden_rows().map_err(canary)?;
        let written = session.run(async |conn| write_and_roll_back(conn, database, model, id).await).await?;
        written.map_err(HopError::Canary)?;
        // It finds no lanes, and is dropped as stale.
        relay.send(&Continuation { run_id: id, worker: 0, hop: 1 }).await.map_err(HopError::Relay)?;
        Ok(session.run(async |conn| look_at_recent_items(conn, database, model, id).await).await?)
    }
}

fn canary(error: impl Display) -> HopError {
    HopError::Canary(error.to_string())
}

async fn open(
    conn: &mut Conn,
    database: &Database,
    model: &Model,
    request: &Request,
    now: Time,
) -> Result<Found, StoreError> {
    let (table, kind) = (database.items_table(), request.kind);
    // None is tried again: it failed for a reason.
    let earlier = earlier(table, kind, request.tick, 0, now).ask(conn).await?;
    if let Some(run) = earlier.of_tick {
        return Ok(if run.state == RunState::Running { Found::Due(run.id) } else { Found::Over(run.id) });
    }
    if let Some(run) = earlier.unfinished {
        return Ok(Found::Due(run.id));
    }
    let to = request.tick.unwrap_or_else(|| window::second(now));
    let new = NewRun {
        table,
        kind,
        mode: Mode::Write,
        tick: request.tick,
        window: Window { from: Some(to), to },
        chained: false,
        policy: FailurePolicy::Leave,
        model_version: &model.version().to_string(),
        lanes: 0,
        workers: 0,
        items: Some(0),
        now,
        deadline: None,
    };
    match runs::insert(&new).then(runs::opened()).ask(conn).await {
        // Somebody else opened it a moment ago.
        Err(error) if error.is_duplicate() => Box::pin(open(conn, database, model, request, now)).await,
        opened => opened.map(|run| Found::Due(run.id)),
    }
}

/// Compares the latest items, predicted or not, with the training rows. That they drift is no
/// failure: the next window will be scored all the same.
async fn look_at_recent_items(
    conn: &mut Conn,
    database: &Database,
    model: &Model,
    id: RunId,
) -> Result<Option<Report>, StoreError> {
    let table = database.items_table();
    let items = items::recent(conn, table, model.features(), RECENT_ITEMS).await?;
    let scored = score_page(model, table.decimals, &items);
    let earlier = drift::earlier(table, id, RunKind::Canary, model).ask(conn).await?;
    let seen = drift::report(scored.profile, model, &earlier);
    drift::keep(id, seen.as_ref())?.ask(conn).await?;
    Ok(seen)
}

/// Writes the golden answers over the latest items and reads them back, sets one item aside, and
/// rolls everything back. Answers what was not as it should be.
async fn write_and_roll_back(
    conn: &mut Conn,
    database: &Database,
    model: &Model,
    id: RunId,
) -> Result<Result<(), String>, StoreError> {
    let (table, golden) = (database.items_table(), &model.artifact().content.golden);
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("trying out a page")?;
    let ids = items::latest(&mut tx, table, golden.len()).await?;
    let mut page = Predictions {
        probabilities: golden.iter().take(ids.len()).flat_map(|row| row.probabilities.clone()).collect(),
        classes: model.classes(),
        ids,
    };
    if let Some(decimals) = table.decimals {
        decimals.round(&mut page.probabilities);
    }
    items::write(&mut tx, table, id, &page).await?;
    let read = items::predictions(&mut tx, table, &page.ids).await?;
    if let Some(&item) = page.ids.first() {
        let item = PendingItem { id: item, values: &[], prediction: None };
        let reason = Reason::new(ReasonCode::NotAnArray, "tried out by a canary");
        failures::set_aside(&mut tx, table, id, &[(item, reason)]).await?;
        failures::forget(&mut tx, table, &page.ids).await?;
    }
    tx.rollback().await.doing("rolling back what was tried out")?;
    Ok(compare(&page, &read, table.format))
}

fn compare(page: &Predictions<'_>, read: &[Option<String>], format: PredictionFormat) -> Result<(), String> {
    if read.len() != page.ids.len() {
        return Err(format!("{} predictions were written, {} read back", page.ids.len(), read.len()));
    }
    let bits = |row: &[f64]| row.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    for (written, read) in page.rows().zip(read) {
        let text = read.as_deref().unwrap_or("null");
        let (same, written) = match format {
            PredictionFormat::Probabilities => {
                let same = serde_json::from_str::<Vec<f64>>(text).is_ok_and(|read| bits(&read) == bits(written));
                (same, format!("{written:?}"))
            }
            PredictionFormat::Label => {
                let label = &page.classes[most_probable(written)];
                (read.as_ref() == Some(label), label.clone())
            }
        };
        if !same {
            return Err(format!("a prediction was written as {written} and read back as {text}"));
        }
    }
    Ok(())
}
