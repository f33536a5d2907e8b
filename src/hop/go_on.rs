//! A continuation arrived. It is trusted for nothing but where to look.

use serde_json::json;

use super::check::{check_zone, look_at_table};
use super::error::HopError;
use super::next::Next;
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::event::Continuation;
use crate::run::{RunKind, RunState};
use crate::store::lanes::Due;
use crate::store::trace::{Act, acting, saw};
use crate::store::{hold, lanes, returned, runs};

/// Does what a continuation asks for, as far as it still holds.
pub(super) async fn go_on(hop: &mut Hop<'_>, message: Continuation) -> Result<Next, HopError> {
    let Continuation { run_id: id, worker, hop: number, not_before, .. } = message;
    look_at_table(&mut hop.session, hop.means).await?;
    check_zone(&mut hop.session, hop.means.table()).await?;
    let table = hop.means.table();
    let found = acting(&[Act::GoOn], None, hop.session.ask(|| runs::find(table, id))).await?;
    saw(
        Act::GoOn,
        None,
        || json!({ "state": found.as_ref().map(|run| run.state), "pass": found.as_ref().map(|run| run.pass) }),
    );
    let Some(run) = found else {
        tracing::warn!(run = %id, table = table.as_str(), "a continuation of a run that the table does not have");
        return Ok(Next::Over(None, Outcome::Stale));
    };
    hop.means.database.remember_work();
    match run.state {
        _ if run.kind == RunKind::Canary => {
            // It has no lanes. That its message came back is all that was to be seen.
            hop.session.run(async |conn| returned::note(conn, id).await).await?;
            return Ok(Next::Over(Some(id), Outcome::Stale));
        }
        RunState::Running | RunState::Cancelled if run.model != hop.means.model.version().shown() => {
            return Ok(Next::Succeed(run));
        }
        RunState::Running => {}
        RunState::Succeeded | RunState::SucceededWithFailures => return Ok(Next::Over(Some(id), Outcome::Stale)),
        RunState::Paused | RunState::Failed | RunState::Cancelled => {
            return Ok(Next::Over(Some(id), Outcome::Stopped));
        }
    }
    let hold = hop.session.ask(|| hold::hold(id, worker).and(lanes::unfinished(id, worker)));
    let (held, lanes) = acting(&[Act::GoOnHold], None, hold).await?;
    let due = lanes.iter().map(|lane| lane.hop).max();
    saw(Act::GoOnHold, None, || json!({ "is_mine": held, "number": due }));
    if !held {
        return Ok(Next::Over(Some(id), Outcome::AlreadyRunning));
    }
    let Some(due) = due else {
        // The worker vanished between its last page and the end of the run, or is long done.
        return Ok(Next::Finish(run));
    };
    // Who looks again after a wait works itself: others that came meanwhile count on that, and sent nobody.
    if number < due && not_before.is_none() {
        // An old message, and nobody at work: whoever sent it may have vanished before sending
        // the next. Sending that again is harmless, once the lanes are free for whoever gets it.
        acting(&[Act::SendAgainRelease], None, hop.session.ask(hold::release)).await?;
        saw(Act::SendAgainRelease, None, || json!({}));
        let sent = hop.send(hop.continuation(id, Due { worker, hop: due }), Act::SendAgain).await?;
        hop.done.sent.push(sent);
        return Ok(Next::Over(Some(id), Outcome::Stale));
    }
    // The lanes' own number, not the message's: no message can use up the hops that are left.
    Ok(Next::Work(run, Due { worker, hop: due }))
}
