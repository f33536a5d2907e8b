//! Counting pending items: many of them in halves, side by side, for which a second connection is
//! opened. One after the other, the counts would be a tenth of a large run's time.

use futures_util::future::try_join;
use mysql_async::Conn;
use mysql_async::prelude::Queryable;

use super::check::{Unfit, check_rows};
use super::scope::Scope;
use crate::store::counts::{self, Extent};
use crate::store::lanes::Source;
use crate::store::selection::Selection;
use crate::store::{Database, Doing, StoreError, failures};

/// Fewer ids than these are counted in the time that a connection takes to open.
const WORTH_A_CONNECTION: u64 = 30_000;

/// Where the items of a run lie, by where they come from; within, why its rows are not the model's.
pub(super) async fn extents(
    conn: &mut Conn,
    database: &Database,
    scope: Scope<'_>,
) -> Result<Result<Vec<(Source, Extent)>, Unfit>, StoreError> {
    let (table, model) = (database.items_table(), scope.model);
    let is_any_set_aside = failures::any(conn, table).await?;
    let mut extents = Vec::new();
    for &source in scope.sources() {
        let selection = match (source, is_any_set_aside) {
            (_, true) => scope.selection(source),
            (Source::Items, false) => scope.selection(source).where_none_is_set_aside(),
            (Source::Failures, false) => continue,
        };
        let extent = extent(conn, database, selection, model.features()).await?;
        if let (Source::Items, Some(extent)) = (source, extent)
            && let Err(unfit) = check_rows(conn, table, model, selection, extent).await?
        {
            return Ok(Err(unfit));
        }
        extents.extend(extent.map(|extent| (source, extent)));
    }
    Ok(Ok(extents))
}

/// Where the items of `selection` lie, and how many there are; `None` if there are none.
pub(super) async fn extent(
    conn: &mut impl Queryable,
    database: &Database,
    selection: Selection,
    features: &[String],
) -> Result<Option<Extent>, StoreError> {
    let table = database.items_table();
    // What is bounded by a window's beginning or by earlier failures is found by its own key.
    let ends = if selection.is_unbounded() { counts::ends(conn, table).await? } else { None };
    let Some((low, middle, high)) = ends.and_then(halves) else {
        return counts::extent(conn, table, selection, features, None).await;
    };
    let lower = counts::extent(conn, table, selection, features, Some((low, middle)));
    let upper = async {
        let mut second = database.connect().await?;
        let upper = counts::extent(&mut second, table, selection, features, Some((middle, high))).await?;
        second.disconnect().await.doing("disconnecting")?;
        Ok(upper)
    };
    Ok(match try_join(lower, upper).await? {
        (Some(lower), Some(upper)) => {
            let items = lower.items.zip(upper.items).map(|(lower, upper)| lower + upper);
            Some(Extent { low: lower.low, high: upper.high, items })
        }
        (lower, upper) => lower.or(upper),
    })
}

/// How many items of `selection` have ids in `(low, high]`; `None`: too many to count in time.
pub(super) async fn count(
    conn: &mut impl Queryable,
    database: &Database,
    selection: Selection,
    features: &[String],
    (low, high): (i64, i64),
) -> Result<Option<u64>, StoreError> {
    let table = database.items_table();
    let selection = counts::lightened(conn, table, selection).await?;
    let Some((low, middle, high)) = halves((low, high)) else {
        return counts::count(conn, table, selection, features, (low, high)).await;
    };
    let lower = counts::count(conn, table, selection, features, (low, middle));
    let upper = async {
        let mut second = database.connect().await?;
        let upper = counts::count(&mut second, table, selection, features, (middle, high)).await?;
        second.disconnect().await.doing("disconnecting")?;
        Ok(upper)
    };
    let (lower, upper) = try_join(lower, upper).await?;
    Ok(lower.zip(upper).map(|(lower, upper)| lower + upper))
}

/// `(low, high]` with its middle, if it is worth a second connection.
fn halves((low, high): (i64, i64)) -> Option<(i64, i64, i64)> {
    let ids = low.abs_diff(high);
    (ids > WORTH_A_CONNECTION).then(|| (low, low.saturating_add_unsigned(ids / 2), high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_ids_are_halved_and_few_are_not() {
        assert_eq!(halves((0, 30_000)), None);
        assert_eq!(halves((0, 1_000_000)), Some((0, 500_000, 1_000_000)));
        assert_eq!(halves((i64::MIN, i64::MAX)), Some((i64::MIN, -1, i64::MAX)));
    }
}
