//! Counting pending items: many of them in halves, side by side. One after the other, the counts would be
//! a tenth of a large run's time.

use futures_util::future::try_join;
use mysql_async::Conn;

use super::aside::Aside;
use super::check::{Unfit, check_rows};
use super::scope::Scope;
use crate::config::ItemsTable;
use crate::store::counts::{self, Extent};
use crate::store::lanes::Source;
use crate::store::selection::Selection;
use crate::store::statement::Statement;
use crate::store::{StoreError, failures};

/// Ids `(low, high]`.
type Ids = (i64, i64);

/// Fewer ids than these are counted at once, whoever counts.
const WORTH_HALVING: u64 = 30_000;

/// What is known of a table before its items are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ground {
    is_any_set_aside: bool,
    /// As [`counts::ends`] has them.
    pub ends: Option<Ids>,
}

/// Looks at a table.
pub(super) fn ground(table: &ItemsTable) -> Statement<Ground> {
    failures::any(table).and(counts::ends(table)).map(|(is_any_set_aside, ends)| Ground { is_any_set_aside, ends })
}

/// Where the items of a run lie, by where they come from; within, why its rows are not the model's.
pub(super) async fn extents(
    conn: &mut Conn,
    aside: &Aside,
    table: &ItemsTable,
    scope: Scope<'_>,
    ground: Ground,
) -> Result<Result<Vec<(Source, Extent)>, Unfit>, StoreError> {
    let model = scope.model;
    let Ground { is_any_set_aside, ends } = ground;
    let mut extents = Vec::new();
    for &source in scope.sources() {
        let selection = match (source, is_any_set_aside) {
            (_, true) => scope.selection(source),
            (Source::Items, false) => scope.selection(source).where_none_is_set_aside(),
            (Source::Failures, false) => continue,
        };
        let extent = extent(conn, aside, table, (selection, model.features()), ends).await?;
        if let (Source::Items, Some(extent)) = (source, extent)
            && let Err(unfit) = check_rows(conn, table, model, selection, extent).await?
        {
            return Ok(Err(unfit));
        }
        extents.extend(extent.map(|extent| (source, extent)));
    }
    Ok(Ok(extents))
}

/// Where the items of a selection lie, and how many there are; `None` if there are none. `ends` are the
/// table's, as [`counts::ends`] has them.
pub(super) async fn extent(
    conn: &mut Conn,
    aside: &Aside,
    table: &ItemsTable,
    (selection, features): (Selection, &[String]),
    ends: Option<Ids>,
) -> Result<Option<Extent>, StoreError> {
    // What is bounded by a window's beginning or by earlier failures is found by its own key.
    let Some(halves) = ends.filter(|_| selection.is_unbounded()).and_then(halves) else {
        return counts::extent(conn, table, selection, features, None).await;
    };
    let one = async |conn: &mut Conn, half| counts::extent(conn, table, selection, features, Some(half)).await;
    Ok(match both(conn, aside, halves, one).await? {
        (Some(lower), Some(upper)) => {
            let items = lower.items.zip(upper.items).map(|(lower, upper)| lower + upper);
            Some(Extent { low: lower.low, high: upper.high, items })
        }
        (lower, upper) => lower.or(upper),
    })
}

/// How many items of a selection have ids in `(low, high]`; `None`: too many to count in time.
pub(super) async fn count(
    conn: &mut Conn,
    aside: &Aside,
    table: &ItemsTable,
    (selection, features): (Selection, &[String]),
    range: Ids,
) -> Result<Option<u64>, StoreError> {
    let one = async |conn: &mut Conn, range| counts::count(conn, table, selection, features, range).await;
    let Some(halves) = halves(range) else { return one(conn, range).await };
    let (lower, upper) = both(conn, aside, halves, one).await?;
    Ok(lower.zip(upper).map(|(lower, upper)| lower + upper))
}

/// What two halves come to, one of them asked aside.
async fn both<T>(
    conn: &mut Conn,
    aside: &Aside,
    (lower, upper): (Ids, Ids),
    one: impl AsyncFn(&mut Conn, Ids) -> Result<T, StoreError>,
) -> Result<(T, T), StoreError> {
    let aside = async { aside.first().await.run(async |conn| one(conn, upper).await).await };
    try_join(one(conn, lower), aside).await
}

/// `(low, high]` in halves, if they are worth it.
fn halves((low, high): Ids) -> Option<(Ids, Ids)> {
    let ids = low.abs_diff(high);
    let middle = low.saturating_add_unsigned(ids / 2);
    (ids > WORTH_HALVING).then_some(((low, middle), (middle, high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_ids_are_halved_and_few_are_not() {
        assert_eq!(halves((0, 30_000)), None);
        assert_eq!(halves((0, 1_000_000)), Some(((0, 500_000), (500_000, 1_000_000))));
        assert_eq!(halves((i64::MIN, i64::MAX)), Some(((i64::MIN, -1), (-1, i64::MAX))));
    }
}
