//! What still waits for a prediction when a window is worked off.

use mysql_async::Conn;

use super::census;
use super::error::HopError;
use super::lane_sessions::LaneSessions;
use super::means::Means;
use super::terms::end_by_hand;
use crate::store::clock;
use crate::store::selection::Selection;
use crate::window::Window;

/// Pending items that were never set aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Those that arrived since: the next window takes them.
    pub newer: u64,
    /// Those that arrived before the window, or without a time: only a sweep finds them.
    pub older: u64,
}

/// Counts what waits beside `window`; `None`: too much to count in time.
///
/// # Errors
/// The database's.
pub async fn waiting(conn: &mut Conn, means: Means<'_>, window: Window) -> Result<Option<Waiting>, HopError> {
    let now = clock::present().ask(conn).await?;
    let ground = census::ground(means.table()).ask(conn).await?;
    let lanes = LaneSessions::new(means.database, 1);
    let count = async |conn: &mut Conn, from| {
        let wanted = means.wanted(Selection::Fresh(Window { from, to: end_by_hand(now) }));
        let wanted = if ground.is_any_set_aside { wanted } else { wanted.where_none_is_set_aside() };
        let extent = census::extent(conn, &lanes, wanted, ground.ends).await?;
        Ok::<_, HopError>(extent.map_or(Some(0), |extent| extent.items))
    };
    let newer = count(conn, window.from).await;
    let all = match (&newer, window.from) {
        (Ok(Some(_)), Some(_)) => count(conn, None).await,
        // From the beginning, there is nothing before.
        (Ok(newer), _) => Ok(*newer),
        (Err(_), _) => Ok(None),
    };
    lanes.close().await;
    Ok(newer?.zip(all?).map(|(newer, all)| Waiting { newer, older: all.saturating_sub(newer) }))
}
