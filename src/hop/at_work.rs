//! A run at work.

use super::means::Means;
use crate::config::ItemsTable;
use crate::store::runs::Run;

/// A run, and what it is worked on with.
#[derive(Clone, Copy, Debug)]
pub(super) struct AtWork<'a> {
    pub run: &'a Run,
    pub means: Means<'a>,
}

impl<'a> AtWork<'a> {
    /// The items table.
    pub(super) fn table(self) -> &'a ItemsTable {
        self.means.table()
    }
}
