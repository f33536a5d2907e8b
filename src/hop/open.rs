//! A run is asked for. One that is not over comes first; only then is a new one opened.

use mysql_async::Conn;
use serde_json::json;

use super::at_work::AtWork;
use super::census::{self, Ground};
use super::check::check_table;
use super::error::HopError;
use super::next::Next;
use super::opening::{New, Opened, Opening, open_run};
use super::scope::Scope;
use super::step::Step;
use super::succession::successor;
use super::terms::{end_by_hand, new_run};
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::event::Request;
use crate::run::{RunId, RunState};
use crate::store::StoreError;
use crate::store::earlier::{Ends, earlier, ends};
use crate::store::lanes::{self, Source};
use crate::store::runs::{self, Run};
use crate::store::statement::{Statement, begin, commit, rollback};
use crate::store::trace::{Act, acting, saw};
use crate::words;

/// How often it is looked for earlier runs, where others open one between the look and the opening.
const LOOKS: usize = 10;

/// Windows that failed as a whole and are tried again in one hop, at most: the one that is asked for comes to its turn.
const MOST_TRIED: usize = 5;

/// What is found when a run is asked for.
#[derive(Debug)]
enum Found {
    /// None that comes first, so one was opened.
    New(New),
    /// As before, without a single pending item; it was finished with that.
    Empty(RunId),
    /// A run that is not over comes first: an earlier one, or this tick's, delivered twice.
    Unfinished(Run),
    /// As before, and it is another model's.
    Anothers(Run),
    /// The tick's run was replaced by this one, by somebody who may have vanished then.
    Successor(Run),
    /// A dry run is asked for while this one, which writes, is not over.
    InTheWay(RunId),
    /// The tick was delivered before, and its run is over.
    Over(RunId),
}

/// Opens the run that is asked for, or finds the one that comes first.
pub(super) async fn open(hop: &mut Hop<'_>, request: Request) -> Result<Next, HopError> {
    check_table(&mut hop.session, hop.means, request.kind).await?;
    let opening = Opening::of(hop);
    let tried = hop.done.earlier.len();
    let found = hop.session.run(async |conn| find_or_open(conn, opening, &request, tried).await).await?;
    hop.means.database.remember_work();
    Ok(match found {
        Found::New(New { run, due, oldest_pending_seconds }) => {
            hop.done.oldest_pending_seconds = oldest_pending_seconds;
            Next::SetOff(run, due)
        }
        Found::Empty(id) => {
            hop.done.part_in = Some(id);
            Next::Over(Some(id), Outcome::NothingToDo)
        }
        Found::Unfinished(run) => {
            tracing::info!(run = %run.id, window = %run.window, "an unfinished run comes first");
            hop.asked = Some(request).filter(|request| !request.is_of_tick(run.tick));
            Next::TakeUp(run)
        }
        Found::Anothers(run) => {
            hop.asked = Some(request);
            Next::Succeed(run)
        }
        Found::Successor(run) => Next::TakeUp(run),
        Found::InTheWay(id) => {
            tracing::warn!(run = %id, "no dry run while a backfill that writes is unfinished");
            Next::Over(Some(id), Outcome::AlreadyRunning)
        }
        Found::Over(id) => Next::Over(Some(id), Outcome::NothingToDo),
    })
}

/// Finds the run that comes first in a hop that has finished so many before, or opens the one that is asked for.
async fn find_or_open(
    conn: &mut Conn,
    opening: Opening<'_>,
    request: &Request,
    tried: usize,
) -> Result<Found, HopError> {
    for _ in 0..LOOKS {
        match find_or_open_once(conn, opening, request, tried).await {
            // Somebody opened a run in the meantime: look again.
            Err(error) if error.is_duplicate() => {
                saw(Act::OpenRun, None, || json!({ "is_duplicate": true }));
                rollback().ask(conn).await?;
            }
            found => return found,
        }
    }
    Err(StoreError::Unexpected("other runs were opened again and again".into()).into())
}

async fn find_or_open_once(
    conn: &mut Conn,
    opening: Opening<'_>,
    request: &Request,
    tried: usize,
) -> Result<Found, HopError> {
    let Opening { means, began, .. } = opening;
    let (table, version) = (means.table(), means.model.version().shown());
    let earlier = earlier(table, request.kind, request.tick, means.work.max_attempts, began.time);
    let ground = ends(table, began.present()).and(census::ground(table));
    let (mut earlier, (ends, ground)) = acting(&[Act::Open], None, earlier.and(ground).ask(conn)).await?;
    earlier.to_try_again = earlier.to_try_again.filter(|_| tried < MOST_TRIED);
    saw(Act::Open, None, || {
        let first = earlier.of_tick.as_ref().or(earlier.unfinished.as_ref()).or(earlier.to_try_again.as_ref());
        json!({ "run": first.map(|run| run.id), "state": first.map(|run| run.state) })
    });
    if let Some(run) = earlier.of_tick.take_if(|run| run.state.is_over()) {
        let successor = successor(&version, &run, earlier.unfinished);
        return Ok(successor.map_or(Found::Over(run.id), Found::Successor));
    }
    let Some(run) = earlier.of_tick.or(earlier.unfinished).or(earlier.to_try_again) else {
        return open_new(conn, opening, ground, request, ends).await;
    };
    Ok(match run.state {
        // Who asks for a dry run must not set off what writes.
        _ if run.mode.writes() && !request.mode.writes() => Found::InTheWay(run.id),
        RunState::Paused => Found::Unfinished(run),
        _ if run.model != version => Found::Anothers(run),
        RunState::Failed => Found::Unfinished(try_again(conn, opening, ground, run).await?),
        _ => Found::Unfinished(run),
    })
}

async fn open_new(
    conn: &mut Conn,
    opening: Opening<'_>,
    ground: Ground,
    request: &Request,
    ends: Ends,
) -> Result<Found, HopError> {
    let new = new_run(opening.means, request, ends, opening.began.time);
    if new.window.to > end_by_hand(opening.began.time) {
        let window = new.window;
        tracing::warn!(%window, "the window ends in the future; the next one will take what arrives in it from now on");
    }
    match open_run(conn, opening, ground, new, None).await? {
        Opened::New(new) => Ok(Found::New(new)),
        Opened::Empty(id) => Ok(Found::Empty(id)),
        Opened::Overtaken => Err(StoreError::Unexpected("a new run was overtaken".into()).into()),
    }
}

/// Begins another attempt at a run that failed as a whole.
async fn try_again(conn: &mut Conn, opening: Opening<'_>, ground: Ground, run: Run) -> Result<Run, HopError> {
    let Opening { means, lanes: sessions, began } = opening;
    let table = means.table();
    let source = lanes::source(run.id).ask(conn).await?.unwrap_or(Source::Items);
    let whole = means.wanted(Scope::of(AtWork { run: &run, means }).selection(source)).by(source.order());
    let extent = census::extent(conn, sessions, whole, ground.ends.as_ref());
    let extent = acting(&[Act::LayOut], None, extent).await?;
    saw(Act::LayOut, None, || json!({}));
    let items = extent.as_ref().map_or(Some(0), |extent| extent.items);
    // A row that was corrected may have another key now, beyond those that there were.
    let widen = extent.map_or_else(Statement::nothing, |extent| lanes::widen(run.id, &extent.ids));
    let again = async {
        if begin().then(runs::lock(run.id)).ask(conn).await? == Some(RunState::Failed) {
            match widen.ask(conn).await {
                // The login has what an earlier version granted it. A statement that is refused so changes nothing.
                Err(error) if error.lacks_grant() => {
                    tracing::warn!(error = words::chain(&error), "rows with new keys are left to a sweep");
                }
                widened => widened?,
            }
            let again = runs::try_again(run.id, items, began.time, means.work.tells);
            again.then(lanes::rewind(run.id)).ask(conn).await?;
            tracing::info!(run = %run.id, window = %run.window, "trying a failed run again");
        }
        Step::OpenRun.commit(runs::find(table, run.id).and(commit()).ask(conn)).await
    };
    let (tried, ()) = acting(&[Act::TryAgain], None, again).await?;
    saw(Act::TryAgain, None, || json!({ "run": run.id, "state": tried.as_ref().map(|run| run.state) }));
    Ok(tried.ok_or_else(|| StoreError::Unexpected(format!("run {} vanished", run.id)))?)
}
