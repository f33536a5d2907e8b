//! Pairwise coupling: from one probability per class pair to one per class.
//!
//! The second method of T.-F. Wu, C.-J. Lin and R. C. Weng, "Probability estimates for multi-class
//! classification by pairwise coupling", JMLR 5 (2004), in libsvm's implementation: the same start,
//! order of operations and early stop (up to 3e-3 from the exact solution), so that results agree
//! with libsvm's to the bit and with scikit-learn's. Unlike libsvm's it keeps its workspace.

/// libsvm keeps pair probabilities this far from 0 and 1: an exact 0 would make the matrix singular.
const MIN_PROBABILITY: f64 = 1e-7;

/// libsvm's stop: no class's equation is off by more than this, divided by the number of classes.
const TOLERANCE: f64 = 0.005;

/// libsvm's cap on the sweeps over the classes (or the number of classes, if larger).
const MAX_ITERATIONS: usize = 100;

/// The workspace for coupling the pairs of `k` classes; matrices are `k` × `k`, row by row.
#[derive(Clone, Debug)]
pub(super) struct Coupling {
    classes: usize,
    /// `pairwise[i][j]` = P(class i | class i or j).
    pairwise: Vec<f64>,
    q: Vec<f64>,
    qp: Vec<f64>,
}

impl Coupling {
    pub(super) fn new(classes: usize) -> Self {
        Self {
            classes,
            pairwise: vec![0.0; classes * classes],
            q: vec![0.0; classes * classes],
            qp: vec![0.0; classes],
        }
    }

    /// Sets P(class `positive` | class `positive` or `negative`), which must not be NaN.
    pub(super) fn set(&mut self, positive: usize, negative: usize, probability: f64) {
        let probability = probability.clamp(MIN_PROBABILITY, 1.0 - MIN_PROBABILITY);
        self.pairwise[positive * self.classes + negative] = probability;
        self.pairwise[negative * self.classes + positive] = 1.0 - probability;
    }

    /// Writes the class probabilities, one per class, once every pair is set.
    pub(super) fn solve(&mut self, probabilities: &mut [f64]) {
        self.build_q();
        probabilities.fill(1.0 / self.classes as f64);
        for _ in 0..MAX_ITERATIONS.max(self.classes) {
            let pqp = self.multiply(probabilities);
            let tolerance = TOLERANCE / self.classes as f64;
            let error = self.qp.iter().fold(0.0, |error: f64, qp| error.max((qp - pqp).abs()));
            if error < tolerance {
                break;
            }
            self.sweep(pqp, probabilities);
        }
    }

    /// Equation (19) of the paper: the matrix whose quadratic form the probabilities minimise.
    fn build_q(&mut self) {
        let k = self.classes;
        for t in 0..k {
            let mut diagonal = 0.0;
            for j in (0..k).filter(|&j| j != t) {
                let r_jt = self.pairwise[j * k + t];
                diagonal += r_jt * r_jt;
                self.q[t * k + j] = -r_jt * self.pairwise[t * k + j];
            }
            self.q[t * k + t] = diagonal;
        }
    }

    /// Sets `Qp` and returns `pᵀQp`, afresh in every iteration for accuracy.
    fn multiply(&mut self, p: &[f64]) -> f64 {
        let mut pqp = 0.0;
        for (t, row) in self.q.chunks_exact(self.classes).enumerate() {
            self.qp[t] = row.iter().zip(p).fold(0.0, |sum, (q, p)| sum + q * p);
            pqp += p[t] * self.qp[t];
        }
        pqp
    }

    /// One update of every class in turn (algorithm 2 of the paper), normalising as it goes.
    fn sweep(&mut self, mut pqp: f64, p: &mut [f64]) {
        for (t, row) in self.q.chunks_exact(self.classes).enumerate() {
            let diff = (-self.qp[t] + pqp) / row[t];
            p[t] += diff;
            pqp = (pqp + diff * (diff * row[t] + 2.0 * self.qp[t])) / (1.0 + diff) / (1.0 + diff);
            for ((qp, p), q) in self.qp.iter_mut().zip(p.iter_mut()).zip(row) {
                *qp = (*qp + diff * q) / (1.0 + diff);
                *p /= 1.0 + diff;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::class_pairs;
    use libsvm_rs::probability::multiclass_probability;
    use rand_mt::Mt;

    /// Pair probabilities, a quarter of them at either extreme.
    fn random_pairs(classes: usize, rng: &mut Mt) -> Vec<Vec<f64>> {
        let mut pairs = vec![vec![0.0; classes]; classes];
        for (i, j) in class_pairs(classes) {
            let p = match rng.next_u32() % 8 {
                0 => 0.0,
                1 => 1.0,
                _ => f64::from(rng.next_u32()) / 4_294_967_296.0,
            };
            let p = p.clamp(MIN_PROBABILITY, 1.0 - MIN_PROBABILITY);
            (pairs[i][j], pairs[j][i]) = (p, 1.0 - p);
        }
        pairs
    }

    fn solve(pairs: &[Vec<f64>]) -> Vec<f64> {
        let mut coupling = Coupling::new(pairs.len());
        for (i, row) in pairs.iter().enumerate() {
            for (j, &p) in row.iter().enumerate().skip(i + 1) {
                coupling.set(i, j, p);
            }
        }
        let mut probabilities = vec![0.0; pairs.len()];
        coupling.solve(&mut probabilities);
        probabilities
    }

    #[test]
    fn coupling_has_the_bits_of_libsvm() {
        let mut rng = Mt::new(2);
        for classes in 2..=10 {
            for _ in 0..500 {
                let pairs = random_pairs(classes, &mut rng);
                let mut expected = vec![0.0; classes];
                multiclass_probability(classes, &pairs, &mut expected);
                assert_eq!(solve(&pairs), expected);
            }
        }
    }

    #[test]
    fn coupled_probabilities_are_a_distribution() {
        let mut rng = Mt::new(3);
        for classes in 2..=10 {
            for _ in 0..500 {
                let probabilities = solve(&random_pairs(classes, &mut rng));
                assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
                assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn certain_pairs_are_kept_from_zero_and_one() {
        let probabilities = solve(&[vec![0.0, 1.0], vec![0.0, 0.0]]);
        assert!(probabilities[0] > 0.99 && probabilities[0] < 1.0);
    }

    #[test]
    fn the_workspace_keeps_nothing_from_one_row_to_the_next() {
        let mut coupling = Coupling::new(2);
        let (mut first, mut again) = ([0.0; 2], [0.0; 2]);
        coupling.set(0, 1, 0.8);
        coupling.solve(&mut first);
        coupling.set(0, 1, 0.1);
        coupling.solve(&mut again);
        coupling.set(0, 1, 0.8);
        coupling.solve(&mut again);
        assert_eq!(first, again);
    }
}
