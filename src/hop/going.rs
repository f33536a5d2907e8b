//! How a lane goes on from page to page.

use std::mem::take;
use std::time::Duration;

use super::at_work::AtWork;
use super::horizon::Horizon;
use super::pace::Pace;
use super::scope::Scope;
use super::writing::Manner;
use crate::run::Pass;
use crate::store::StoreError;
use crate::store::ids::Ids;
use crate::store::items::Locking;
use crate::store::key::Key;
use crate::store::lanes::{Lane, Place, Position};
use crate::store::looks::Look;
use crate::store::pages::{Beginning, Page};
use crate::store::pending::PendingItems;
use crate::store::selection::Selection;
use crate::store::wanted::Wanted;

/// A lane under way.
#[derive(Debug)]
pub(super) struct Going<'a> {
    pub at_work: AtWork<'a>,
    pub lane: Lane,
    pub expected: Expected,
    /// Up to where the next pages look, where the keys are no numbers.
    pub horizon: Horizon,
    pub pace: Pace,
    /// How the next page is written.
    pub manner: Manner,
    /// What the last commit took.
    pub commit: Duration,
    /// The memory of the last page, for the items of the next.
    memory: PendingItems,
    /// And of the statement that wrote it.
    pub statement: Vec<u8>,
    /// The next page, if it was begun, on the connection of the last.
    pub ahead: Option<Ahead<'a>>,
}

/// A page that was begun, or why not, in the round trip of the commit before it.
#[derive(Debug)]
pub(super) struct Ahead<'a> {
    pub page: Page<'a>,
    pub beginning: Result<Beginning, StoreError>,
}

impl<'a> Going<'a> {
    pub(super) fn new(at_work: AtWork<'a>, lane: Lane) -> Self {
        let (cursor, look) = (lane.cursor.clone(), lane.look.clone());
        Self {
            at_work,
            expected: Expected { cursor, look, failures_ahead: true },
            horizon: Horizon::default(),
            manner: Manner::AtOnce,
            pace: Pace::new(lane.page_size, at_work.means.work.page_size),
            lane,
            commit: Duration::ZERO,
            memory: PendingItems::default(),
            statement: Vec::new(),
            ahead: None,
        }
    }

    /// The next page, as far as is known.
    pub(super) fn next_page(&mut self) -> Page<'a> {
        let limit = self.pace.begin();
        let Ids { after, upto } = self.ids_ahead();
        let upto = match (&after, &upto, self.horizon.upto()) {
            (Key::Id(after), Key::Id(end), _) => Key::Id(self.pace.upto(*after, *end)),
            (_, _, Some(horizon)) => horizon.clone(),
            (_, _, None) => upto,
        };
        let (at_work, locking) = (self.at_work, locking(self.at_work, &self.expected.look));
        Page {
            run: at_work.run,
            lane: self.lane.number,
            wanted: self.wanted(),
            ids: Ids { after, upto },
            limit,
            locking,
            density: self.horizon.density(),
            stretch: at_work.means.work.nice.stretch(),
        }
    }

    /// The items that the lane takes, as far as is known.
    pub(super) fn wanted(&self) -> Wanted<'a> {
        let which = self.expected.selection(self.at_work, &self.lane);
        self.at_work.means.wanted(which).by(self.lane.source.order())
    }

    /// The keys that are still to be looked at.
    pub(super) fn ids_ahead(&self) -> Ids {
        Ids { after: self.expected.cursor.clone(), upto: self.expected.look.upto.clone() }
    }

    /// How many keys ahead it is looked, where they are no numbers.
    pub(super) fn rows_ahead(&self) -> u64 {
        let (page, most) = self.pace.rows_ahead();
        self.horizon.rows_ahead(page, most)
    }

    /// Whether it is known how far the next page may look.
    pub(super) fn sees_ahead(&self) -> bool {
        self.expected.cursor.id().is_some() || self.horizon.upto().is_some_and(|far| *far != self.expected.cursor)
    }

    /// The database refuses an item of the page: it is begun again, smaller, and written in parts.
    pub(super) fn in_parts(&mut self) {
        self.manner = Manner::InParts;
        self.pace.smallest();
    }

    /// Memory for the next page's items.
    pub(super) fn memory(&mut self) -> PendingItems {
        take(&mut self.memory)
    }

    /// A page is written that began at a position, and the lane goes on from this place; the next page takes
    /// over its memory.
    pub(super) fn wrote(&mut self, items: PendingItems, position: &Position, to: &Place) {
        self.horizon.found(items.len());
        self.memory = items;
        self.manner = Manner::AtOnce;
        if to.look.number != position.look.number {
            self.horizon.forget();
        }
        let (cursor, look) = (to.cursor.clone(), to.look.clone());
        self.expected = Expected { cursor, look, failures_ahead: position.failures_ahead };
    }
}

/// What is not written is not locked. In a look at what was locked before, some of it may be locked still.
fn locking(at_work: AtWork<'_>, look: &Look) -> Locking {
    let (run, is_only_read) = (at_work.run, at_work.table().target.scores().is_some());
    if run.pass == Pass::Check || !run.mode.writes() || is_only_read {
        Locking::None
    } else if look.number == 0 {
        Locking::AllOrNone
    } else {
        Locking::Skip
    }
}

/// What the next page of a lane is expected to find, so that one round trip locks and reads. The
/// lane row, under its lock, has the last word.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    cursor: Key,
    look: Look,
    /// Whether items ahead may have been set aside, which are passed by.
    failures_ahead: bool,
}

impl Expected {
    pub(super) fn at(position: &Position) -> Self {
        Self { cursor: position.cursor.clone(), look: position.look.clone(), failures_ahead: position.failures_ahead }
    }

    pub(super) fn fits(&self, position: &Position) -> bool {
        (&self.cursor, &self.look) == (&position.cursor, &position.look)
            && (self.failures_ahead || !position.failures_ahead)
    }

    /// Where nothing was set aside, not even the question costs anything.
    fn selection(&self, at_work: AtWork<'_>, lane: &Lane) -> Selection {
        let selection = Scope::of(at_work).selection(lane.source);
        if self.failures_ahead { selection } else { selection.where_none_is_set_aside() }
    }
}
