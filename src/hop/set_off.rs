//! How a hop comes to the lanes that it works on.

use serde_json::json;

use super::error::HopError;
use super::next::Next;
use super::rest::looks_again;
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::run::RunState;
use crate::store::lanes::{Due, FIRST, FIRST_CLAIM};
use crate::store::runs::Run;
use crate::store::trace::{Act, acting, saw};
use crate::store::{hold, lanes};

/// Takes up an unfinished run, with the workers whose lanes are not finished.
pub(super) async fn take_up(hop: &mut Hop<'_>, run: Run) -> Result<Next, HopError> {
    if run.state != RunState::Running {
        return Ok(Next::Over(Some(run.id), Outcome::Stopped));
    }
    let due = acting(&[Act::TakeUp], None, hop.session.ask(|| lanes::due(run.id))).await?;
    saw(
        Act::TakeUp,
        None,
        || json!({ "run": run.id, "due": due.iter().map(|due| (due.worker, due.hop)).collect::<Vec<_>>() }),
    );
    Ok(if due.is_empty() { Next::Finish(run) } else { Next::SetOff(run, due) })
}

/// Holds the lanes of the first worker that nobody else holds, and sends off the others that nobody
/// holds. Of a new run these are all; of an unfinished one they are those that vanished, but not those that wait.
pub(super) async fn set_off(hop: &mut Hop<'_>, run: Run, due: Vec<Due>) -> Result<Next, HopError> {
    let id = run.id;
    let mut mine = None;
    for due in due {
        if mine.is_none() {
            let ask = || hold::hold(id, due.worker).and(lanes::latest(id, due.worker));
            let (held, (latest, claim)) = acting(&[Act::SetOff], None, hop.session.ask(ask)).await?;
            saw(
                Act::SetOff,
                None,
                || json!({ "worker": due.worker, "is_mine": held, "number": latest.hop, "claim": claim }),
            );
            if held {
                // Read once they are held: before that, hops may have come and gone, and the queue would take the
                // number after theirs for a duplicate.
                let is_born_mine = due.next() == FIRST && (latest, claim) == (FIRST, FIRST_CLAIM);
                mine = Some(if is_born_mine { FIRST } else { latest.next() });
            }
            continue;
        }
        let is_held = acting(&[Act::SetOff], None, hop.session.ask(|| hold::is_held(id, due.worker))).await?;
        saw(Act::SetOff, None, || json!({ "worker": due.worker, "is_held": is_held }));
        if !is_held && !looks_again(hop, &run, due.worker).await? {
            // A new number even where a hop was due: the queue would take the same message for a
            // duplicate, and whoever still has the old one finds it stale.
            let sent = hop.send_off(id, due.next(), (Act::SetOffDue, Act::SetOffSend)).await?;
            hop.done.sent.push(sent);
        }
    }
    Ok(mine.map_or(Next::Over(Some(id), Outcome::AlreadyRunning), |due| Next::Work(run, due)))
}
