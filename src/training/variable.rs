//! What is asked of an alpha: this tells a class pair from a regression and from one class.

/// The alpha of one row in a dual problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Variable {
    /// The factor of the alpha in the linear part of what is maximised.
    pub(super) target: f64,
    /// The factor of the alpha's size there, which is taken away.
    pub(super) epsilon: f64,
    /// The bounds of the alpha.
    pub(super) least: f64,
    pub(super) most: f64,
    /// A value within the bounds. The sum of all alphas stays what it is with these.
    pub(super) start: f64,
}

impl Variable {
    /// What is added to a gradient to have that of a growing alpha, and that of a shrinking one: where it may
    /// not grow or shrink, the gradient counts for nothing.
    pub(super) fn room(&self, alpha: f64) -> (f64, f64) {
        let grow = match alpha {
            _ if alpha >= self.most => f64::NEG_INFINITY,
            ..0.0 => self.epsilon,
            _ => 0.0 - self.epsilon,
        };
        let shrink = match alpha {
            _ if alpha <= self.least => f64::INFINITY,
            ..=0.0 => self.epsilon,
            _ => 0.0 - self.epsilon,
        };
        (grow, shrink)
    }

    /// How far an alpha may grow before its gradient jumps.
    pub(super) fn ceiling(&self, alpha: f64) -> f64 {
        if alpha < 0.0 { self.most.min(0.0) } else { self.most }
    }

    /// How far an alpha may shrink before its gradient jumps.
    pub(super) fn floor(&self, alpha: f64) -> f64 {
        if alpha > 0.0 { self.least.max(0.0) } else { self.least }
    }

    /// Of an epsilon-regression. libsvm has two alphas for each row, one for a value above the prediction and one
    /// for a value below it, of which one is 0; here they are the two signs of one.
    pub(super) fn of_regression(values: &[f64], c: f64, epsilon: f64) -> Vec<Self> {
        values.iter().map(|&target| Self { target, epsilon, least: -c, most: c, start: 0.0 }).collect()
    }

    /// Of a one-class machine, which leaves about the share `nu` of the rows outside: the alphas are at most
    /// 1, and their sum is `nu` of the rows. libsvm starts with the first rows, too.
    pub(super) fn of_one_class(rows: usize, nu: f64) -> Vec<Self> {
        let sum = nu * rows as f64;
        let start = |row: usize| (sum - row as f64).clamp(0.0, 1.0);
        (0..rows).map(|row| Self { target: 0.0, epsilon: 0.0, least: 0.0, most: 1.0, start: start(row) }).collect()
    }
}
