//! How long a training may take, before it starts.

use std::time::Duration;

use super::data::Dataset;
use super::folds::FOLDS;
use super::parallel::threads;
/// How much work a data set is for the solver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// Rows of the largest class pair.
    pub largest_pair: usize,
    /// About the longest that a training takes on this machine. Classes that are easy to tell apart take a
    /// fraction of it. A large C on classes that overlap takes several times as long.
    pub estimate: Duration,
}

/// Whether a training is reasonable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// Up to an hour.
    Reasonable,
    /// Hours.
    Long,
}

/// Seconds of one core for a thousand rows of ten features. Measured with C = 1 on two busy cores: 0.3 at
/// 1,000 rows that overlap (accuracy 0.6), 8 at 5,000, 120 at 20,000. Twice as many rows take four times as
/// long: steps grow as the rows, and a step looks at all of them.
const SECONDS_AT_THOUSAND: f64 = 0.35;

/// A kernel value takes as long as so many features, beside its own.
const BESIDE_FEATURES: f64 = 40.0;

impl Workload {
    /// Of a training on `data`, cross-validation included.
    #[must_use]
    pub fn of(data: &Dataset) -> Self {
        let counts = data.rows_per_class();
        let pairs = counts.iter().enumerate().flat_map(|(i, one)| counts[i + 1..].iter().map(move |other| one + other));
        let width = (data.features.len() as f64 + BESIDE_FEATURES) / (10.0 + BESIDE_FEATURES);
        let seconds = |rows: usize| SECONDS_AT_THOUSAND * width * (rows as f64 / 1000.0) * (rows as f64 / 1000.0);
        let machines = pairs.clone().count() * (1 + FOLDS);
        let seconds = pairs.clone().map(seconds).sum::<f64>() / threads(machines) as f64;
        Self { largest_pair: pairs.max().unwrap_or(0), estimate: Duration::from_secs_f64(seconds) }
    }

    /// Of so many trainings.
    #[must_use]
    pub fn times(self, trainings: usize) -> Self {
        Self { estimate: self.estimate * trainings as u32, ..self }
    }

    /// Whether a training of this size is reasonable.
    #[must_use]
    pub fn size(&self) -> Size {
        if self.estimate <= Duration::from_secs(3600) { Size::Reasonable } else { Size::Long }
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
        assert!(small.estimate > workload([100, 900, 0]).estimate);
        let long = workload([250_000, 1, 250_000]);
        assert_eq!((long.largest_pair, long.size()), (500_000, Size::Long));
    }

    #[test]
    fn trainings_add_up() {
        let one = workload([500, 500, 500]);
        assert_eq!(one.times(3).estimate, 3 * one.estimate);
    }
}
