//! A run belongs to the model that it was opened with. Where another model meets it, after a
//! deployment, the run is ended and one of the new model's own takes over what is left.

use mysql_async::Conn;

use super::census::{self, Ground};
use super::check::Unfit;
use super::open::{Opening, Plan, Planned, open_planned};
use super::{Hop, HopError, Relay};
use crate::answer::{Answer, Outcome};
use crate::run::RunState;
use crate::store::StoreError;
use crate::store::earlier::earlier;
use crate::store::runs::{self, Run};
use crate::store::session::Session;

/// What became of a run of another model.
#[derive(Debug)]
pub(super) enum Succession {
    /// This run has the rest of its window.
    Successor(Run),
    /// Nothing was left. A run was opened and finished with that.
    Empty,
    /// Somebody else ended it first, or its operator holds it.
    Overtaken,
    /// Its rows are not the new model's; nothing was done.
    Unfit(Unfit),
}

/// Ends `run` and opens its successor over the same window: both or neither. What it wrote stays,
/// and is its model's.
pub(super) async fn succeed(
    conn: &mut Conn,
    opening: Opening<'_>,
    run: &Run,
    ground: Ground,
) -> Result<Succession, StoreError> {
    let plan = Plan {
        kind: run.kind,
        mode: run.mode,
        tick: None, // The run's own, by which a second delivery is known.
        window: run.window,
        chained: run.chained,
        policy: run.policy,
        deadline: run.deadline,
    };
    Ok(match open_planned(conn, opening, plan, Some(run), ground).await? {
        Planned::New(run, _) => Succession::Successor(run),
        Planned::Empty(_) => Succession::Empty,
        Planned::Overtaken => Succession::Overtaken,
        Planned::Unfit(unfit) => Succession::Unfit(unfit),
    })
}

/// The `unfinished` run, if it replaced `run`, by somebody who may have vanished then.
pub(super) fn successor(opening: Opening<'_>, run: &Run, unfinished: Option<Run>) -> Option<Run> {
    let version = opening.model.version().to_string();
    let is_replaced = run.state == RunState::Cancelled && run.model_version != version;
    unfinished.filter(|unfinished| is_replaced && unfinished.model_version == version)
}

/// Replaces `run`, or finds the one that replaced it.
async fn take_over(conn: &mut Conn, opening: Opening<'_>, run: &Run) -> Result<Succession, StoreError> {
    let table = opening.database.items_table();
    if run.state == RunState::Running {
        let ground = census::ground(table).ask(conn).await?;
        match succeed(conn, opening, run, ground).await? {
            Succession::Overtaken => {}
            succession => return Ok(succession),
        }
    }
    let earlier = earlier(table, run.kind, None, opening.work.max_attempts, opening.now);
    let (now, earlier) = runs::find(table, run.id).and(earlier).ask(conn).await?;
    let successor = now.and_then(|run| successor(opening, &run, earlier.unfinished));
    Ok(successor.map_or(Succession::Overtaken, Succession::Successor))
}

impl<R: Relay> Hop<'_, R> {
    /// The run is another model's: goes on with a run of this one's own.
    pub(super) async fn take_over(&self, session: &mut Session, run: &Run) -> Result<Answer, HopError> {
        self.check_table(session).await?;
        let opening = self.opening();
        let taken = session.run(async |conn| take_over(conn, opening, run).await).await?;
        match taken {
            Succession::Successor(run) => self.take_up(session, &run).await,
            Succession::Empty => self.respond(session, run.id, Outcome::NothingToDo).await,
            Succession::Unfit(unfit) => Err(unfit.into()),
            Succession::Overtaken => self.respond(session, run.id, Outcome::Stopped).await,
        }
    }
}
