//! Others are told of runs that ended: by the hop that ended one, or by a later hop, if that could not.
//!
//! What is to be told stands on the run's row from when it is opened, whoever ends it. It is told first and noted then: a
//! crash in between tells it twice, with the same id, and none loses it.

use std::time::Duration;

use super::ended::{Ended, Tally};
use super::under_way::Hop;
use crate::run::Channels;
use crate::store::StoreError;
use crate::store::status;
use crate::store::tellings::{self, PATIENCE_D, Untold};
use crate::words;

/// Tells of the runs that ended and were not told yet, if anybody wants to know. No hop fails for it.
pub(super) async fn tell_in_passing(hop: &mut Hop<'_>) {
    if hop.means.work.tells.is_empty() || !has_time(hop) {
        return;
    }
    let mut tally = Tally::default();
    if let Err(error) = tell(hop, &mut tally).await {
        tracing::warn!(
            error = words::chain(&error),
            "it is not known whose end is to be told; a later hop looks again"
        );
    }
    if tally != Tally::default() {
        hop.relay.told(tally);
    }
}

/// A call has limits of its own, which are shorter than what is left then.
fn has_time(hop: &Hop<'_>) -> bool {
    hop.clock.allows(Duration::ZERO)
}

async fn tell(hop: &mut Hop<'_>, tally: &mut Tally) -> Result<(), StoreError> {
    let (table, ways) = (hop.means.table(), hop.means.work.tells);
    if hop.session.ask(|| tellings::untold(table, ways)).await?.is_empty()
        || !hop.session.ask(|| tellings::hold(table)).await?
    {
        return Ok(());
    }
    // Who cannot be told of one run is not asked again for the next: each try takes seconds.
    let mut reachable = ways;
    // Whoever told until now told some of them. The connection ends with the hop, and the hold with it.
    for untold in hop.session.ask(|| tellings::untold(table, ways)).await? {
        let left = match untold.is_too_old {
            true => {
                let (run, by) = (untold.run, untold.to);
                tracing::error!(%run, %by, days = PATIENCE_D, "nobody could be told that the run ended, and nobody will be");
                tally.given_up += 1;
                Channels::default()
            }
            false if !has_time(hop) => return Ok(()),
            false if !untold.to.iter().any(|way| reachable.has(way)) => continue,
            false => tell_all(hop, untold, &mut reachable, tally).await?,
        };
        if left != untold.to {
            hop.session.ask(|| tellings::leave(untold, left)).await?;
        }
    }
    Ok(())
}

/// Tells everybody who is reachable of one run; who is left.
async fn tell_all(
    hop: &mut Hop<'_>,
    untold: Untold,
    reachable: &mut Channels,
    tally: &mut Tally,
) -> Result<Channels, StoreError> {
    let (means, run) = (hop.means, untold.run);
    let (table, mut left) = (means.table(), untold.to);
    let Some(line) = hop.session.ask(|| status::find(table, run)).await? else { return Ok(left) };
    let ended = Ended::new(means.database.name(), table, line);
    for by in untold.to.iter() {
        if !reachable.has(by) || !has_time(hop) {
            continue;
        }
        match hop.relay.tell(by, &ended).await {
            Ok(()) => {
                tracing::info!(%run, %by, "told that the run ended");
                left = left.without(by);
                tally.told += 1;
            }
            Err(error) => {
                let error = words::chain(&*error);
                tracing::error!(%run, %by, error, "could not tell that the run ended; a later hop tries again");
                *reachable = reachable.without(by);
                tally.failed += 1;
            }
        }
    }
    Ok(left)
}
