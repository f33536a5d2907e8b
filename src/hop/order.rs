//! In which order a run walks the items of its window, where the order of keys says nothing of when they arrived.

use mysql_async::Conn;

use super::scope::Scope;
use crate::run::RunKind;
use crate::store::lanes::Source;
use crate::store::{StoreError, share};

/// A window is walked in order of its items' arrival if the table has at least so many times as many rows.
///
/// Whoever walks the key looks at every row of the table, and whoever walks the times of arrival at those of the window
/// alone, but each of these takes longer, since the rows lie anywhere.
const WORTH_IT: u64 = 10;

/// Fewer rows than these are looked at in no time.
const FEW: u64 = 10_000;

/// Where a run's items come from, if not from what was set aside. A sweep and a backfill are about most of a table.
pub(super) async fn source(conn: &mut Conn, scope: Scope<'_>) -> Result<Source, StoreError> {
    let (table, window) = (scope.means.table(), scope.window);
    if scope.kind != RunKind::Window || window.from.is_none() || table.arrivals.is_none() {
        return Ok(Source::Items);
    }
    let of_table = share::of_table(table).ask(conn).await?;
    if of_table < FEW {
        return Ok(Source::Items);
    }
    let of_window = share::of_window(conn, table, &window).await?;
    tracing::debug!(%window, of_window, of_table, "the window's share of the table");
    Ok(if is_small(of_window, of_table) { Source::Arrivals } else { Source::Items })
}

fn is_small(of_window: u64, of_table: u64) -> bool {
    of_window.checked_mul(WORTH_IT).is_some_and(|least| least <= of_table)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_small_beside_a_large_table() {
        assert!(is_small(20_000, 1_000_000) && is_small(0, FEW));
        assert!(!is_small(110_000, 1_000_000) && !is_small(u64::MAX, u64::MAX));
    }
}
