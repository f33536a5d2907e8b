//! Time is up before the lanes are done.

use serde_json::json;

use super::end::stop;
use super::error::HopError;
use super::next::Next;
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::run::RunState;
use crate::store::hold;
use crate::store::lanes::Due;
use crate::store::runs::Run;
use crate::store::trace::{Act, acting, saw};

/// Hands the lanes over to the worker's next hop, unless it has used up its hops.
pub(super) async fn hand_over(hop: &mut Hop<'_>, run: &Run, due: Due) -> Result<Next, HopError> {
    let (next, max_hops) = (due.next(), hop.means.work.max_hops);
    // Numbers go on where the attempt before stopped: each has as many.
    if next.hop > max_hops.saturating_mul(run.attempt) && !run.writes_one_piece() {
        let why = format!("worker {} used up its {max_hops} hops (MAX_HOPS)", due.worker);
        let means = hop.means;
        hop.session.run(async |conn| stop(conn, means, run.id, RunState::Failed, Some(&why)).await).await?;
        return Ok(Next::Over(Some(run.id), Outcome::Stopped));
    }
    // Lets go first: the continuation may be delivered before this hop has ended.
    acting(&[Act::HandOverRelease], None, hop.session.ask(hold::release)).await?;
    saw(Act::HandOverRelease, None, || json!({}));
    let sent = hop.send_off(run.id, next, (Act::HandOverDue, Act::SendContinuation)).await?;
    hop.done.sent.insert(0, sent);
    Ok(Next::Over(Some(run.id), Outcome::Continued))
}
