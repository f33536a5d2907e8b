//! Fitting the scaler to the training rows.

use crate::model::Scaler;

impl Scaler {
    /// Fits the scaler to `rows`, all of equal length.
    pub(super) fn fit(rows: &[&[f64]]) -> Self {
        let features = rows.first().map_or(0, |row| row.len());
        let (mean, scale) = (0..features)
            .map(|feature| {
                let (mean, variance) = mean_and_variance(rows.iter().map(|row| row[feature]));
                // A constant column may have a variance, of rounding errors.
                let constant = rows.iter().all(|row| row[feature] == rows[0][feature]);
                (mean, if constant || variance == 0.0 { 1.0 } else { variance.sqrt() })
            })
            .unzip();
        Self { mean, scale }
    }
}

/// What a machine is trained on: columns of mean 0 and variance 1.
pub(super) struct Scaled {
    pub(super) scaler: Scaler,
    pub(super) rows: Vec<Vec<f64>>,
}

impl Scaled {
    /// Of `rows`, or the column whose numbers are so large that mean or deviation overflow.
    pub(super) fn of(mut rows: Vec<Vec<f64>>) -> Result<Self, usize> {
        let scaler = Scaler::fit(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let is_usable = |(mean, scale): (&f64, &f64)| mean.is_finite() && scale.is_finite() && *scale > 0.0;
        if let Some(column) = scaler.mean.iter().zip(&scaler.scale).position(|parameters| !is_usable(parameters)) {
            return Err(column);
        }
        rows.iter_mut().for_each(|row| *row = scaler.scale(row));
        Ok(Self { scaler, rows })
    }
}

/// Mean and population variance, in two passes: with sums of squares in one pass, digits would cancel.
pub(super) fn mean_and_variance(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / count;
    let squares = values.map(|value| (value - mean) * (value - mean));
    (mean, squares.sum::<f64>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scaled_column_has_mean_zero_and_variance_one() {
        let rows: [&[f64]; 3] = [&[1.0], &[2.0], &[6.0]];
        let scaler = Scaler::fit(&rows);
        let (mean, variance) = mean_and_variance(rows.iter().map(|row| scaler.scale(row)[0]));
        assert!(mean.abs() < 1e-15);
        assert!((variance - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_constant_column_is_scaled_by_one() {
        let scaler = Scaler::fit(&[&[0.1, 1.0], &[0.1, 2.0], &[0.1, 3.0]]);
        assert_eq!(scaler.scale[0], 1.0);
        assert!(scaler.scale(&[0.1, 2.0])[0].abs() < 1e-15);
    }

    #[test]
    fn a_large_offset_does_not_swallow_the_variance() {
        let (_, variance) = mean_and_variance([1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0].into_iter());
        assert!((variance - 2.0 / 3.0).abs() < 1e-12);
    }
}
