//! Others are told of runs that ended: by the hop that ended one, or by a later hop, if that could not.
//!
//! What is to be told stands on the run's row from when it is opened, whoever ends it. It is told first and noted then: a
//! crash in between tells it twice, with the same id, and none loses it.

use std::time::Duration;

use super::ended::{Ended, Tally};
use super::relay::NotTold;
use super::under_way::Hop;
use crate::config::ItemsTable;
use crate::run::{Channel, Channels};
use crate::store::StoreError;
use crate::store::status;
use crate::store::tellings::{self, PATIENCE_D, Untold};
use crate::words;

/// Runs that somebody may refuse, until nobody asks them again in this hop.
const REFUSALS: usize = 10;

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
    let (own, ways) = (hop.means.table(), hop.means.work.tells);
    let places = hop.session.ask(|| tellings::places(own)).await?;
    let untold = hop.session.ask(|| tellings::untold_of_each(&places, ways)).await?;
    let mut reach = Reach { ways, refused: Vec::new() };
    for (table, _) in places.iter().zip(untold).filter(|(_, untold)| !untold.is_empty()) {
        if has_time(hop) && hop.session.ask(|| tellings::hold(table)).await? {
            tell_of(hop, table, &mut reach, tally).await?;
        }
    }
    Ok(())
}

/// Who can be told, as far as this hop knows. Who cannot be reached is not asked again for the next run: each try takes
/// seconds. Who refused one run may take another.
struct Reach {
    ways: Channels,
    /// By which ways runs were refused.
    refused: Vec<Channel>,
}

impl Reach {
    fn failed(&mut self, by: Channel, why: &NotTold) {
        self.refused.extend(matches!(why, NotTold::Refused(_)).then_some(by));
        let refusals = self.refused.iter().filter(|way| **way == by).count();
        if matches!(why, NotTold::Unreached(_)) || refusals >= REFUSALS {
            self.ways = self.ways.without(by);
        }
    }
}

/// Tells of the runs over a table.
async fn tell_of(
    hop: &mut Hop<'_>,
    table: &ItemsTable,
    reach: &mut Reach,
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let ways = hop.means.work.tells;
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
            false if !untold.to.iter().any(|way| reach.ways.has(way)) => continue,
            false => tell_all(hop, table, untold, reach, tally).await?,
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
    table: &ItemsTable,
    untold: Untold,
    reach: &mut Reach,
    tally: &mut Tally,
) -> Result<Channels, StoreError> {
    let (means, run, mut left) = (hop.means, untold.run, untold.to);
    let Some(line) = hop.session.ask(|| status::find(table, run)).await? else { return Ok(left) };
    let ended = Ended::new(means.database.name(), table, line);
    for by in untold.to.iter() {
        if !reach.ways.has(by) || !has_time(hop) {
            continue;
        }
        match hop.relay.tell(by, &ended).await {
            Ok(()) => {
                tracing::info!(%run, %by, "told that the run ended");
                left = left.without(by);
                tally.told += 1;
            }
            Err(why) => {
                let (NotTold::Refused(error) | NotTold::Unreached(error)) = &why;
                let error = words::chain(&**error);
                tracing::error!(%run, %by, error, "could not tell that the run ended; a later hop tries again");
                reach.failed(by, &why);
                tally.failed += 1;
            }
        }
    }
    Ok(left)
}
