//! Opening a run: `open_run`, from what it is to be to a row with fixed bounds and lanes.

use futures_util::future::join;
use mysql_async::Conn;
use serde_json::json;

use super::at_work::AtWork;
use super::census::{self, Ground};
use super::clock::Began;
use super::cutting::cut;
use super::end::end_early;
use super::error::HopError;
use super::lane_sessions::LaneSessions;
use super::means::Means;
use super::scope::Scope;
use super::step::Step;
use super::under_way::Hop;
use crate::run::{Counts, RunId, RunState};
use crate::store::failures;
use crate::store::lanes::{self, Due, NewLane, Source};
use crate::store::runs::{self, NewRun, Run};
use crate::store::session::Room;
use crate::store::statement::{Statement, begin, commit, rollback};
use crate::store::trace::{Act, acting, saw};
use crate::window::{Time, Window};

/// What a run is opened with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opening<'a> {
    pub means: Means<'a>,
    pub lanes: &'a LaneSessions,
    /// When the hop began.
    pub began: Began,
}

impl<'a> Opening<'a> {
    /// What a hop opens a run with.
    pub(super) fn of(hop: &Hop<'a>) -> Self {
        Self { means: hop.means, lanes: hop.lanes, began: hop.began }
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
    Opening { means, lanes, began }: Opening<'_>,
    ground: Ground,
    new: NewRun,
    replaced: Option<&Run>,
) -> Result<Opened, HopError> {
    let (table, work) = (means.table(), means.work);
    if ground.is_any_set_aside {
        failures::forget_gone(conn, table).await?;
    }
    let scope = Scope::new(means, &new);
    let extents = acting(&[Act::LayOut], None, census::extents(conn, lanes, scope, &ground)).await?;
    saw(Act::LayOut, None, || json!({}));
    let new = NewRun { items: extents.iter().map(|(_, extent)| extent.items).sum(), ..new };
    let begun = match replaced {
        Some(old) if !end_for(conn, AtWork { run: old, means }, &new).await? => return Ok(Opened::Overtaken),
        Some(_) => Statement::nothing(),
        None => begin(),
    };
    let wanted = means.wanted(scope.selection(Source::Items));
    let wanted = if ground.is_any_set_aside { wanted } else { wanted.where_none_is_set_aside() };
    let new_lanes = cut(conn, wanted, &extents, work).await?;
    let opened = begun.then(runs::insert(table, &new));
    let (id, result) = if new_lanes.is_empty() {
        let empty = async {
            let id = opened.then(runs::opened()).ask(conn).await?.id;
            let finish = runs::finish(id, RunState::Succeeded, Counts::default(), None);
            Step::OpenRun.commit(finish.then(commit()).ask(conn)).await.map(|()| id)
        };
        let id = acting(&[Act::OpenRun], None, empty).await?;
        (id, Opened::Empty(id))
    } else {
        let made = opened.then(lanes::insert(&new_lanes, work.page_size)).then(runs::opened()).and(commit());
        let window = new.window;
        // Before the first page, and beside the commit: the lanes are not at work yet.
        let oldest = oldest_pending(means, lanes, (window, began.time));
        let (made, oldest_pending_seconds) =
            join(acting(&[Act::OpenRun], None, Step::OpenRun.commit(made.ask(conn))), oldest).await;
        let run = made?.0;
        (run.id, Opened::New(New { run, due: due(&new_lanes), oldest_pending_seconds }))
    };
    let NewRun { kind, mode, window, items, .. } = new;
    saw(Act::OpenRun, None, || {
        let lane = |lane: &NewLane| {
            json!({
                "worker": lane.worker, "source": lane.source, "low": lane.ids.after.id(), "high": lane.ids.upto.id(),
            })
        };
        let window = json!({ "from": window.from.map(|at| at.timestamp()), "to": window.to.timestamp() });
        json!({ "run": id, "window": window, "lanes": new_lanes.iter().map(lane).collect::<Vec<_>>() })
    });
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
async fn end_for(conn: &mut Conn, at_work: AtWork<'_>, new: &NewRun) -> Result<bool, HopError> {
    let old = at_work.run;
    if begin().then(runs::lock(old.id)).ask(conn).await? != Some(old.state) {
        rollback().ask(conn).await?;
        return Ok(false);
    }
    let why = format!("model {} takes over from model {}, with a run of its own", new.model, old.model);
    end_early(conn, at_work, RunState::Cancelled, Some(&why)).await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::cutting::equal_ranges;

    #[test]
    fn of_a_new_run_the_workers_with_ids_are_at_work() {
        let workers = |upto| due(&equal_ranges((0, upto), 2, 2)).iter().map(|due| due.worker).collect::<Vec<_>>();
        assert_eq!(workers(100), [0, 1]);
        assert_eq!(workers(1), [0]);
    }
}
