//! A run belongs to the model that it was opened with. Where another model meets it, after a
//! deployment, the run is ended and one of the new model's own takes over what is left.

use mysql_async::Conn;

use super::census;
use super::check::check_table;
use super::end::{Steered, stop};
use super::error::HopError;
use super::means::Means;
use super::next::Next;
use super::opening::{Opened, Opening, open_run};
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::model::ShownVersion;
use crate::run::RunState;
use crate::store::StoreError;
use crate::store::earlier::earlier;
use crate::store::runs::{self, NewRun, Run};
use crate::store::statement::rollback;

/// Runs that replace each other without one item done, at most: where functions with different models work side by
/// side, each hop would begin with a check anew, and none come to its end.
const IDLE_TAKEOVERS: u64 = 5;

/// What became of a run of another model.
#[derive(Debug)]
enum Succession {
    /// This run has the rest of its window.
    Successor(Run),
    /// Nothing was left. A run was opened and finished with that.
    Empty,
    /// Somebody else ended it first, or its operator holds it.
    Overtaken,
}

/// Replaces `run`, or finds the one that replaced it.
pub(super) async fn succeed(hop: &mut Hop<'_>, run: Run) -> Result<Next, HopError> {
    check_table(&mut hop.session, hop.means, run.kind).await?;
    let opening = Opening::of(hop);
    let outcome = match hop.session.run(async |conn| replace(conn, opening, &run).await).await? {
        Succession::Successor(successor) => {
            // Of the tick's own run the successor is what was asked for.
            hop.asked.take_if(|request| request.is_of_tick(run.tick));
            return Ok(Next::TakeUp(successor));
        }
        Succession::Empty => Outcome::NothingToDo,
        Succession::Overtaken => Outcome::Stopped,
    };
    Ok(hop.asked.take().map_or(Next::Over(Some(run.id), outcome), Next::Open))
}

async fn replace(conn: &mut Conn, opening: Opening<'_>, run: &Run) -> Result<Succession, HopError> {
    let Opening { means, began, .. } = opening;
    let (table, version) = (means.table(), means.model.version().shown());
    if is_braked(conn, means, run).await? {
        return Ok(Succession::Overtaken);
    }
    if matches!(run.state, RunState::Running | RunState::Failed) {
        let ground = census::ground(table).ask(conn).await?;
        let new = NewRun {
            kind: run.kind,
            mode: run.mode,
            tick: None, // The run's own, by which a second delivery is known.
            window: run.window,
            chained: run.chained,
            policy: run.policy,
            model: version.clone(),
            lanes: means.work.lanes,
            workers: means.work.workers,
            items: None,
            now: began.time,
            deadline: run.deadline,
            tells: means.work.tells,
        };
        match open_run(conn, opening, ground, new, Some(run)).await {
            Ok(Opened::New(new)) => return Ok(Succession::Successor(new.run)),
            Ok(Opened::Empty(_)) => return Ok(Succession::Empty),
            Ok(Opened::Overtaken) => {}
            // Of a failed run that was to be tried again: another one was opened meanwhile.
            Err(error) if error.is_duplicate() => rollback().ask(conn).await?,
            Err(error) => return Err(error),
        }
    }
    let earlier = earlier(table, run.kind, None, means.work.max_attempts, began.time);
    let (now, earlier) = runs::find(table, run.id).and(earlier).ask(conn).await?;
    let successor = now.and_then(|run| successor(&version, &run, earlier.unfinished));
    Ok(successor.map_or(Succession::Overtaken, Succession::Successor))
}

/// Fails a run over whose window models took turns for too long. One that has failed already is tried again
/// only by a tick.
async fn is_braked(conn: &mut Conn, means: Means<'_>, run: &Run) -> Result<bool, StoreError> {
    let table = means.table();
    if run.state != RunState::Running
        || run.writes_one_piece()
        || runs::idle_takeovers(table, run).ask(conn).await? < IDLE_TAKEOVERS
    {
        return Ok(false);
    }
    let why = format!(
        "models {} and {} took this window from each other {IDLE_TAKEOVERS} times with nothing done; let all functions \
         and commands that work on this table have one model",
        run.model,
        means.model.version()
    );
    Ok(stop(conn, means, run.id, RunState::Failed, Some(&why)).await? == Steered::Done)
}

/// The `unfinished` run, if it is one of the model `version` that replaced `run`, by somebody who may have
/// vanished then.
pub(super) fn successor(version: &ShownVersion, run: &Run, unfinished: Option<Run>) -> Option<Run> {
    let is_replaced = run.state == RunState::Cancelled && run.model != *version;
    unfinished.filter(|unfinished| is_replaced && unfinished.model == *version)
}
