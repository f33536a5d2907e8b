//! What a run has done so far, in numbers.

use serde::Serialize;

use super::Mode;

/// The counts of a run, whole: `items = predicted + failed + pending`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Items that the run predicted.
    pub predicted: u64,
    /// Items that the run set aside.
    pub failed: u64,
    /// Items of the window that are still to be worked off.
    pub pending: u64,
    /// Pages that the run committed.
    pub pages: u64,
}

impl Counts {
    /// The same counts of a run of so many `items`, of which the rest is pending. `None`: they were too
    /// many to be counted, and nothing is known to be pending.
    #[must_use]
    pub fn of_items(self, items: Option<u64>) -> Self {
        let done = self.predicted + self.failed;
        Self { pending: items.unwrap_or(done).saturating_sub(done), ..self }
    }

    /// Together with those of another run.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            predicted: self.predicted + other.predicted,
            failed: self.failed + other.failed,
            pending: self.pending + other.pending,
            pages: self.pages + other.pages,
        }
    }
}

/// How a backfill's predictions differ from those that the items had, summed over its pages.
///
/// An item is compared if its old prediction is an array of as many numbers as the model has
/// classes. They are taken to be the same classes, in the same order.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Changes {
    /// Items that were compared.
    pub compared: u64,
    /// Of these, items of which another class is the most probable now. Of equals it is the first.
    pub changed_class: u64,
    /// Over these, the sum of each item's mean over the classes of |new − old| probability.
    pub absolute_change: f64,
}

/// A sum of changes is no greater: SQL has no infinite number, and adds up those of the lanes.
const MOST_CHANGE: f64 = 1e300;

impl Changes {
    /// The change of a probability, on average over the items and the classes; `None` if no item
    /// was compared.
    pub fn mean_absolute_change(&self) -> Option<f64> {
        (self.compared > 0).then(|| self.absolute_change / self.compared as f64)
    }
}

impl std::ops::Add for Changes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            compared: self.compared + other.compared,
            changed_class: self.changed_class + other.changed_class,
            absolute_change: (self.absolute_change + other.absolute_change).min(MOST_CHANGE),
        }
    }
}

/// What a backfill changes, or in a dry run would.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Backfill {
    /// Whether no item was touched.
    pub dry_run: bool,
    /// Items that were compared, see [`Changes`].
    pub compared: u64,
    /// Items whose old prediction could not be compared with the new one.
    pub incomparable: u64,
    /// Compared items of which another class is the most probable now.
    pub changed_class: u64,
    /// The mean over compared items and classes of |new − old| probability.
    pub mean_absolute_change: Option<f64>,
}

impl Backfill {
    /// The report on `predicted` items of a backfill.
    pub fn new(mode: Mode, predicted: u64, changes: &Changes) -> Self {
        Self {
            dry_run: !mode.writes(),
            compared: changes.compared,
            incomparable: predicted.saturating_sub(changes.compared),
            changed_class: changes.changed_class,
            mean_absolute_change: changes.mean_absolute_change(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_add_up_to_a_number_however_large_they_are() {
        let large = Changes { compared: 1, absolute_change: f64::INFINITY, ..Changes::default() };
        let sum = (0..1000).fold(Changes::default(), |sum, _| sum + large);
        assert!((0..1_000_000).map(|_| sum.absolute_change).sum::<f64>().is_finite(), "of a million lanes");
    }
}
