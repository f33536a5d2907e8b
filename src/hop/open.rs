//! `open_run`: from what was asked for to a run with fixed bounds and lanes.

use chrono::TimeDelta;
use mysql_async::Conn;

use super::aside::Aside;
use super::census::{self, Ground};
use super::check::Unfit;
use super::end::end_early;
use super::scope::Scope;
use super::step::Step;
use super::succession::{Succession, succeed, successor};
use crate::answer::Counts;
use crate::config::WorkConfig;
use crate::event::Request;
use crate::model::Model;
use crate::run::{FailurePolicy, Mode, RunId, RunKind, RunState};
use crate::store::counts::Extent;
use crate::store::earlier::earlier;
use crate::store::lanes::{NewLane, Source};
use crate::store::runs::{NewRun, Run};
use crate::store::selection::Selection;
use crate::store::statement::{Statement, begin, commit, rollback};
use crate::store::{Database, StoreError, lanes, runs};
use crate::window::{self, Time, Window};

/// What became of a request for a run.
#[derive(Debug)]
pub(super) enum Opened {
    /// A run of its own, and its workers as [`lanes::unfinished_workers`] would answer.
    New(Run, Vec<(u16, u32)>),
    /// A run of its own without a single pending item, finished with that.
    Empty(RunId),
    /// A run that is not over comes first: an earlier one, or this tick's, delivered twice.
    Unfinished(Run),
    /// A dry run is asked for while this one, which writes, is not over.
    InTheWay(Run),
    /// The tick was delivered before, and its run is over.
    Over(Run),
    /// None: its rows are not the model's.
    Unfit(Unfit),
}

/// What a run is opened with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    pub database: &'a Database,
    pub work: &'a WorkConfig,
    pub model: &'a Model,
    pub now: Time,
    pub aside: &'a Aside,
}

/// Opens the run that is asked for, unless one of its kind is unfinished or its tick has one.
pub(super) async fn open_run(conn: &mut Conn, opening: Opening<'_>, request: &Request) -> Result<Opened, StoreError> {
    let Opening { database, work, model, now, .. } = opening;
    let table = database.items_table();
    let version = model.version().to_string();
    loop {
        let earlier = earlier(table, request.kind, request.tick, work.max_attempts, now);
        let (mut earlier, ground) = earlier.and(census::ground(table)).ask(conn).await?;
        if let Some(run) = earlier.of_tick.take_if(|run| run.state.is_over()) {
            return Ok(match successor(opening, &run, earlier.unfinished) {
                Some(successor) => Opened::Unfinished(successor),
                None => Opened::Over(run),
            });
        }
        let opened = match earlier.of_tick.or(earlier.unfinished).or(earlier.to_try_again) {
            // Who asks for a dry run must not set off what writes.
            Some(run) if run.mode.writes() && !request.mode.writes() => return Ok(Opened::InTheWay(run)),
            Some(run) if run.state == RunState::Paused => return Ok(Opened::Unfinished(run)),
            Some(run) if run.model_version != version => match succeed(conn, opening, &run, ground).await {
                Ok(Succession::Successor(run)) => return Ok(Opened::Unfinished(run)),
                Ok(Succession::Unfit(unfit)) => return Ok(Opened::Unfit(unfit)),
                Ok(Succession::Empty | Succession::Overtaken) => continue,
                Err(error) => Err(error),
            },
            Some(run) if run.state == RunState::Failed => try_again(conn, opening, run, ground).await,
            Some(run) => return Ok(Opened::Unfinished(run)),
            None => insert(conn, opening, request, earlier.last_end, ground).await,
        };
        match opened {
            // Somebody opened a run in the meantime: look again.
            Err(error) if error.is_duplicate() => rollback().ask(conn).await?,
            opened => return opened,
        }
    }
}

/// Begins another attempt at a run that failed as a whole.
async fn try_again(conn: &mut Conn, opening: Opening<'_>, run: Run, ground: Ground) -> Result<Opened, StoreError> {
    let Opening { database, model, now, aside, .. } = opening;
    let table = database.items_table();
    let whole = (Selection::Whole(run.window), model.features());
    let items = census::extent(conn, aside, table, whole, ground.ends).await?.map_or(Some(0), |extent| extent.items);
    if begin().then(runs::lock(run.id)).ask(conn).await? == Some(RunState::Failed) {
        runs::try_again(run.id, items, now).then(lanes::rewind(run.id)).ask(conn).await?;
        tracing::info!(run = %run.id, window = %run.window, "trying a failed run again");
    }
    let (tried, ()) = Step::OpenRun.commit(runs::find(table, run.id).and(commit()).ask(conn)).await?;
    let run = tried.ok_or_else(|| StoreError::Unexpected(format!("run {} vanished", run.id)))?;
    Ok(Opened::Unfinished(run))
}

async fn insert(
    conn: &mut Conn,
    opening: Opening<'_>,
    request: &Request,
    last_end: Option<Time>,
    ground: Ground,
) -> Result<Opened, StoreError> {
    let window = window_of(opening.work, request, last_end, opening.now);
    if window.to > opening.now {
        tracing::warn!(%window, "the window ends in the future; the next one will take what arrives in it from now on");
    }
    let plan = Plan {
        kind: request.kind,
        mode: request.mode,
        tick: request.tick,
        window,
        chained: request.kind == RunKind::Window && request.from.is_none(),
        policy: policy_of(request, opening.work),
        deadline: due(request, window, opening.work),
    };
    Ok(match open_planned(conn, opening, plan, None, ground).await? {
        Planned::New(run, workers) => Opened::New(run, workers),
        Planned::Empty(id) => Opened::Empty(id),
        Planned::Unfit(unfit) => Opened::Unfit(unfit),
        Planned::Overtaken => return Err(StoreError::Unexpected("a new run was overtaken".into())),
    })
}

/// A backfill is never one piece: the old predictions stay page by page.
pub(super) fn policy_of(request: &Request, work: &WorkConfig) -> FailurePolicy {
    match request.policy.unwrap_or(work.failure_policy) {
        FailurePolicy::RetryAll if request.kind == RunKind::Backfill => FailurePolicy::RetryFailed,
        policy => policy,
    }
}

/// What a run is to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub kind: RunKind,
    pub mode: Mode,
    pub tick: Option<Time>,
    pub window: Window,
    pub chained: bool,
    pub policy: FailurePolicy,
    pub deadline: Option<Time>,
}

/// What became of a plan.
#[derive(Debug)]
pub(super) enum Planned {
    /// A run, and its workers as [`lanes::unfinished_workers`] would answer.
    New(Run, Vec<(u16, u32)>),
    /// A run without a single item, finished with that.
    Empty(RunId),
    /// The run that was to be replaced has changed meanwhile; nothing was done.
    Overtaken,
    /// None: its rows are not the model's.
    Unfit(Unfit),
}

/// Opens a run, where wanted in the place of another one.
pub(super) async fn open_planned(
    conn: &mut Conn,
    opening: Opening<'_>,
    plan: Plan,
    replaced: Option<&Run>,
    ground: Ground,
) -> Result<Planned, StoreError> {
    let Opening { database, work, model, now, aside } = opening;
    let Plan { kind, mode, tick, window, chained, policy, deadline } = plan;
    let table = database.items_table();
    let scope = Scope { run: None, kind, mode, policy, window, model, work };
    let extents = match census::extents(conn, aside, table, scope, ground).await? {
        Ok(extents) => extents,
        Err(unfit) => return Ok(Planned::Unfit(unfit)),
    };
    let model_version = model.version().to_string();
    let new = NewRun {
        table,
        kind,
        mode,
        tick,
        window,
        chained,
        policy,
        model_version: &model_version,
        lanes: work.lanes,
        workers: work.workers,
        items: extents.iter().map(|(_, extent)| extent.items).sum(),
        now,
        deadline,
    };
    if let Some(old) = replaced {
        if begin().then(runs::lock(old.id)).ask(conn).await? != Some(old.state) {
            rollback().ask(conn).await?;
            return Ok(Planned::Overtaken);
        }
        let why = format!("model {model_version} takes over from model {}, with a run of its own", old.model_version);
        end_early(conn, old, RunState::Cancelled, Some(&why)).await?;
        tracing::warn!(run = %old.id, why, "the run is replaced");
    }
    let lanes: Vec<NewLane> = extents.iter().flat_map(|&(source, extent)| lanes_of(source, extent, work)).collect();
    let begun = if replaced.is_none() { begin() } else { Statement::nothing() };
    let opened = begun.then(runs::insert(&new));
    let (id, planned) = if lanes.is_empty() {
        let id = opened.then(runs::opened()).ask(conn).await?.id;
        let finish = runs::finish(id, RunState::Succeeded, Counts::default(), None);
        Step::OpenRun.commit(finish.then(commit()).ask(conn)).await?;
        (id, Planned::Empty(id))
    } else {
        let made = opened.then(lanes::insert(&lanes, work.page_size)).then(runs::opened()).and(commit());
        let (run, ()) = Step::OpenRun.commit(made.ask(conn)).await?;
        (run.id, Planned::New(run, workers_of(&lanes)))
    };
    tracing::info!(run = %id, %kind, %mode, %window, items = new.items, "opened a run");
    Ok(planned)
}

/// The workers of new lanes that have something to do, each with the hop that is due: none yet.
fn workers_of(lanes: &[NewLane]) -> Vec<(u16, u32)> {
    let mut workers: Vec<_> = lanes.iter().filter(|lane| lane.low < lane.high).map(|lane| (lane.worker, 0)).collect();
    workers.sort_unstable();
    workers.dedup();
    workers
}

/// When a run's predictions are due. Nobody waits for those of a backfill: there are older ones.
pub(super) fn due(request: &Request, window: Window, work: &WorkConfig) -> Option<Time> {
    let wanted = work.deliver_within.filter(|_| request.kind != RunKind::Backfill);
    let span = request.deliver_within.or(wanted)?;
    Some(window.to + TimeDelta::from_std(span).ok()?)
}

/// The window that a request at `now` is for, where the last one ended at `last_end`.
pub(super) fn window_of(work: &WorkConfig, request: &Request, last_end: Option<Time>, now: Time) -> Window {
    let to = request.to.or(request.tick).unwrap_or_else(|| window::second(now));
    match request.kind {
        RunKind::Sweep => return Window::everything_before(to),
        RunKind::Backfill => return Window { from: request.from, to },
        RunKind::Window | RunKind::Canary => {}
    }
    if let Some(from) = request.from {
        return Window { from: Some(from), to };
    }
    let lookback = TimeDelta::from_std(work.lookback).unwrap_or(TimeDelta::MAX);
    Window::following(last_end, lookback, to)
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
    fn of_a_new_run_the_workers_with_ids_are_at_work() {
        let lanes = |low, high| split(Extent { low, high, items: None }, 2, 2);
        assert_eq!(workers_of(&lanes(0, 100)), [(0, 0), (1, 0)]);
        assert_eq!(workers_of(&lanes(0, 1)), [(0, 0)]);
    }

    #[test]
    fn a_worker_has_neighbouring_lanes() {
        let workers: Vec<u16> =
            split(Extent { low: 0, high: 100, items: None }, 2, 3).iter().map(|lane| lane.worker).collect();
        assert_eq!(workers, [0, 0, 0, 1, 1, 1]);
    }
}
