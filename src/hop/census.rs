//! Counting pending items: many of them in halves, side by side, for which a second connection is
//! opened. One after the other, the counts would be a tenth of a large run's time.

use futures_util::future::try_join;
use mysql_async::prelude::Queryable;

use crate::store::items::{self, Extent};
use crate::store::selection::Selection;
use crate::store::{Database, Doing, StoreError};

/// Fewer ids than these are counted in the time that a connection takes to open.
const WORTH_A_CONNECTION: u64 = 30_000;

/// Where the items of `selection` lie, and how many there are; `None` if there are none.
pub(super) async fn extent(
    conn: &mut impl Queryable,
    database: &Database,
    selection: Selection,
    features: &[String],
) -> Result<Option<Extent>, StoreError> {
    let table = database.items_table();
    // What is bounded by a window's beginning or by earlier failures is found by its own key.
    let ends = if selection.is_unbounded() { items::ends(conn, table).await? } else { None };
    let Some((low, middle, high)) = ends.and_then(halves) else {
        return items::extent(conn, table, selection, features, None).await;
    };
    let mut second = database.connect().await?;
    let extents = try_join(
        items::extent(conn, table, selection, features, Some((low, middle))),
        items::extent(&mut second, table, selection, features, Some((middle, high))),
    );
    let (lower, upper) = extents.await?;
    second.disconnect().await.doing("disconnecting")?;
    Ok(match (lower, upper) {
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
    let Some((low, middle, high)) = halves((low, high)) else {
        return items::count(conn, table, selection, features, (low, high)).await;
    };
    let mut second = database.connect().await?;
    let counts = try_join(
        items::count(conn, table, selection, features, (low, middle)),
        items::count(&mut second, table, selection, features, (middle, high)),
    );
    let (lower, upper) = counts.await?;
    second.disconnect().await.doing("disconnecting")?;
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
