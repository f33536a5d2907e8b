//! `MAX_FAILED_PERCENT`: whether a run has more items that cannot be scored than may be.

use super::at_work::AtWork;
use crate::store::totals::Totals;
use crate::words;

/// Items that tell, where a run's are too many to be counted.
const SAMPLE: u64 = 100_000;

/// Failures that are too many, and of how many items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany {
    failed: u64,
    of: u64,
    percent: u32,
}

impl TooMany {
    /// Of a run whose lanes are all done.
    pub(super) fn at_the_end(at_work: AtWork<'_>, totals: &Totals) -> Option<Self> {
        Self::of(at_work, totals.fresh_failed, totals.fresh_done)
    }

    /// Of a run whose lanes are at work: it fails, whatever is still to come. A part of it tells nothing, for those that
    /// cannot be scored often came together.
    pub(super) fn so_far(at_work: AtWork<'_>, totals: &Totals) -> Option<Self> {
        let (failed, done) = (totals.fresh_failed, totals.fresh_done);
        match at_work.run.items {
            Some(items) => Self::of(at_work, failed, items.max(done)),
            None => Self::of(at_work, failed, done).filter(|_| done >= SAMPLE),
        }
    }

    fn of(at_work: AtWork<'_>, failed: u64, of: u64) -> Option<Self> {
        let work = at_work.means.work;
        let is_too_many = !at_work.run.writes_one_piece() && work.has_too_many(failed, of);
        is_too_many.then_some(Self { failed, of, percent: work.max_failed_percent })
    }

    /// Why the run fails.
    pub(super) fn why(self) -> String {
        let (failed, items) = (words::count(self.failed), words::items(self.of));
        format!("{failed} of {items} cannot be scored, more than {} % (MAX_FAILED_PERCENT)", self.percent)
    }
}
