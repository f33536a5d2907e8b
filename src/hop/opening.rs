//! Opening a run: `open_run`, from what it is to be to a row with fixed bounds and lanes.

use futures_util::future::join;
use mysql_async::Conn;

use super::census::{self, Ground};
use super::end::end_early;
use super::error::HopError;
use super::job::Job;
use super::lane_sessions::LaneSessions;
use super::means::Means;
use super::relay::Relay;
use super::scope::Scope;
use super::step::Step;
use super::under_way::Hop;
use crate::config::WorkConfig;
use crate::run::{Counts, RunId, RunState};
use crate::store::counts::Extent;
use crate::store::ids::Ids;
use crate::store::key::Key;
use crate::store::lanes::{self, Due, NewLane, Source};
use crate::store::runs::{self, NewRun, Run};
use crate::store::session::Room;
use crate::store::statement::{Statement, begin, commit, rollback};
use crate::store::wanted::Wanted;
use crate::store::{StoreError, failures, items};
use crate::window::{Time, Window};

/// What a run is opened with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    pub means: Means<'a>,
    pub lanes: &'a LaneSessions,
    /// When the hop began.
    pub now: Time,
}

impl<'a> Opening<'a> {
    /// What a hop opens a run with.
    pub(super) fn of<R: Relay>(hop: &Hop<'a, R>) -> Self {
        Self { means: hop.means, lanes: hop.lanes, now: hop.began.time }
    }
}

/// A run that was opened.
#[derive(Debug)]
pub(super) struct New {
    pub run: Run,
    /// Its workers that have something to do.
    pub due: Vec<Due>,
    /// Age of its oldest item, in seconds; `None`: not found in time.
    pub oldest_pending_seconds: Option<u64>,
}

/// What became of a run that was to be opened.
#[derive(Debug)]
pub(super) enum Opened {
    /// It is open.
    New(New),
    /// It has not a single item, and was finished with that.
    Empty(RunId),
    /// The run that was to be replaced has changed meanwhile; nothing was done.
    Overtaken,
}

/// Opens a run, where wanted in the place of another one: both or neither.
pub(super) async fn open_run(
    conn: &mut Conn,
    Opening { means, lanes, now }: Opening<'_>,
    ground: Ground,
    new: NewRun,
    replaced: Option<&Run>,
) -> Result<Opened, HopError> {
    let (table, work) = (means.table(), means.work);
    if ground.is_any_set_aside {
        failures::forget_gone(conn, table).await?;
    }
    let scope = Scope::new(means, &new);
    let extents = census::extents(conn, lanes, scope, &ground).await?;
    let new = NewRun { items: extents.iter().map(|(_, extent)| extent.items).sum(), ..new };
    let begun = match replaced {
        Some(old) if !end_for(conn, Job { run: old, means }, &new).await? => return Ok(Opened::Overtaken),
        Some(_) => Statement::nothing(),
        None => begin(),
    };
    let new_lanes = new_lanes(conn, means.wanted(scope.selection(Source::Items)), &extents, work).await?;
    let opened = begun.then(runs::insert(table, &new));
    let (id, result) = if new_lanes.is_empty() {
        let id = opened.then(runs::opened()).ask(conn).await?.id;
        let finish = runs::finish(id, RunState::Succeeded, Counts::default(), None);
        Step::OpenRun.commit(finish.then(commit()).ask(conn)).await?;
        (id, Opened::Empty(id))
    } else {
        let made = opened.then(lanes::insert(&new_lanes, work.page_size)).then(runs::opened()).and(commit());
        let window = new.window;
        // Before the first page, and beside the commit: the lanes are not at work yet.
        let oldest = oldest_pending(means, lanes, (window, now));
        let (made, oldest_pending_seconds) = join(Step::OpenRun.commit(made.ask(conn)), oldest).await;
        let run = made?.0;
        (run.id, Opened::New(New { run, due: due(&new_lanes), oldest_pending_seconds }))
    };
    let NewRun { kind, mode, window, items, .. } = new;
    tracing::info!(run = %id, %kind, %mode, %window, items, "opened a run");
    Ok(result)
}

/// Age of the oldest item of a window; `None` where it is not found. No run is less open for it.
async fn oldest_pending(means: Means<'_>, lanes: &LaneSessions, (window, now): (Window, Time)) -> Option<u64> {
    let mut session = lanes.first().await;
    if session.get_ready().await != Room::Enough {
        return None;
    }
    session.run(async |conn| means.oldest_pending(conn, window, now).await).await.ok().flatten()
}

/// Begins a transaction, and ends in it a run that another one replaces. Answers whether it is as it was.
async fn end_for(conn: &mut Conn, job: Job<'_>, new: &NewRun) -> Result<bool, HopError> {
    let old = job.run;
    if begin().then(runs::lock(old.id)).ask(conn).await? != Some(old.state) {
        rollback().ask(conn).await?;
        return Ok(false);
    }
    let why = format!("model {} takes over from model {}, with a run of its own", new.model, old.model);
    end_early(conn, job, RunState::Cancelled, Some(&why)).await?;
    tracing::warn!(run = %old.id, why, "the run is replaced");
    Ok(true)
}

/// The workers of new lanes that have something to do. No hop of them was due yet.
fn due(lanes: &[NewLane]) -> Vec<Due> {
    let at_work = lanes.iter().filter(|lane| !lane.ids.is_empty());
    let mut due: Vec<_> = at_work.map(|lane| Due { worker: lane.worker, hop: 0 }).collect();
    due.sort_unstable();
    due.dedup();
    due
}

/// The lanes of a run. The items set aside are few and scattered: one lane takes them.
async fn new_lanes(
    conn: &mut Conn,
    wanted: Wanted<'_>,
    extents: &[(Source, Extent)],
    work: &WorkConfig,
) -> Result<Vec<NewLane>, StoreError> {
    let mut lanes = Vec::new();
    for (source, extent) in extents {
        let cut = match (source, extent.ids.numbers()) {
            (Source::Items, Some(numbers)) => equal_ranges(numbers, work.workers, work.lanes),
            (Source::Items, None) => equal_shares(conn, wanted, extent, work).await?,
            (Source::Failures, _) => vec![NewLane { worker: 0, source: *source, ids: extent.ids.clone() }],
        };
        lanes.extend(cut);
    }
    Ok(lanes)
}

/// The ids as `workers × lanes_each` lanes of equal ranges. Where there are fewer ids than lanes, the
/// last lanes are empty.
fn equal_ranges((after, upto): (i64, i64), workers: u16, lanes_each: u16) -> Vec<NewLane> {
    let count = u128::from(workers) * u128::from(lanes_each);
    let ids = u128::from(after.abs_diff(upto));
    // An edge lies between the two ends, so it is an i64 like them.
    let edge = |lane: u128| Key::Id((i128::from(after) + (ids * lane).div_ceil(count) as i128) as i64);
    lanes_between((0..=count).map(edge).collect(), lanes_each)
}

/// The keys as so many lanes of equal shares of the wanted items: texts have no middle that could be computed. What
/// is not cut in time is left to the lane before.
async fn equal_shares(
    conn: &mut Conn,
    wanted: Wanted<'_>,
    extent: &Extent,
    work: &WorkConfig,
) -> Result<Vec<NewLane>, StoreError> {
    let Ids { after, upto } = extent.ids.clone();
    let count = u64::from(work.workers) * u64::from(work.lanes);
    let items = extent.items.unwrap_or(0);
    let mut edges = vec![after];
    while edges.len() < count as usize && items >= WORTH_CUTTING {
        let last = edges.last().cloned().unwrap_or(Key::Start);
        match items::nth(conn, wanted, &last, items.div_ceil(count) - 1).await? {
            Some(edge) if edge != upto => edges.push(edge),
            _ => break,
        }
    }
    edges.resize(count as usize + 1, upto);
    Ok(lanes_between(edges, work.lanes))
}

/// Fewer items than these are left to one lane: cutting them would take longer than it gains.
const WORTH_CUTTING: u64 = 2;

/// The lanes between one edge and the next.
fn lanes_between(edges: Vec<Key>, lanes_each: u16) -> Vec<NewLane> {
    let lane = |(number, edges): (usize, &[Key])| NewLane {
        worker: (number / usize::from(lanes_each)) as u16,
        source: Source::Items,
        ids: Ids { after: edges[0].clone(), upto: edges[1].clone() },
    };
    edges.windows(2).enumerate().map(lane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(after: i64, upto: i64, workers: u16, lanes: u16) -> Vec<(i64, i64)> {
        equal_ranges((after, upto), workers, lanes).iter().map(|lane| lane.ids.numbers().unwrap()).collect()
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
        let workers = |upto| due(&equal_ranges((0, upto), 2, 2)).iter().map(|due| due.worker).collect::<Vec<_>>();
        assert_eq!(workers(100), [0, 1]);
        assert_eq!(workers(1), [0]);
    }

    #[test]
    fn a_worker_has_neighbouring_lanes() {
        let workers: Vec<u16> = equal_ranges((0, 100), 2, 3).iter().map(|lane| lane.worker).collect();
        assert_eq!(workers, [0, 0, 0, 1, 1, 1]);
    }
}
