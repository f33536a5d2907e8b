//! What is asked of an alpha: this tells a class pair from a regression and from one class.

/// The alpha of one row in a dual problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Variable {
    /// The factor of the alpha in the linear part of what is maximised.
    pub(super) target: f64,
    /// The bounds of the alpha.
    pub(super) least: f64,
    pub(super) most: f64,
    /// A value within the bounds. The sum of all alphas stays what it is with these.
    pub(super) start: f64,
}

impl Variable {
    /// What is added to a gradient so that it counts only where the alpha may grow, or shrink.
    pub(super) fn room(&self, alpha: f64) -> (f64, f64) {
        let grow = if alpha < self.most { 0.0 } else { f64::NEG_INFINITY };
        let shrink = if alpha > self.least { 0.0 } else { f64::INFINITY };
        (grow, shrink)
    }

    /// Of an epsilon-regression: two alphas for each row, one for a value above the prediction, one for a
    /// value below it, in libsvm's order: first all of the one kind, then all of the other.
    pub(super) fn of_regression(values: &[f64], c: f64, epsilon: f64) -> Vec<Self> {
        let above = values.iter().map(|value| Self { target: value - epsilon, least: 0.0, most: c, start: 0.0 });
        let below = values.iter().map(|value| Self { target: value + epsilon, least: -c, most: 0.0, start: 0.0 });
        above.chain(below).collect()
    }

    /// Of a one-class machine, which leaves about the share `nu` of the rows outside: the alphas are at most
    /// 1, and their sum is `nu` of the rows. libsvm starts with the first rows, too.
    pub(super) fn of_one_class(rows: usize, nu: f64) -> Vec<Self> {
        let sum = nu * rows as f64;
        let start = |row: usize| (sum - row as f64).clamp(0.0, 1.0);
        (0..rows).map(|row| Self { target: 0.0, least: 0.0, most: 1.0, start: start(row) }).collect()
    }
}
