//! `open_run`: from what was asked for to a run with fixed bounds and lanes.

use chrono::TimeDelta;
use mysql_async::{Conn, TxOpts};

use super::step::Step;
use crate::config::{TableName, WorkConfig};
use crate::event::Request;
use crate::run::{RunId, RunKind};
use crate::store::items::Extent;
use crate::store::lanes::NewLane;
use crate::store::runs::{NewRun, Run};
use crate::store::{Doing, StoreError, items, lanes, runs};
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

/// Opens the run that `request` asks for, unless one of its kind is unfinished or its tick has one.
pub(super) async fn open_run(
    conn: &mut Conn,
    table: &TableName,
    work: &WorkConfig,
    model_version: &str,
    request: &Request,
    now: Time,
) -> Result<Opened, StoreError> {
    loop {
        if let Some(tick) = request.tick
            && let Some(run) = runs::of_tick(conn, table, request.kind, tick).await?
        {
            return Ok(if run.state.is_final() { Opened::Over(run) } else { Opened::Unfinished(run) });
        }
        if let Some(run) = runs::unfinished(conn, table, request.kind).await? {
            return Ok(Opened::Unfinished(run));
        }
        match insert(conn, table, work, model_version, request, now).await {
            // Somebody opened a run in the meantime: look again.
            Err(error) if error.is_duplicate() => {}
            opened => return opened,
        }
    }
}

async fn insert(
    conn: &mut Conn,
    table: &TableName,
    work: &WorkConfig,
    model_version: &str,
    request: &Request,
    now: Time,
) -> Result<Opened, StoreError> {
    let window = window_of(conn, table, work, request, now).await?;
    if window.to > now {
        tracing::warn!(%window, "the window ends in the future; the next one will take what arrives in it from now on");
    }
    let extent = items::extent(conn, table, &window).await?;
    let due = work.deliver_within.and_then(|span| Some(window.to + TimeDelta::from_std(span).ok()?));
    let new = NewRun {
        table,
        kind: request.kind,
        tick: request.tick,
        window,
        chained: request.kind == RunKind::Window && request.from.is_none(),
        policy: request.policy.unwrap_or(work.failure_policy),
        model_version,
        lanes: work.lanes,
        workers: work.workers,
        items: extent.map_or(Some(0), |extent| extent.items),
        now,
        deadline: due,
    };
    let mut tx = conn.start_transaction(TxOpts::default()).await.doing("opening a run")?;
    let id = runs::insert(&mut tx, &new).await?;
    let opened = match extent {
        None => {
            let counts = Default::default();
            runs::finish(&mut tx, id, crate::run::RunState::Succeeded, counts, None).await?;
            Opened::Empty(id)
        }
        Some(extent) => {
            lanes::insert(&mut tx, id, &split(extent, work.workers, work.lanes), work.page_size).await?;
            let run = runs::find(&mut tx, table, id).await?;
            Opened::New(run.ok_or_else(|| StoreError::Unexpected(format!("run {id} vanished")))?)
        }
    };
    Step::OpenRun.commit(async { tx.commit().await.doing("opening a run") }).await?;
    tracing::info!(run = %id, kind = %new.kind, %window, items = new.items, "opened a run");
    Ok(opened)
}

async fn window_of(
    conn: &mut Conn,
    table: &TableName,
    work: &WorkConfig,
    request: &Request,
    now: Time,
) -> Result<Window, StoreError> {
    let to = request.to.or(request.tick).unwrap_or_else(|| window::second(now));
    if request.kind == RunKind::Sweep {
        return Ok(Window::everything_before(to));
    }
    if let Some(from) = request.from {
        return Ok(Window { from: Some(from), to });
    }
    let lookback = TimeDelta::from_std(work.lookback).unwrap_or(TimeDelta::MAX);
    Ok(Window::following(runs::last_end(conn, table).await?, lookback, to))
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
            NewLane { worker, low: edge(number), high: edge(number + 1) }
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
