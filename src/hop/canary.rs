//! The canary: what a run needs, tried out on golden rows, the model's own with known answers.
//! On the way the next run will take, with nothing of it kept.

use mysql_async::{Conn, TxOpts};

use super::check::check_table;
use super::drift;
use super::error::HopError;
use super::means::Means;
use super::next::Next;
use super::opening::Opening;
use super::page::score_page;
use super::terms::new_run;
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::config::PredictionFormat;
use crate::drift::Report;
use crate::event::Request;
use crate::run::{Counts, FailurePolicy, RunId, RunKind, RunState};
use crate::store::density::Density;
use crate::store::earlier::{Earlier, Ends, earlier};
use crate::store::lanes::Due;
use crate::store::pending::PendingItem;
use crate::store::predictions::Predictions;
use crate::store::runs::NewRun;
use crate::store::scores::{By, Onto, Stamp};
use crate::store::{Doing, StoreError, failures, items, runs};
use crate::values::{Reason, ReasonCode};
use crate::words;

/// The latest items whose distribution is compared with the training rows.
const RECENT_ITEMS: u32 = 1000;

/// A canary, as the database has it.
enum Found {
    /// Opened now, or by an invocation that vanished.
    Due(RunId),
    /// The tick's is over.
    Over(RunId),
}

/// Tries everything out: the model's answers, the connection, the grants, a page that is written, read
/// back and rolled back, and the queue.
pub(super) async fn try_out(hop: &mut Hop<'_>, request: &Request) -> Result<Next, HopError> {
    check_table(&mut hop.session, hop.means, request.kind).await?;
    let opening = Opening::of(hop);
    let id = match hop.session.run(async |conn| open(conn, opening, request).await).await? {
        Found::Due(id) => id,
        Found::Over(id) => return Ok(Next::Over(Some(id), Outcome::NothingToDo)),
    };
    (hop.done.part_in, hop.done.about) = (Some(id), Some(id));
    let tried = try_everything(hop, id).await;
    let (state, why) = match &tried {
        Ok(_) => (RunState::Succeeded, None),
        Err(error) => (RunState::Failed, Some(words::chain(error))),
    };
    hop.session.ask(|| runs::finish(id, state, Counts::default(), why.as_deref())).await?;
    if let Some(recent) = tried? {
        drift::warn(id, &recent);
        hop.done.drift = recent.ratios();
    }
    Ok(Next::Over(Some(id), Outcome::Finished))
}

/// Answers what the latest items look like.
async fn try_everything(hop: &mut Hop<'_>, id: RunId) -> Result<Option<Report>, HopError> {
    let means = hop.means;
    means.model.check_golden_rows().map_err(|error| HopError::Canary(words::chain(&error)))?;
    hop.session.run(async |conn| write_and_roll_back(conn, means, id).await).await?;
    // It finds no lanes: its hop notes that it came back, and ends.
    hop.relay.send(&hop.continuation(id, Due { worker: 0, hop: 1 })).await.map_err(HopError::Relay)?;
    Ok(hop.session.run(async |conn| look_at_recent_items(conn, means, id).await).await?)
}

async fn open(conn: &mut Conn, opening: Opening<'_>, request: &Request) -> Result<Found, StoreError> {
    let Opening { means, began, .. } = opening;
    let table = means.table();
    // None is tried again: it failed for a reason.
    let earlier = || earlier(table, request.kind, request.tick, 0, began.time);
    if let Some(found) = found(earlier().ask(conn).await?) {
        return Ok(found);
    }
    let new = NewRun {
        policy: FailurePolicy::Leave,
        lanes: 0,
        workers: 0,
        items: Some(0),
        ..new_run(means, request, Ends::default(), began.time)
    };
    match runs::insert(table, &new).then(runs::opened()).ask(conn).await {
        // Somebody else opened it a moment ago.
        Err(error) if error.is_duplicate() => found(earlier().ask(conn).await?).ok_or(error),
        opened => opened.map(|run| Found::Due(run.id)),
    }
}

fn found(earlier: Earlier) -> Option<Found> {
    match earlier.of_tick {
        Some(run) if run.state != RunState::Running => Some(Found::Over(run.id)),
        of_tick => of_tick.or(earlier.unfinished).map(|run| Found::Due(run.id)),
    }
}

/// Compares the latest items, predicted or not, with the training rows. That they drift is no
/// failure: the next window will be scored all the same.
async fn look_at_recent_items(conn: &mut Conn, means: Means<'_>, id: RunId) -> Result<Option<Report>, StoreError> {
    let (table, model) = (means.table(), means.model);
    let items = items::recent(conn, table, model.features(), RECENT_ITEMS).await?;
    let scored = score_page(model, table, &items);
    let earlier = drift::earlier(table, id, RunKind::Canary, model).ask(conn).await?;
    let seen = drift::report(scored.profile, model, &earlier);
    drift::keep(id, seen.as_ref())?.ask(conn).await?;
    Ok(seen)
}

/// Writes the golden answers over the latest items and reads them back, sets one item aside, and
/// rolls everything back. Fails where something was not as it should be.
async fn write_and_roll_back(conn: &mut Conn, means: Means<'_>, id: RunId) -> Result<(), HopError> {
    let (table, model) = (means.table(), means.model);
    let golden = &model.artifact().content.golden;
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("trying out a page")?;
    let keys = items::latest(table, golden.len()).ask(&mut tx).await?;
    let mut page = Predictions {
        outputs: golden.iter().take(keys.len()).flat_map(|row| row.answer.outputs().to_vec()).collect(),
        of: model.outputs(),
        keys,
    };
    if let Some(decimals) = table.decimals {
        decimals.round(&mut page.outputs);
    }
    let version = model.version().to_string();
    let stamp = Stamp { run: id, model: &version, onto: Onto::Earlier, by: By::Key, density: Density::Sparse };
    items::write(&mut tx, table, stamp, &page).await?;
    let read = items::predictions(table, &page.keys).ask(&mut tx).await?;
    if let Some(key) = page.keys.get(0) {
        let item = PendingItem { key, values: &[], prediction: None };
        let reason = Reason::new(ReasonCode::NotAnArray, "tried out by a canary");
        failures::set_aside(&mut tx, table, id, &[(item, reason)]).await?;
        failures::forget(table, page.keys.iter()).ask(&mut tx).await?;
    }
    tx.rollback().await.doing("rolling back what was tried out")?;
    compare(&page, &read, table.format).map_err(HopError::Canary)
}

fn compare(page: &Predictions<'_>, read: &[Option<String>], format: PredictionFormat) -> Result<(), String> {
    if read.len() != page.keys.len() {
        return Err(format!("{} predictions were written, {} read back", page.keys.len(), read.len()));
    }
    let bits = |row: &[f64]| row.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
    for (written, read) in page.rows().zip(read) {
        let text = read.as_deref().unwrap_or("null");
        let (same, written) = match format {
            PredictionFormat::Probabilities => {
                let row = serde_json::from_str(text).or_else(|_| serde_json::from_str(text).map(|number| vec![number]));
                (row.is_ok_and(|read: Vec<f64>| bits(&read) == bits(written)), format!("{written:?}"))
            }
            PredictionFormat::Label => {
                let label = page.of.label(written).map(|class| &page.of.classes[class]);
                (read.as_ref() == label, label.cloned().unwrap_or_default())
            }
            PredictionFormat::Value => (is_rounded(written[0], text), written[0].to_string()),
        };
        if !same {
            return Err(format!("a prediction was written as {written} and read back as {text}"));
        }
    }
    Ok(())
}

/// Whether `text` is `number` in the digits of a FLOAT, or in the decimals that it has.
fn is_rounded(number: f64, text: &str) -> bool {
    const FLOAT: f64 = 1e-6;
    let Ok(read) = text.parse::<f64>() else { return false };
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let unit = if text.contains(['e', 'E']) { 0.0 } else { (0..decimals).fold(1.0, |unit, _| unit / 10.0) };
    (read - number).abs() <= (FLOAT * number.abs()).max(0.5 * unit * (1.0 + FLOAT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_a_column_rounds_is_the_same() {
        for (number, text) in [(0.125, "0.125"), (0.125, "0.13"), (-2.5, "-3"), (1e30, "1e30"), (0.1, "0.10000000149")]
        {
            assert!(is_rounded(number, text), "{number} {text}");
        }
        for (number, text) in [(0.125, "0.14"), (1e30, "1.1e30"), (1.0, "null"), (7.0, "0.0")] {
            assert!(!is_rounded(number, text), "{number} {text}");
        }
    }
}
