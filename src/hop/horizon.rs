//! How far a lane sees where keys are no numbers: up to a key that lies so many rows ahead. When it gets there, it knows
//! how many of these rows were its own.

use crate::store::density::Density;
use crate::store::key::Key;

/// What a lane sees.
#[derive(Debug, Default)]
pub(super) struct Horizon {
    upto: Option<Key>,
    /// Rows up to there.
    rows: u64,
    /// Items that were found among them by now.
    found: u64,
    density: Density,
}

/// Pages of the first stretch: few, for learning soon how dense the lane's items lie. Yet not only one: a hop that has time for
/// no more is to get over rows that are not its own.
const FIRST_PAGES: u64 = 4;

/// A stretch is at most so many times as long as the one before it.
const GROWTH: u64 = 4;

impl Horizon {
    /// The last key that is seen, if it is known.
    pub(super) fn upto(&self) -> Option<&Key> {
        self.upto.as_ref()
    }

    /// How many rows ahead it is looked next, by a lane whose pages have so many items and which looks no further than
    /// `most` rows.
    pub(super) fn rows_ahead(&self, page: u64, most: u64) -> u64 {
        (self.rows * GROWTH).max(FIRST_PAGES * page).min(most)
    }

    /// So many rows are seen from here on. Those that were seen before are behind the lane.
    pub(super) fn sees(&mut self, upto: Key, rows: u64) {
        if self.rows > 0 {
            self.density = if self.found * 2 > self.rows { Density::Dense } else { Density::Sparse };
        }
        *self = Self { upto: Some(upto), rows, found: 0, density: self.density };
    }

    /// Some more of the rows ahead were the lane's own.
    pub(super) fn found(&mut self, items: usize) {
        self.found += items as u64;
    }

    /// The lane is elsewhere.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What was learnt of the last stretch.
    pub(super) fn density(&self) -> Density {
        self.density
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(horizon: &mut Horizon) -> u64 {
        let rows = horizon.rows_ahead(100, 1600);
        horizon.sees(Key::text("k"), rows);
        rows
    }

    #[test]
    fn it_is_looked_further_ahead_from_stretch_to_stretch() {
        let mut horizon = Horizon::default();
        assert_eq!([(); 3].map(|()| next(&mut horizon)), [400, 1600, 1600]);
        horizon.forget();
        assert_eq!(horizon.upto(), None);
        assert_eq!(next(&mut horizon), 400);
    }

    #[test]
    fn a_stretch_tells_how_dense_the_next_one_is() {
        let mut horizon = Horizon::default();
        next(&mut horizon);
        horizon.found(400);
        assert_eq!(horizon.density(), Density::Sparse, "nobody knows");
        next(&mut horizon);
        assert_eq!(horizon.density(), Density::Dense);
        horizon.found(800);
        next(&mut horizon);
        assert_eq!(horizon.density(), Density::Sparse);
    }
}
