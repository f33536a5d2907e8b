//! How long a training may take, before it starts.

use std::time::Duration;

use super::data::Dataset;
use super::folds::FOLDS;
use super::parallel::threads;
use crate::model::{Feature, FeatureKind, Method, TrainOptions, class_pairs};

/// How much work a data set is for the solver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workload {
    /// Rows of the largest machine, which is that of a class pair where there are classes.
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

/// Seconds for a row, a column, and a decision value of a linear machine, with all its steps.
const SECONDS_OF_LINEAR: f64 = 5e-6;

impl Workload {
    /// Of a training on `data`, cross-validation included.
    #[must_use]
    pub fn of(data: &Dataset, options: &TrainOptions) -> Self {
        let columns = columns(&data.features);
        let width = (columns + BESIDE_FEATURES) / (10.0 + BESIDE_FEATURES);
        let thousands = |rows: usize| rows as f64 / 1000.0;
        let seconds = |rows: usize| SECONDS_AT_THOUSAND * width * thousands(rows) * thousands(rows);
        let rows = data.rows.len();
        let (largest, seconds) = match options.method {
            Method::Svc => {
                let counts = data.rows_per_class();
                let pairs: Vec<usize> =
                    class_pairs(counts.len()).map(|(one, other)| counts[one] + counts[other]).collect();
                let threads = threads(pairs.len() * (1 + FOLDS)) as f64;
                (pairs.iter().copied().max().unwrap_or(0), pairs.into_iter().map(seconds).sum::<f64>() / threads)
            }
            // Six machines in all, where a pair has six of each of six.
            Method::OneClass { .. } | Method::Svr { .. } => (rows, seconds(rows) / FOLDS as f64),
            Method::Logistic | Method::LinearSvc | Method::Linear | Method::Ridge { .. } => {
                let outputs = data.classes().len().max(1) as f64;
                (rows, SECONDS_OF_LINEAR * rows as f64 * columns * outputs)
            }
        };
        Self { largest_pair: largest, estimate: Duration::from_secs_f64(seconds) }
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

/// How many columns a machine has for each row.
fn columns(features: &[Feature]) -> f64 {
    let count = |feature: &Feature| match &feature.kind {
        FeatureKind::Number => 1,
        FeatureKind::Category { categories, .. } => categories.len(),
        FeatureKind::Moment => 4,
    };
    features.iter().map(count).sum::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(rows: [usize; 3]) -> Workload {
        let mut csv = String::from("x,kind\n");
        for (class, rows) in rows.into_iter().enumerate() {
            csv.extend((0..rows).map(|row| format!("{row},{class}\n")));
        }
        Workload::of(&Dataset::from_csv(csv.as_bytes(), "kind").unwrap(), &TrainOptions::default())
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
