//! How the last run stands.

use super::error::HopError;
use super::next::Next;
use super::under_way::Hop;
use crate::answer::Outcome;
use crate::store::runs;

/// Looks for the last run.
pub(super) async fn look_up(hop: &mut Hop<'_>) -> Result<Next, HopError> {
    let table = hop.means.table();
    let run = hop.session.ask(|| runs::latest(table)).await?;
    Ok(Next::Over(run.map(|run| run.id), Outcome::Status))
}
