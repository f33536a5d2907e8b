//! Least squares: the smallest weights among those that fit best, also where columns depend on each other.
//!
//! smartcore has both regressions. But its decomposition for dependent columns, as one-hot columns always are, uses
//! the C library's `hypot`; so the last bits of a model would depend on the machine that trained it.

/// Householder's reflections first, then Hestenes' rotations of the columns of what is left: G. H. Golub and C. F.
/// Van Loan, "Matrix Computations", 2013, 5.2 and 8.6.3. `rows` has as many entries as `values`.
pub(in crate::training) fn least_squares(mut rows: Vec<Vec<f64>>, mut values: Vec<f64>) -> Vec<f64> {
    let columns = rows.first().map_or(0, Vec::len);
    let count = rows.len();
    reflect(&mut rows, &mut values);
    rows.truncate(columns);
    // Column by column, with the rotations that made them.
    let mut lists: Vec<Vec<f64>> = (0..columns).map(|column| rows.iter().map(|row| row[column]).collect()).collect();
    let mut turned: Vec<Vec<f64>> = (0..columns).map(|column| unit(column, columns)).collect();
    rotate(&mut lists, &mut turned);
    let sizes: Vec<f64> = lists.iter().map(|list| dot(list, list)).collect();
    let largest = sizes.iter().copied().fold(0.0, f64::max);
    // As numpy's: below it a singular value is rounding.
    let least = f64::EPSILON * count.max(columns) as f64;
    let mut weights = vec![0.0; columns];
    for ((list, turned), size) in lists.iter().zip(&turned).zip(sizes) {
        if size > least * least * largest {
            let factor = dot(list, &values) / size;
            weights.iter_mut().zip(turned).for_each(|(weight, entry)| *weight += factor * entry);
        }
    }
    weights
}

fn unit(at: usize, length: usize) -> Vec<f64> {
    (0..length).map(|entry| if entry == at { 1.0 } else { 0.0 }).collect()
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).fold(0.0, |sum, (a, b)| sum + a * b)
}

/// Makes `rows` a triangle, and turns `values` with them.
fn reflect(rows: &mut [Vec<f64>], values: &mut [f64]) {
    let columns = rows.first().map_or(0, Vec::len);
    for at in 0..columns.min(rows.len()) {
        let mut mirror: Vec<f64> = rows[at..].iter().map(|row| row[at]).collect();
        let size = dot(&mirror, &mirror).sqrt();
        if size == 0.0 {
            continue;
        }
        mirror[0] += if mirror[0] < 0.0 { -size } else { size };
        let half = dot(&mirror, &mirror) / 2.0;
        let mut factors = vec![0.0; columns - at];
        for (row, entry) in rows[at..].iter().zip(&mirror) {
            factors.iter_mut().zip(&row[at..]).for_each(|(factor, value)| *factor += entry * value);
        }
        let of_values = dot(&mirror, &values[at..]) / half;
        for ((row, value), entry) in rows[at..].iter_mut().zip(&mut values[at..]).zip(&mirror) {
            row[at..].iter_mut().zip(&factors).for_each(|(number, factor)| *number -= factor / half * entry);
            *value -= of_values * entry;
        }
    }
}

/// More sweeps have never been needed.
const MOST_SWEEPS: usize = 60;

/// Turns pairs of columns until all are at right angles.
fn rotate(columns: &mut [Vec<f64>], turned: &mut [Vec<f64>]) {
    for _ in 0..MOST_SWEEPS {
        let mut is_done = true;
        for second in 1..columns.len() {
            for first in 0..second {
                let (a, b) = (dot(&columns[first], &columns[first]), dot(&columns[second], &columns[second]));
                let both = dot(&columns[first], &columns[second]);
                if both.abs() <= f64::EPSILON * (a * b).sqrt() {
                    continue;
                }
                is_done = false;
                let ratio = (b - a) / (2.0 * both);
                let sign = if ratio < 0.0 { -1.0 } else { 1.0 };
                let tangent = sign / (ratio.abs() + (1.0 + ratio * ratio).sqrt());
                let cosine = 1.0 / (1.0 + tangent * tangent).sqrt();
                for lists in [&mut *columns, &mut *turned] {
                    let (head, tail) = lists.split_at_mut(second);
                    turn(&mut head[first], &mut tail[0], cosine, cosine * tangent);
                }
            }
        }
        if is_done {
            break;
        }
    }
}

fn turn(one: &mut [f64], other: &mut [f64], cosine: f64, sine: f64) {
    for (a, b) in one.iter_mut().zip(other) {
        (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plane_is_found_again() {
        let rows: Vec<Vec<f64>> = (0..30).map(|row| vec![f64::from(row % 7), f64::from(row * row % 11), 1.0]).collect();
        let values = rows.iter().map(|row| 2.0 * row[0] - 0.5 * row[1] + 3.0).collect();
        for (weight, expected) in least_squares(rows, values).iter().zip([2.0, -0.5, 3.0]) {
            assert!((weight - expected).abs() < 1e-12, "{weight}");
        }
    }

    #[test]
    fn columns_that_depend_on_each_other_share_the_smallest_weights() {
        // x1 + x2 = 1 in each row, and two columns are one: numpy.linalg.lstsq gives the same.
        let rows: Vec<Vec<f64>> =
            (0..12).map(|row| if row % 3 == 0 { vec![1.0, 0.0, 2.0, 2.0] } else { vec![0.0, 1.0, 1.0, 1.0] }).collect();
        let values = rows.iter().map(|row| 4.0 * row[2]).collect();
        let weights = least_squares(rows, values);
        assert!((weights[2] - weights[3]).abs() < 1e-13, "{weights:?}");
        // w1 + 4s = 8 and w2 + 2s = 4 with the least w1² + w2² + 2s².
        let expected = [8.0 / 11.0, 4.0 / 11.0, 20.0 / 11.0, 20.0 / 11.0];
        for (weight, expected) in weights.iter().zip(expected) {
            assert!((weight - expected).abs() < 1e-12, "{weights:?}");
        }
    }

    #[test]
    fn fewer_rows_than_columns_are_fitted_exactly() {
        let weights = least_squares(vec![vec![1.0, 2.0, 2.0]], vec![9.0]);
        for (weight, expected) in weights.iter().zip([1.0, 2.0, 2.0]) {
            assert!((weight - expected).abs() < 1e-14, "{weights:?}");
        }
    }
}
