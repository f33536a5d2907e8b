//! How a lane goes on from page to page.

use std::mem::take;
use std::time::Duration;

use super::job::Job;
use super::pace::Pace;
use super::scope::Scope;
use crate::store::StoreError;
use crate::store::lanes::{Lane, Position};
use crate::store::pages::{Begun, Page};
use crate::store::pending::PendingItems;
use crate::store::selection::Selection;
use crate::store::wanted::Ids;

/// A lane under way.
#[derive(Debug)]
pub(super) struct Going<'a> {
    pub job: Job<'a>,
    pub lane: Lane,
    pub expected: Expected,
    pub pace: Pace,
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
    pub begun: Result<Begun, StoreError>,
}

impl<'a> Going<'a> {
    pub(super) fn new(job: Job<'a>, lane: Lane) -> Self {
        Self {
            job,
            lane,
            expected: Expected { cursor: lane.cursor, failures_ahead: true },
            pace: Pace::new(lane.page_size, job.means.work.page_size),
            commit: Duration::ZERO,
            memory: PendingItems::default(),
            statement: Vec::new(),
            ahead: None,
        }
    }

    /// The next page, as far as is known.
    pub(super) fn next_page(&mut self) -> Page<'a> {
        let Self { job, lane, expected, .. } = *self;
        let after = expected.cursor;
        let (limit, upto) = self.pace.begin(after, lane.high);
        let wanted = job.means.wanted(expected.selection(job, lane));
        Page { run: job.run, lane: lane.number, wanted, ids: Ids { after, upto }, limit }
    }

    /// Memory for the next page's items.
    pub(super) fn memory(&mut self) -> PendingItems {
        take(&mut self.memory)
    }

    /// A page is written, and the lane goes on from here; the next one takes over its memory.
    pub(super) fn wrote(&mut self, items: PendingItems, position: Position) {
        self.memory = items;
        self.expected = Expected::at(position);
    }
}

/// What the next page of a lane is expected to find, so that one round trip locks and reads. The
/// lane row, under its lock, has the last word.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    cursor: i64,
    /// Whether items ahead may have been set aside, which are passed by.
    failures_ahead: bool,
}

impl Expected {
    pub(super) fn at(position: Position) -> Self {
        Self { cursor: position.cursor, failures_ahead: position.failures_ahead }
    }

    pub(super) fn fits(self, position: Position) -> bool {
        self.cursor == position.cursor && (self.failures_ahead || !position.failures_ahead)
    }

    /// Where nothing was set aside, not even the question costs anything.
    fn selection(self, job: Job<'_>, lane: Lane) -> Selection {
        let selection = Scope::of(job).selection(lane.source);
        if self.failures_ahead { selection } else { selection.where_none_is_set_aside() }
    }
}
