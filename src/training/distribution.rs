//! The distribution of each feature over the training rows: what drift is measured against.

use super::scaling::mean_and_variance;
use crate::model::{Feature, FeatureDistribution, FeatureKind};

/// With more categories than this they are counted by deciles, as numbers are.
const MOST_BINS: usize = 64;

/// The distribution of each feature over `rows`, at least one.
pub(super) fn distribution(features: &[Feature], rows: &[Vec<f64>]) -> Vec<FeatureDistribution> {
    let of = |(at, feature): (usize, &Feature)| {
        let values: Vec<f64> = rows.iter().map(|row| row[at]).filter(|value| !value.is_nan()).collect();
        let gaps = (rows.len() - values.len()) as f64 / rows.len() as f64;
        let distribution = match &feature.kind {
            FeatureKind::Category { categories, .. } if categories.len() < MOST_BINS => {
                FeatureDistribution::of_codes(&values, categories.len())
            }
            _ => FeatureDistribution::of(&values),
        };
        FeatureDistribution { gaps, ..distribution }
    };
    features.iter().enumerate().map(of).collect()
}

impl FeatureDistribution {
    /// Of categories: a bin for each, and one for those that were never seen.
    fn of_codes(codes: &[f64], categories: usize) -> Self {
        let mut counts = vec![0; categories + 1];
        codes.iter().for_each(|&code| counts[(code as usize).min(categories)] += 1);
        let share = |count: usize| count as f64 / codes.len().max(1) as f64;
        Self {
            edges: (0..categories).map(|code| code as f64).collect(),
            shares: counts.into_iter().map(share).collect(),
            ..Self::of(codes)
        }
    }

    /// Of `values`.
    fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            let nothing =
                Self { min: 0.0, max: 0.0, mean: 0.0, deviation: 0.0, edges: vec![], shares: vec![1.0], gaps: 0.0 };
            return nothing;
        }
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
    use crate::model::{Category, Rule};

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
    fn a_category_has_a_bin_for_each_and_one_for_the_unseen() {
        let categories = ["a", "b", "c"].map(|text| Category::Text(text.into())).to_vec();
        let kind = FeatureKind::Category { categories, unseen: Rule::Taken };
        let feature = Feature { name: "x".into(), kind, missing: Rule::Taken };
        let rows: Vec<Vec<f64>> = [0.0, 2.0, f64::NAN, 2.0, 0.0].iter().map(|&code| vec![code]).collect();
        let found = &distribution(&[feature], &rows)[0];
        assert_eq!((&found.edges[..], &found.shares[..]), (&[0.0, 1.0, 2.0][..], &[0.5, 0.0, 0.5, 0.0][..]));
        assert_eq!((found.gaps, found.max), (0.2, 2.0));
    }

    #[test]
    fn a_constant_feature_is_one_bin() {
        let distribution = FeatureDistribution::of(&[3.0; 4]);
        assert_eq!(distribution.edges, [0.0; 0]);
        assert_eq!(distribution.shares, [1.0]);
    }
}
