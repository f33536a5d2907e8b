//! A run belongs to the model that it was opened with. Where another model meets it, after a
//! deployment, the run is ended and one of the new model's own takes over what is left.

use mysql_async::Conn;

use super::open::{Opening, Plan, Planned, open_planned};
use crate::store::StoreError;
use crate::store::runs::Run;

/// What became of a run of another model.
#[derive(Debug)]
pub(super) enum Succession {
    /// This run has the rest of its window.
    Successor(Run),
    /// Nothing was left. A run was opened and finished with that.
    Empty,
    /// Somebody else ended it first, or its operator holds it.
    Overtaken,
}

/// Ends `run` and opens its successor over the same window: both or neither. What it wrote stays,
/// and is its model's.
pub(super) async fn succeed(conn: &mut Conn, opening: Opening<'_>, run: &Run) -> Result<Succession, StoreError> {
    let plan = Plan {
        kind: run.kind,
        mode: run.mode,
        tick: None, // The run's own, by which a second delivery is known.
        window: run.window,
        chained: run.chained,
        policy: run.policy,
    };
    Ok(match open_planned(conn, opening, plan, Some(run)).await? {
        Planned::New(run) => Succession::Successor(run),
        Planned::Empty(_) => Succession::Empty,
        Planned::Overtaken => Succession::Overtaken,
    })
}
