//! Counting pending items: many of them in halves, side by side. One after the other, the counts would be
//! a tenth of a large run's time.

use futures_util::future::try_join;
use mysql_async::Conn;

use super::check::check_rows;
use super::error::HopError;
use super::lane_sessions::LaneSessions;
use super::order;
use super::scope::Scope;
use crate::config::ItemsTable;
use crate::store::counts::{self, Extent};
use crate::store::ids::Ids;
use crate::store::lanes::Source;
use crate::store::statement::Statement;
use crate::store::wanted::Wanted;
use crate::store::{StoreError, failures};

/// Fewer ids than these are counted at once, whoever counts.
const WORTH_HALVING: u64 = 30_000;

/// What is known of a table before its items are counted.
#[derive(Clone, Debug)]
pub(super) struct Ground {
    pub is_any_set_aside: bool,
    /// As [`counts::ends`] has them.
    pub ends: Option<Ids>,
}

/// Looks at a table.
pub(super) fn ground(table: &ItemsTable) -> Statement<Ground> {
    failures::any(table).and(counts::ends(table)).map(|(is_any_set_aside, ends)| Ground { is_any_set_aside, ends })
}

/// Where the items of a run lie, by where they come from. Fails where its rows are not the model's.
pub(super) async fn extents(
    conn: &mut Conn,
    lanes: &LaneSessions,
    scope: Scope<'_>,
    ground: &Ground,
) -> Result<Vec<(Source, Extent)>, HopError> {
    let mut extents = Vec::new();
    for &source in scope.sources() {
        let source = if source.is_window() { order::source(conn, scope).await? } else { source };
        let wanted = scope.means.wanted(scope.selection(source)).by(source.order());
        let wanted = match (source, ground.is_any_set_aside) {
            (_, true) => wanted,
            (Source::Items | Source::Arrivals, false) => wanted.where_none_is_set_aside(),
            (Source::Failures, false) => continue,
        };
        let Some(extent) = extent(conn, lanes, wanted, ground.ends.as_ref()).await? else { continue };
        if source.is_window() {
            check_rows(conn, wanted, &extent).await?;
        }
        extents.push((source, extent));
    }
    Ok(extents)
}

/// Where wanted items lie, and how many there are; `None` if there are none. `ends` are the table's, as
/// [`counts::ends`] has them.
pub(super) async fn extent(
    conn: &mut Conn,
    lanes: &LaneSessions,
    wanted: Wanted<'_>,
    ends: Option<&Ids>,
) -> Result<Option<Extent>, StoreError> {
    // What is bounded by a window's beginning or by earlier failures is found by its own key.
    let unbounded = ends.filter(|_| wanted.which.is_unbounded());
    let Some(ids) = unbounded.and_then(worth_halving) else {
        return counts::extent(conn, wanted, None).await;
    };
    let one = async |conn: &mut Conn, half| counts::extent(conn, wanted, Some(half)).await;
    Ok(match halves(conn, lanes, ids, one).await? {
        (Some(lower), Some(upper)) => {
            let items = lower.items.zip(upper.items).map(|(lower, upper)| lower + upper);
            Some(Extent { ids: Ids { after: lower.ids.after, upto: upper.ids.upto }, items })
        }
        (lower, upper) => lower.or(upper),
    })
}

/// How many wanted items have one of these ids; `None`: too many to count in time.
pub(super) async fn count(
    conn: &mut Conn,
    lanes: &LaneSessions,
    wanted: Wanted<'_>,
    ids: &Ids,
) -> Result<Option<u64>, StoreError> {
    // A history may have many more scores than there are items: where comparing takes too long, counting may not.
    let one = async |conn: &mut Conn, ids: Ids| match counts::are_scored(conn, wanted, &ids).await? {
        true => Ok(Some(0)),
        false => counts::count(conn, wanted, &ids).await,
    };
    let Some(both) = worth_halving(ids) else { return one(conn, ids.clone()).await };
    let (lower, upper) = halves(conn, lanes, both, one).await?;
    Ok(lower.zip(upper).map(|(lower, upper)| lower + upper))
}

/// What the two halves of some ids come to, the upper one asked by a lane's session.
async fn halves<T>(
    conn: &mut Conn,
    lanes: &LaneSessions,
    [lower, upper]: [Ids; 2],
    one: impl AsyncFn(&mut Conn, Ids) -> Result<T, StoreError>,
) -> Result<(T, T), StoreError> {
    let upper = async { lanes.first().await.run(async |conn| one(conn, upper.clone()).await).await };
    try_join(one(conn, lower), upper).await
}

/// The two halves, where these are worth it. Texts have no middle.
fn worth_halving(ids: &Ids) -> Option<[Ids; 2]> {
    ids.halves().filter(|_| ids.len().is_some_and(|ids| ids > WORTH_HALVING))
}
