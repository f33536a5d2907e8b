//! The distribution of each feature over the training rows: what drift is measured against.

use super::scaling::mean_and_variance;
use crate::model::FeatureDistribution;

/// The distribution of each feature over `rows`, at least one.
pub(super) fn distribution(rows: &[Vec<f64>]) -> Vec<FeatureDistribution> {
    (0..rows[0].len())
        .map(|feature| rows.iter().map(|row| row[feature]).collect::<Vec<_>>())
        .map(|values| FeatureDistribution::of(&values))
        .collect()
}

impl FeatureDistribution {
    /// Of `values`, at least one.
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let (mean, variance) = mean_and_variance(values.iter().copied());
        let (min, max) = (sorted[0], sorted[sorted.len() - 1]);
        let mut edges: Vec<f64> = (1..10)
            // The nearest rank: an edge is a value that occurs.
            .map(|decile| sorted[(decile * sorted.len()).div_ceil(10) - 1])
            // Nothing lies above the largest value.
            .filter(|&edge| edge < max)
            .collect();
        edges.dedup();
        let up_to = |edge: &f64| sorted.partition_point(|value| value <= edge);
        let ends: Vec<usize> = edges.iter().map(up_to).chain([sorted.len()]).collect();
        let shares = (0..ends.len())
            .map(|bin| ends[bin] - bin.checked_sub(1).map_or(0, |before| ends[before]))
            .map(|count| count as f64 / sorted.len() as f64)
            .collect();
        Self { min, max, mean, deviation: variance.sqrt(), edges, shares, gaps: 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distinct_values_fall_into_ten_equal_bins() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        let distribution = FeatureDistribution::of(&values);
        assert_eq!(distribution.edges, [9.0, 19.0, 29.0, 39.0, 49.0, 59.0, 69.0, 79.0, 89.0]);
        assert_eq!(distribution.shares, [0.1; 10]);
        assert_eq!((distribution.min, distribution.max), (0.0, 99.0));
    }

    #[test]
    fn repeated_values_make_fewer_bins_and_no_empty_one() {
        let distribution = FeatureDistribution::of(&[2.0, 1.0, 1.0, 1.0, 1.0]);
        assert_eq!(distribution.edges, [1.0]);
        assert_eq!(distribution.shares, [0.8, 0.2]);
    }

    #[test]
    fn a_constant_feature_is_one_bin() {
        let distribution = FeatureDistribution::of(&[3.0; 4]);
        assert_eq!(distribution.edges, [0.0; 0]);
        assert_eq!(distribution.shares, [1.0]);
    }
}
