//! How large a lane's next page is, and how far it looks for items.

use std::time::Duration;

/// What a page should take at most: so long another client's write to one of its rows may wait.
const PAGE_GOAL: Duration = Duration::from_millis(100);

/// A page is not made smaller than this: its round trips would outweigh its rows.
const SMALLEST_PAGE: u32 = 100;

/// Pages after one that was in vain before they may grow again: a server that takes no larger statement
/// would else refuse every second page.
const NO_LARGER_FOR: u32 = 32;

/// What a lane learns from page to page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Items of the next page, at most.
    size: u32,
    /// `PAGE_SIZE`.
    largest: u32,
    /// Whether the page under way was begun before, in vain.
    begun: bool,
    /// Pages that may not grow yet.
    cautious: u32,
    reach: Reach,
}

impl Pace {
    /// The pace of a lane whose last page had at most `size` items, where `largest` are allowed.
    pub(super) fn new(size: u32, largest: u32) -> Self {
        let size = size.clamp(1, largest);
        Self { size, largest, begun: false, cautious: 0, reach: Reach::new(size) }
    }

    /// A page begins. The second time over, the first was in vain: rows were locked, or the page was too
    /// large for the way. Then half of it is tried. Answers how many items it may have.
    pub(super) fn begin(&mut self) -> u32 {
        if std::mem::replace(&mut self.begun, true) {
            self.resize(self.size / 2);
            self.cautious = NO_LARGER_FOR;
        }
        self.size
    }

    /// How far a page looks that begins after the lane's `cursor`, and at most up to its end.
    pub(super) fn upto(&self, cursor: i64, high: i64) -> i64 {
        self.reach.upto(cursor, high)
    }

    /// How many items the next page may have, and how many keys ahead it is looked at most, where they are no numbers.
    pub(super) fn rows_ahead(&self) -> (u64, u64) {
        (self.size.into(), self.reach.ids.unsigned_abs())
    }

    /// That look ahead took some time.
    pub(super) fn looked_ahead(&mut self, took: Duration) {
        self.reach.learn(self.size as usize, took, self.size);
    }

    /// The page's items were `found` after some time.
    pub(super) fn found(&mut self, items: usize, took: Duration) {
        self.reach.learn(items, took, self.size);
    }

    /// The page begins again, as small as any, and so do those after it for a while.
    pub(super) fn smallest(&mut self) {
        self.again();
        self.resize(SMALLEST_PAGE);
        self.cautious = NO_LARGER_FOR;
    }

    /// A page begins again for another reason than that it was in vain.
    pub(super) fn again(&mut self) {
        self.begun = false;
    }

    /// A page of `items` was committed, after all of the time that it took. Answers how many the next
    /// may have.
    pub(super) fn committed(&mut self, items: usize, took: Duration) -> u32 {
        self.begun = false;
        let may_grow = items >= self.size as usize && self.cautious == 0;
        self.cautious = self.cautious.saturating_sub(1);
        let fitting = f64::from(self.size) * PAGE_GOAL.as_secs_f64() / took.as_secs_f64().max(1e-6);
        if took > PAGE_GOAL || (may_grow && fitting > 1.5 * f64::from(self.size)) {
            // Saturates; at most twice or half at once, since a single page may be an accident.
            self.resize((fitting as u32).clamp(self.size / 2, self.size.saturating_mul(2)));
        }
        self.size
    }

    fn resize(&mut self, size: u32) {
        self.size = size.max(SMALLEST_PAGE).min(self.largest);
    }
}

/// How far ahead of the cursor a page looks for pending items, in ids; where keys are no numbers, in rows.
///
/// Without a limit, a page over a stretch with nothing pending would scan all of it in one
/// statement, longer than any deadline on a large table. The reach doubles while reading is quick
/// and finds little, and halves when it is slow.
#[derive(Clone, Copy, Debug)]
struct Reach {
    ids: i64,
}

impl Reach {
    /// The first reach in pages: a window's rows mostly lie close together.
    const FIRST_PAGES: i64 = 16;
    /// A read that took less leaves room to look further.
    const QUICK: Duration = Duration::from_millis(50);
    /// A read that took longer looked too far.
    const SLOW: Duration = Duration::from_millis(250);

    fn new(page_size: u32) -> Self {
        Self { ids: Self::FIRST_PAGES * i64::from(page_size) }
    }

    fn upto(&self, cursor: i64, high: i64) -> i64 {
        cursor.saturating_add(self.ids).min(high)
    }

    fn learn(&mut self, found: usize, took: Duration, page_size: u32) {
        if took > Self::SLOW {
            self.ids = (self.ids / 2).max(i64::from(page_size));
        } else if took < Self::QUICK && found < page_size as usize {
            self.ids = self.ids.saturating_mul(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reach_grows_over_a_stretch_without_pending_items_and_stays_over_full_pages() {
        let mut reach = Reach::new(100);
        let first = reach.upto(0, i64::MAX);
        reach.learn(100, Duration::from_millis(1), 100);
        assert_eq!(reach.upto(0, i64::MAX), first);
        reach.learn(0, Duration::from_millis(1), 100);
        assert_eq!(reach.upto(0, i64::MAX), 2 * first);
    }

    #[test]
    fn a_slow_read_halves_the_reach_down_to_a_page() {
        let mut reach = Reach::new(100);
        for _ in 0..50 {
            reach.learn(3, Duration::from_secs(1), 100);
        }
        assert_eq!(reach.upto(0, i64::MAX), 100);
    }

    #[test]
    fn the_reach_ends_at_the_lane() {
        let mut reach = Reach::new(100);
        for _ in 0..100 {
            reach.learn(0, Duration::ZERO, 100);
        }
        assert_eq!(reach.upto(i64::MAX - 5, i64::MAX - 1), i64::MAX - 1);
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_slow_page_makes_the_next_smaller_and_quick_full_ones_make_it_larger_again() {
        let mut pace = Pace::new(4000, 5000);
        pace.begin();
        assert_eq!(pace.committed(4000, ms(160)), 2500);
        assert_eq!(pace.committed(2500, ms(90)), 2500);
        assert_eq!(pace.committed(10, ms(1)), 2500, "a page that is not full tells nothing");
        assert_eq!(pace.committed(2500, ms(40)), 5000, "PAGE_SIZE is the limit");
    }

    #[test]
    fn one_page_changes_the_size_by_half_or_double_at_most() {
        let mut pace = Pace::new(1000, 5000);
        assert_eq!(pace.committed(1000, ms(1)), 2000);
        assert_eq!(pace.committed(2000, ms(60_000)), 1000);
        for _ in 0..10 {
            pace.committed(1000, ms(60_000));
        }
        assert_eq!(pace.begin(), SMALLEST_PAGE);
    }

    #[test]
    fn a_page_that_was_in_vain_is_tried_with_half_its_items() {
        let mut pace = Pace::new(1000, 5000);
        assert_eq!(pace.begin(), 1000);
        assert_eq!(pace.begin(), 500);
        pace.again();
        assert_eq!(pace.begin(), 500);
    }

    #[test]
    fn after_a_page_in_vain_pages_stay_small_for_a_while() {
        let mut pace = Pace::new(1000, 5000);
        pace.begin();
        pace.begin();
        for _ in 0..NO_LARGER_FOR {
            assert_eq!(pace.committed(500, ms(1)), 500);
        }
        assert_eq!(pace.committed(500, ms(1)), 1000);
    }

    #[test]
    fn a_small_page_size_stays_as_it_is() {
        let mut pace = Pace::new(10, 10);
        assert_eq!(pace.committed(10, ms(60_000)), 10);
        pace.begin();
        assert_eq!(pace.begin(), 10);
    }
}
