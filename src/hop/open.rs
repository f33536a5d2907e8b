//! `open_run`: from what was asked for to a run with fixed bounds and lanes.

use chrono::TimeDelta;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, TxOpts};

use super::census;
use super::lane::selection;
use super::step::Step;
use crate::answer::Counts;
use crate::config::{TableName, WorkConfig};
use crate::event::Request;
use crate::model::Model;
use crate::run::{FailurePolicy, RunId, RunKind, RunState};
use crate::store::items::Extent;
use crate::store::lanes::{NewLane, Source};
use crate::store::runs::{NewRun, Run};
use crate::store::selection::Selection;
use crate::store::{Database, Doing, StoreError, lanes, runs};
use crate::window::{self, Time, Window};

/// What became of a request for a run.
#[derive(Debug)]
pub(super) enum Opened {
    /// A run of its own, with lanes to work off.
    New(Run),
    /// A run of its own without a single pending item, finished with that.
    Empty(RunId),
    /// A run that is not over comes first: an earlier one, or this tick's, delivered twice.
    Unfinished(Run),
    /// The tick was delivered before, and its run is over.
    Over(Run),
}

/// A request for a run, and what it is decided by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    pub request: &'a Request,
    pub database: &'a Database,
    pub work: &'a WorkConfig,
    pub model: &'a Model,
    pub now: Time,
}

/// Opens the run that is asked for, unless one of its kind is unfinished or its tick has one.
pub(super) async fn open_run(conn: &mut Conn, opening: Opening<'_>) -> Result<Opened, StoreError> {
    let Opening { request, database, work, now, .. } = opening;
    let table = database.items_table();
    loop {
        if let Some(tick) = request.tick
            && let Some(run) = runs::of_tick(conn, table, request.kind, tick).await?
        {
            return Ok(if run.state.is_over() { Opened::Over(run) } else { Opened::Unfinished(run) });
        }
        if let Some(run) = runs::unfinished(conn, table, request.kind).await? {
            return Ok(Opened::Unfinished(run));
        }
        let failed = runs::to_try_again(conn, table, request.kind, work.max_attempts, now).await?;
        let opened = match failed {
            Some(run) => try_again(conn, opening, run).await,
            None => insert(conn, opening).await,
        };
        match opened {
            // Somebody opened a run in the meantime: look again.
            Err(error) if error.is_duplicate() => {}
            opened => return opened,
        }
    }
}

/// Begins another attempt at a run that failed as a whole.
async fn try_again(conn: &mut Conn, opening: Opening<'_>, run: Run) -> Result<Opened, StoreError> {
    let Opening { database, model, now, .. } = opening;
    let table = database.items_table();
    let extent = census::extent(conn, database, Selection::Whole(run.window), model.features().len()).await?;
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("trying a run again")?;
    if runs::lock(&mut tx, run.id).await? == Some(RunState::Failed) {
        runs::try_again(&mut tx, run.id, extent.map_or(Some(0), |extent| extent.items), now).await?;
        lanes::rewind(&mut tx, run.id).await?;
        tracing::info!(run = %run.id, window = %run.window, "trying a failed run again");
    }
    let run = found(&mut tx, table, run.id).await?;
    Step::OpenRun.commit(async { tx.commit().await.doing("trying a run again") }).await?;
    Ok(Opened::Unfinished(run))
}

async fn found(tx: &mut impl Queryable, table: &TableName, id: RunId) -> Result<Run, StoreError> {
    let run = runs::find(tx, table, id).await?;
    run.ok_or_else(|| StoreError::Unexpected(format!("run {id} vanished")))
}

async fn insert(conn: &mut Conn, opening: Opening<'_>) -> Result<Opened, StoreError> {
    let Opening { request, database, work, model, now } = opening;
    let table = database.items_table();
    let window = window_of(conn, opening).await?;
    if window.to > now {
        tracing::warn!(%window, "the window ends in the future; the next one will take what arrives in it from now on");
    }
    let policy = request.policy.unwrap_or(work.failure_policy);
    let extents = extents(conn, opening, window, policy).await?;
    let model_version = model.version().to_string();
    let new = NewRun {
        table,
        kind: request.kind,
        tick: request.tick,
        window,
        chained: request.kind == RunKind::Window && request.from.is_none(),
        policy,
        model_version: &model_version,
        lanes: work.lanes,
        workers: work.workers,
        items: extents.iter().map(|(_, extent)| extent.items).sum(),
        now,
        deadline: due(opening, window),
    };
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("opening a run")?;
    let id = runs::insert(&mut tx, &new).await?;
    let opened = if extents.is_empty() {
        runs::finish(&mut tx, id, RunState::Succeeded, Counts::default(), None).await?;
        Opened::Empty(id)
    } else {
        let lanes: Vec<NewLane> = extents.iter().flat_map(|&(source, extent)| lanes_of(source, extent, work)).collect();
        lanes::insert(&mut tx, id, &lanes, work.page_size).await?;
        Opened::New(found(&mut tx, table, id).await?)
    };
    Step::OpenRun.commit(async { tx.commit().await.doing("opening a run") }).await?;
    tracing::info!(run = %id, kind = %new.kind, %window, items = new.items, "opened a run");
    Ok(opened)
}

/// Where the items of a run lie, by where they come from.
pub(super) async fn extents(
    conn: &mut Conn,
    opening: Opening<'_>,
    window: Window,
    policy: FailurePolicy,
) -> Result<Vec<(Source, Extent)>, StoreError> {
    let Opening { database, work, model, .. } = opening;
    let mut extents = Vec::new();
    for &source in sources(policy) {
        let selection = selection(None, policy, source, window, work.max_attempts);
        let extent = census::extent(conn, database, selection, model.features().len()).await?;
        extents.extend(extent.map(|extent| (source, extent)));
    }
    Ok(extents)
}

/// When a run's predictions are due.
pub(super) fn due(opening: Opening<'_>, window: Window) -> Option<Time> {
    let span = opening.request.deliver_within.or(opening.work.deliver_within)?;
    Some(window.to + TimeDelta::from_std(span).ok()?)
}

/// Where a run takes its items from. A window in one piece is nothing but itself.
fn sources(policy: FailurePolicy) -> &'static [Source] {
    match policy {
        FailurePolicy::RetryAll => &[Source::Items],
        FailurePolicy::RetryFailed | FailurePolicy::Leave => &[Source::Items, Source::Failures],
    }
}

pub(super) async fn window_of(conn: &mut Conn, opening: Opening<'_>) -> Result<Window, StoreError> {
    let Opening { request, database, work, now, .. } = opening;
    let to = request.to.or(request.tick).unwrap_or_else(|| window::second(now));
    if request.kind == RunKind::Sweep {
        return Ok(Window::everything_before(to));
    }
    if let Some(from) = request.from {
        return Ok(Window { from: Some(from), to });
    }
    let lookback = TimeDelta::from_std(work.lookback).unwrap_or(TimeDelta::MAX);
    Ok(Window::following(runs::last_end(conn, database.items_table()).await?, lookback, to))
}

/// The items set aside are few and scattered: one lane takes them.
fn lanes_of(source: Source, extent: Extent, work: &WorkConfig) -> Vec<NewLane> {
    match source {
        Source::Items => split(extent, work.workers, work.lanes),
        Source::Failures => vec![NewLane { worker: 0, source, low: extent.low, high: extent.high }],
    }
}

/// The extent as `workers × lanes_each` lanes of equal id ranges. Where there are fewer ids than
/// lanes, the last lanes are empty.
fn split(extent: Extent, workers: u16, lanes_each: u16) -> Vec<NewLane> {
    let count = u128::from(workers) * u128::from(lanes_each);
    let ids = u128::from(extent.low.abs_diff(extent.high));
    // An edge lies between the two ends, so it is an i64 like them.
    let edge = |lane: u128| (i128::from(extent.low) + (ids * lane).div_ceil(count) as i128) as i64;
    (0..workers)
        .flat_map(|worker| (0..lanes_each).map(move |lane| (worker, lane)))
        .map(|(worker, lane)| {
            let number = u128::from(worker) * u128::from(lanes_each) + u128::from(lane);
            NewLane { worker, source: Source::Items, low: edge(number), high: edge(number + 1) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(low: i64, high: i64, workers: u16, lanes: u16) -> Vec<(i64, i64)> {
        split(Extent { low, high, items: None }, workers, lanes).iter().map(|lane| (lane.low, lane.high)).collect()
    }

    #[test]
    fn lanes_cover_the_extent_without_gap_or_overlap() {
        assert_eq!(edges(0, 10, 1, 2), [(0, 5), (5, 10)]);
        assert_eq!(edges(99, 109, 2, 2), [(99, 102), (102, 104), (104, 107), (107, 109)]);
    }

    #[test]
    fn fewer_ids_than_lanes_leave_lanes_empty() {
        assert_eq!(edges(41, 42, 1, 4), [(41, 42), (42, 42), (42, 42), (42, 42)]);
    }

    #[test]
    fn the_widest_extent_does_not_overflow() {
        let lanes = edges(i64::MIN, i64::MAX, 64, 16);
        assert_eq!((lanes[0].0, lanes[1023].1), (i64::MIN, i64::MAX));
    }

    #[test]
    fn a_worker_has_neighbouring_lanes() {
        let workers: Vec<u16> =
            split(Extent { low: 0, high: 100, items: None }, 2, 3).iter().map(|lane| lane.worker).collect();
        assert_eq!(workers, [0, 0, 0, 1, 1, 1]);
    }
}
