//! Newton's method for linear machines, its steps by conjugate gradients: no matrix of second derivatives is
//! ever there. C.-J. Lin, R. C. Weng and S. S. Keerthi, "Trust region Newton method for large-scale logistic
//! regression", JMLR 9 (2008); here with a line search, as in J. Nocedal and S. J. Wright, "Numerical
//! Optimization", 2006, algorithm 7.1.
//!
//! smartcore has a logistic regression, too. But it calls the C library's `exp`, whose last bit depends on the
//! processor: one training would give several models. And it stops at some 1e-5 from the optimum.

use super::loss::Loss;
use super::problem::{Look, Problem};

/// Where the solution is, and how far from the optimum.
pub(in crate::training) struct Minimum {
    pub(in crate::training) point: Vec<f64>,
    /// The largest derivative.
    pub(in crate::training) gap: f64,
    pub(in crate::training) steps: usize,
}

/// A step is shortened until it brings this share of what its slope promises.
const SUFFICIENT_DECREASE: f64 = 1e-4;
/// A step that is shorter than this is lost in rounding.
const MIN_STEP: f64 = 1e-10;
/// A decrease of less than this part of the value is lost in rounding.
const ROUNDING: f64 = 1e-11;
/// A step that the value cannot judge must bring the derivatives down to this part.
const DOWN_TO: f64 = 0.9;

/// Minimises until no derivative is above `tolerance`, in at most `max_steps` steps.
pub(in crate::training) fn minimise<L: Loss>(problem: &Problem<'_, L>, tolerance: f64, max_steps: usize) -> Minimum {
    let mut point = vec![0.0; problem.dimensions()];
    let mut value = problem.value(&point);
    let mut steps = 0;
    // What the derivatives must be below, after a step that the value could not judge.
    let mut most = f64::INFINITY;
    loop {
        let look = problem.look(&point);
        let gap = look.gradient.iter().fold(0.0, |most: f64, slope| most.max(slope.abs()));
        if gap <= tolerance || steps == max_steps || gap > most {
            return Minimum { point, gap, steps };
        }
        let direction = direction(problem, &look);
        let slope = dot(&look.gradient, &direction);
        let is_judged = -slope > ROUNDING * value.abs();
        most = if is_judged { f64::INFINITY } else { DOWN_TO * gap };
        let mut length = 1.0;
        (point, value) = loop {
            let there: Vec<f64> = point.iter().zip(&direction).map(|(x, d)| x + length * d).collect();
            let found = problem.value(&there);
            if !is_judged || found <= value + SUFFICIENT_DECREASE * length * slope {
                break (there, found);
            }
            length /= 2.0;
            if length < MIN_STEP {
                // Rounding hides any further decrease.
                return Minimum { point, gap, steps };
            }
        };
        steps += 1;
    }
}

/// Where the second derivatives say that the minimum is: the nearer it is, the more exactly.
fn direction<L: Loss>(problem: &Problem<'_, L>, look: &Look) -> Vec<f64> {
    let mut direction = vec![0.0; look.gradient.len()];
    let mut rest: Vec<f64> = look.gradient.iter().map(|slope| -slope).collect();
    let mut conjugate = rest.clone();
    let mut size = dot(&rest, &rest);
    let enough = size * size.sqrt().min(0.25);
    // In exact arithmetic as many iterations as dimensions are enough.
    for _ in 0..2 * direction.len() {
        let product = problem.bend(look, &conjugate);
        let bend = dot(&conjugate, &product);
        if size <= enough || bend <= 0.0 {
            break;
        }
        let length = size / bend;
        direction.iter_mut().zip(&conjugate).for_each(|(entry, c)| *entry += length * c);
        rest.iter_mut().zip(&product).for_each(|(entry, p)| *entry -= length * p);
        let before = size;
        size = dot(&rest, &rest);
        conjugate.iter_mut().zip(&rest).for_each(|(entry, r)| *entry = r + size / before * *entry);
    }
    direction
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).fold(0.0, |sum, (a, b)| sum + a * b)
}

#[cfg(test)]
mod tests {
    use super::super::loss::{Logistic, SquaredHinge};
    use super::super::problem::Intercept;
    use super::*;

    #[test]
    fn the_minimum_of_two_rows_is_the_one_computed_by_hand() {
        // Rows 1 and -1 of either side: by symmetry no intercept, and w = 2 max(0, 1 - w) · 2 C, so w = 4/5 at C = 1.
        let rows = [vec![1.0], vec![-1.0]];
        let loss = SquaredHinge { signs: vec![1.0, -1.0] };
        let problem = Problem { rows: &rows, costs: &[1.0, 1.0], loss, intercept: Intercept::Penalised };
        let Minimum { point, gap, .. } = minimise(&problem, 1e-12, 100);
        assert!((point[0] - 0.8).abs() < 1e-12 && point[1].abs() < 1e-12 && gap <= 1e-12, "{point:?}");
    }

    #[test]
    fn many_rows_are_solved_although_the_last_decreases_are_lost_in_rounding() {
        let rows: Vec<Vec<f64>> =
            (0..5000).map(|row| (1..6).map(|k| f64::from(row * (2 * k + 5) % 97) / 28.0 - 1.7).collect()).collect();
        let signs = (0..5000).map(|row| if row * 31 % 47 < 20 + row % 9 { 1.0 } else { -1.0 }).collect();
        let costs = vec![1.0; 5000];
        let problem = Problem { rows: &rows, costs: &costs, loss: Logistic { signs }, intercept: Intercept::Free };
        let Minimum { gap, steps, .. } = minimise(&problem, 1e-7, 1000);
        assert!(gap <= 1e-7 && steps < 20, "{gap} after {steps} steps");
    }

    #[test]
    fn classes_that_can_be_told_apart_for_certain_have_a_minimum_all_the_same() {
        let rows: Vec<Vec<f64>> = (0..20).map(|row| vec![f64::from(row) - 9.5]).collect();
        let signs = rows.iter().map(|row| row[0].signum()).collect();
        let costs = vec![1e6; 20];
        let problem = Problem { rows: &rows, costs: &costs, loss: Logistic { signs }, intercept: Intercept::Free };
        let Minimum { point, gap, steps } = minimise(&problem, 1e-7, 1000);
        assert!(gap <= 1e-7 && point[0] > 10.0 && steps < 100, "{point:?} {gap} {steps}");
    }
}
