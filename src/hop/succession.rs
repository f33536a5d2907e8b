//! A run belongs to the model that it was opened with. Where another model meets it, after a
//! deployment, the run is ended and one of the new model's own takes over what is left.

use mysql_async::Conn;

use super::census;
use super::check::check_table;
use super::error::HopError;
use super::next::Next;
use super::opening::{Opened, Opening, open_run};
use super::relay::Relay;
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::model::ShownVersion;
use crate::run::RunState;
use crate::store::earlier::earlier;
use crate::store::runs::{self, NewRun, Run};
use crate::store::statement::rollback;

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
pub(super) async fn succeed<R: Relay>(hop: &mut Hop<'_, R>, run: Run) -> Result<Next, HopError> {
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
    let Opening { means, now, .. } = opening;
    let (table, version) = (means.table(), means.model.version().shown());
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
            now,
            deadline: run.deadline,
        };
        match open_run(conn, opening, ground, new, Some(run)).await {
            Ok(Opened::New(run, _)) => return Ok(Succession::Successor(run)),
            Ok(Opened::Empty(_)) => return Ok(Succession::Empty),
            Ok(Opened::Overtaken) => {}
            // Of a failed run that was to be tried again: another one was opened meanwhile.
            Err(error) if error.is_duplicate() => rollback().ask(conn).await?,
            Err(error) => return Err(error),
        }
    }
    let earlier = earlier(table, run.kind, None, means.work.max_attempts, now);
    let (now, earlier) = runs::find(table, run.id).and(earlier).ask(conn).await?;
    let successor = now.and_then(|run| successor(&version, &run, earlier.unfinished));
    Ok(successor.map_or(Succession::Overtaken, Succession::Successor))
}

/// The `unfinished` run, if it is one of the model `version` that replaced `run`, by somebody who may have
/// vanished then.
pub(super) fn successor(version: &ShownVersion, run: &Run, unfinished: Option<Run>) -> Option<Run> {
    let is_replaced = run.state == RunState::Cancelled && run.model != *version;
    unfinished.filter(|unfinished| is_replaced && unfinished.model == *version)
}
