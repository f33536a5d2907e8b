//! How long a training may take, before it starts.

use std::time::Duration;

use super::data::Dataset;
use super::gram::MAX_ROWS;

/// How much work a data set is for the solver. Twice as many rows in a class pair take about seven
/// times as long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// Rows of the largest class pair.
    pub largest_pair: usize,
    /// About the longest that a training takes. Classes that are easy to tell apart take a fraction
    /// of it. A large C on classes that overlap takes several times as long.
    pub estimate: Duration,
}

/// Whether a training is reasonable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Up to about an hour.
    Reasonable,
    /// Above [`Workload::REASONABLE_ROWS`]: hours.
    Long,
    /// Above [`Workload::MOST_ROWS`]: the kernel values do not fit into memory.
    TooLarge,
}

/// Measured with five features and two classes that overlap (accuracy 0.65), C = 1: 0.9 s at 250
/// rows, 6.6 s at 500, 47 s at 1,000 (one core).
const SECONDS_AT_THOUSAND: f64 = 46.0;
const EXPONENT: f64 = 2.8;

impl Workload {
    /// Up to this number of rows of a class pair, a training takes an hour or less.
    pub const REASONABLE_ROWS: usize = 5_000;
    /// The largest number of rows of a class pair that can be trained on.
    pub const MOST_ROWS: usize = MAX_ROWS;

    /// Of a training on `data`, cross-validation included.
    #[must_use]
    pub fn of(data: &Dataset) -> Self {
        let mut counts = vec![0; data.classes.len()];
        data.labels.iter().for_each(|&label| counts[label] += 1);
        let pairs = counts.iter().enumerate().flat_map(|(i, one)| counts[i + 1..].iter().map(move |other| one + other));
        let seconds = |rows: usize| SECONDS_AT_THOUSAND * libm::pow(rows as f64 / 1000.0, EXPONENT);
        Self {
            largest_pair: pairs.clone().max().unwrap_or(0),
            estimate: Duration::from_secs_f64(pairs.map(seconds).sum()),
        }
    }

    /// Whether a training of this size is reasonable.
    #[must_use]
    pub fn size(&self) -> Size {
        match self.largest_pair {
            rows if rows <= Self::REASONABLE_ROWS => Size::Reasonable,
            rows if rows <= Self::MOST_ROWS => Size::Long,
            _ => Size::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(rows: [usize; 3]) -> Workload {
        let mut csv = String::from("x,kind\n");
        for (class, rows) in rows.into_iter().enumerate() {
            csv.extend((0..rows).map(|row| format!("{row},{class}\n")));
        }
        Workload::of(&Dataset::from_csv(csv.as_bytes(), "kind").unwrap())
    }

    #[test]
    fn the_largest_pair_counts_and_all_pairs_take_time() {
        let small = workload([100, 900, 50]);
        assert_eq!((small.largest_pair, small.size()), (1000, Size::Reasonable));
        assert!((50.0..100.0).contains(&small.estimate.as_secs_f64()), "{small:?}");
        assert_eq!(workload([2500, 2501, 1]).size(), Size::Long);
        assert_eq!(workload([10_000, 1, 10_001]).size(), Size::TooLarge);
    }
}
