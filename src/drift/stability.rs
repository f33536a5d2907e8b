//! The population stability index of two samples, and the threshold above which it means drift.

use statrs::distribution::{ChiSquared, ContinuousCDF};

/// An index below this is not worth a look, however certain the shift is. This is the usual limit. A
/// normal distribution that shifts by half of its standard deviation has an index of 0.24 over its deciles.
pub const SHIFT: f64 = 0.2;

/// How often a run without drift may be reported as drifted, for all of its features together. With a
/// run every hour, that is once in eleven years.
pub const FALSE_ALARMS: f64 = 1e-5;

/// Added to the count of every bin, so that an empty bin has a logarithm, too. Half a row is Jeffreys'
/// prior.
const SMOOTHING: f64 = 0.5;

/// How different two samples are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stability {
    /// The population stability index, `Σ (p - q) · ln(p / q)` over the bins; 0: the same shares.
    pub psi: f64,
    /// If `psi` is above it, the items drift.
    pub threshold: f64,
}

impl Stability {
    /// Compares the counts of two samples in the same bins. It is one of `tests` comparisons that are
    /// made together. `None` if nothing can be compared: a sample is empty, or there is only one bin.
    ///
    /// Even two samples of the same distribution have an index above 0. With `n` and `m` rows in `B`
    /// bins, `psi / (1/n + 1/m)` follows a χ² distribution with `B - 1` degrees of freedom (B. Yurdakul,
    /// Statistical Properties of Population Stability Index, Western Michigan University 2018). The
    /// threshold is the value that chance exceeds in [`FALSE_ALARMS`] / `tests` of all cases, but at
    /// least [`SHIFT`]. It is larger for a small sample, because a small sample says less.
    #[must_use]
    pub fn between(sample: &[u64], reference: &[u64], tests: usize) -> Option<Self> {
        let (rows, reference_rows) = (total(sample), total(reference));
        let bins = sample.len();
        if bins < 2 || bins != reference.len() || rows == 0.0 || reference_rows == 0.0 {
            return None;
        }
        let share = |count: u64, rows: f64| (count as f64 + SMOOTHING) / (rows + SMOOTHING * bins as f64);
        let psi = sample
            .iter()
            .zip(reference)
            .map(|(&sample, &reference)| (share(sample, rows), share(reference, reference_rows)))
            .map(|(p, q)| (p - q) * libm::log(p / q))
            .sum();
        let chance = critical(bins - 1, FALSE_ALARMS / tests.max(1) as f64) * (1.0 / rows + 1.0 / reference_rows);
        Some(Self { psi, threshold: chance.max(SHIFT) })
    }

    /// The index in units of its threshold: from 1 on, the items drift.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.psi / self.threshold
    }
}

fn total(counts: &[u64]) -> f64 {
    counts.iter().sum::<u64>() as f64
}

/// The value that a χ² variable exceeds with probability `tail`.
fn critical(freedom: usize, tail: f64) -> f64 {
    let distribution = ChiSquared::new(freedom as f64);
    distribution.map_or(f64::INFINITY, |distribution| distribution.inverse_cdf(1.0 - tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_shares_have_no_drift_and_others_have_what_the_formula_says() {
        let same = Stability::between(&[100, 200, 300], &[1000, 2000, 3000], 1).unwrap();
        assert!(same.psi < 1e-4 && same.ratio() < 1e-3, "{same:?}");
        // (0.5 - 0.25) ln 2 + (0.5 - 0.75) ln (2/3), but for half a row in a million.
        let other = Stability::between(&[500_000, 500_000], &[250_000, 750_000], 1).unwrap();
        assert!((other.psi - 0.274_653).abs() < 1e-5, "{other:?}");
        assert_eq!(other.threshold, SHIFT);
        assert!(other.ratio() > 1.0);
    }

    #[test]
    fn the_threshold_is_the_quantile_of_chi_squared_where_rows_are_few() {
        let few = Stability::between(&[3; 10], &[15; 10], 1).unwrap();
        let expected = critical(9, 1e-5) * (1.0 / 30.0 + 1.0 / 150.0);
        assert!((few.threshold - expected).abs() < 1e-12, "{few:?}");
        assert!((critical(9, 0.05) - 16.918_977_604_620_45).abs() < 1e-6);
        assert!((critical(1, 0.05) - 3.841_458_820_694_124).abs() < 1e-6);
        assert!(Stability::between(&[3; 10], &[15; 10], 4).unwrap().threshold > few.threshold);
    }

    #[test]
    fn an_empty_bin_is_finite() {
        let emptied = Stability::between(&[0, 1000], &[500, 500], 1).unwrap();
        assert!(emptied.psi.is_finite() && emptied.ratio() > 1.0, "{emptied:?}");
    }

    #[test]
    fn what_cannot_be_compared_has_no_figure() {
        assert_eq!(Stability::between(&[], &[], 1), None);
        assert_eq!(Stability::between(&[7], &[7], 1), None);
        assert_eq!(Stability::between(&[0, 0], &[7, 7], 1), None);
        assert_eq!(Stability::between(&[1, 2], &[1, 2, 3], 1), None);
    }
}
