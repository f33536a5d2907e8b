//! `read_page`: the next items of a lane, and how far they reach.

use mysql_async::Conn;

use super::going::{Ahead, Going};
use crate::config::ItemsTable;
use crate::store::ids::Ids;
use crate::store::items::Locking;
use crate::store::key::Key;
use crate::store::lanes::Position;
use crate::store::pages::{Beginning, Begun, Page};
use crate::store::pending::PendingItems;
use crate::store::statement::rollback;
use crate::store::{StoreError, items, pages, reading, turn};

/// Reads the next page, if `ahead` was not begun before. Where others have some of its rows locked, these are
/// left out.
pub(super) async fn read_page<'a>(
    conn: &mut Conn,
    going: &mut Going<'a>,
    ahead: Option<Ahead<'a>>,
) -> Result<(Page<'a>, Begun), StoreError> {
    let Ahead { page, beginning } = match ahead {
        Some(ahead) => ahead,
        None => {
            if !going.sees_ahead() {
                look_ahead(conn, going).await?;
            }
            let page = going.next_page();
            let beginning = pages::begin(conn, &page, going.memory()).await;
            Ahead { page, beginning }
        }
    };
    if let Beginning::Begun(begun) = beginning? {
        return Ok((page, *begun));
    }
    rollback().ask(conn).await?;
    let page = Page { locking: Locking::Skip, ..page };
    match pages::begin(conn, &page, PendingItems::default()).await? {
        Beginning::Begun(begun) => Ok((page, *begun)),
        Beginning::Locked => Err(StoreError::Unexpected("rows that are skipped were waited for".into())),
    }
}

/// Looks how far the next pages may look, where that cannot be computed.
async fn look_ahead(conn: &mut Conn, going: &mut Going<'_>) -> Result<(), StoreError> {
    let (ids, rows, begun) = (going.ids_ahead(), going.rows_ahead(), turn::now());
    let far = items::horizon(going.wanted(), &ids, rows).ask(conn).await?;
    going.pace.looked_ahead(turn::since(begun));
    going.horizon.sees(far.unwrap_or(ids.upto), rows);
    Ok(())
}

/// How far a page reaches.
pub(super) struct Reached {
    /// Every item up to here is on it, or it was skipped.
    pub cursor: Key,
    /// Items that others have locked.
    pub skipped: u64,
}

/// How far a page reaches that has `found` these items.
pub(super) async fn reached(
    conn: &mut Conn,
    page: &Page<'_>,
    position: &Position,
    found: &PendingItems,
) -> Result<Reached, StoreError> {
    let end = match found.last_place() {
        // Where failures are walked, their order counts, which is that of their keys' texts, too.
        Some(last) if found.len() >= page.limit as usize || found.is_cut() => {
            // The next page begins behind it, and behind any other row of it.
            if let Some(key) = reading::shared(page.wanted.table, [last].into_iter()).ask(conn).await? {
                return Err(reading::is_shared(page.wanted.table, key));
            }
            last.like(&page.ids.upto)
        }
        _ => page.ids.upto.clone(),
    };
    let skipped = match page.locking {
        Locking::Skip => {
            let wanted = items::count(page.wanted, &Ids { upto: end.clone(), ..page.ids.clone() }).ask(conn).await?;
            wanted.saturating_sub(found.len() as u64)
        }
        Locking::None | Locking::AllOrNone => 0,
    };
    let ahead = Ids { after: end.clone(), upto: position.look.upto.clone() };
    let cursor = if found.is_empty() { skip_gap(conn, page.wanted.table, ahead).await? } else { end };
    Ok(Reached { cursor, skipped })
}

/// The cursor after a page that found nothing: just before the next of these ids that there is. Between texts there
/// are no gaps: a page looks so many rows ahead.
async fn skip_gap(conn: &mut Conn, table: &ItemsTable, ids: Ids) -> Result<Key, StoreError> {
    if ids.numbers().is_none() {
        return Ok(ids.after);
    }
    if ids.is_empty() {
        return Ok(ids.upto);
    }
    Ok(items::next_id(table, &ids).ask(conn).await?.map_or(ids.upto, |id| Key::Id(id - 1)))
}
