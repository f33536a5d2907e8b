//! Pairwise coupling: from one probability per class pair to one per class.
//!
//! This is the second method of T.-F. Wu, C.-J. Lin and R. C. Weng, "Probability estimates for multi-class
//! classification by pairwise coupling", JMLR 5 (2004), as libsvm implements it. Start, order of operations
//! and early stop (up to 3e-3 from the exact solution) are the same, so the results have the same bits as
//! libsvm's, and agree with scikit-learn's. Unlike libsvm it reuses its workspace.

use super::artifact::TwoClasses;
use super::lanes::Lanes;

/// libsvm keeps pair probabilities this far from 0 and 1: an exact 0 would make the matrix singular.
const MIN_PROBABILITY: f64 = 1e-7;
const MAX_PROBABILITY: f64 = 1.0 - MIN_PROBABILITY;

/// libsvm's stop: no class's equation is off by more than this, divided by the number of classes.
const TOLERANCE: f64 = 0.005;

/// libsvm's cap on the sweeps over the classes (or the number of classes, if larger).
const MAX_ITERATIONS: usize = 100;

/// The workspace for coupling the pairs of `k` classes, for `N` rows side by side; matrices are
/// `k` × `k`, row by row.
#[derive(Clone, Debug)]
pub(super) struct Coupling<const N: usize> {
    classes: usize,
    two_classes: TwoClasses,
    /// `pairwise[i][j]` = P(class i | class i or j).
    pairwise: Vec<Lanes<N>>,
    q: Vec<Lanes<N>>,
    qp: Vec<Lanes<N>>,
    p: Vec<Lanes<N>>,
}

impl<const N: usize> Coupling<N> {
    pub(super) fn new(classes: usize, two_classes: TwoClasses) -> Self {
        Self {
            classes,
            two_classes,
            pairwise: vec![Lanes::ZERO; classes * classes],
            q: vec![Lanes::ZERO; classes * classes],
            qp: vec![Lanes::ZERO; classes],
            p: vec![Lanes::ZERO; classes],
        }
    }

    /// Sets P(class `positive` | class `positive` or `negative`) of every row; none may be NaN.
    #[inline(always)]
    pub(super) fn set(&mut self, positive: usize, negative: usize, probability: impl Fn(usize) -> f64) {
        let probability: Lanes<N> = Lanes::of(|lane| {
            let p = probability(lane);
            let p = if p < MIN_PROBABILITY { MIN_PROBABILITY } else { p };
            if p > MAX_PROBABILITY { MAX_PROBABILITY } else { p }
        });
        self.pairwise[positive * self.classes + negative] = probability;
        self.pairwise[negative * self.classes + positive] = Lanes::of(|lane| 1.0 - probability[lane]);
    }

    /// The class probabilities of each row that [`Self::solve`] found, one entry per class.
    pub(super) fn probabilities(&self) -> &[Lanes<N>] {
        &self.p
    }

    /// Finds the class probabilities; every pair must be set before. Each row stops when libsvm
    /// would stop it, while the others go on.
    #[inline(always)]
    pub(super) fn solve(&mut self) {
        if self.classes == 2 && self.two_classes == TwoClasses::Sigmoid {
            (self.p[0], self.p[1]) = (self.pairwise[1], self.pairwise[2]);
            return;
        }
        self.build_q();
        self.p.fill(Lanes([1.0 / self.classes as f64; N]));
        let tolerance = TOLERANCE / self.classes as f64;
        for _ in 0..MAX_ITERATIONS.max(self.classes) {
            let pqp = self.multiply();
            let errors = self.errors(&pqp);
            if errors.iter().all(|&error| error < tolerance) {
                break;
            }
            // A row that has stopped keeps its probabilities, hence its error.
            self.sweep(pqp, &errors, tolerance);
        }
    }

    /// Equation (19) of the paper: the matrix whose quadratic form the probabilities minimise.
    #[inline(always)]
    fn build_q(&mut self) {
        let k = self.classes;
        for t in 0..k {
            let mut diagonal = Lanes::ZERO;
            for j in (0..k).filter(|&j| j != t) {
                let (r_jt, r_tj) = (self.pairwise[j * k + t], self.pairwise[t * k + j]);
                diagonal = Lanes::of(|lane| diagonal[lane] + r_jt[lane] * r_jt[lane]);
                self.q[t * k + j] = Lanes::of(|lane| -r_jt[lane] * r_tj[lane]);
            }
            self.q[t * k + t] = diagonal;
        }
    }

    /// Sets `Qp` and returns `pᵀQp`, afresh in every iteration for accuracy.
    #[inline(always)]
    fn multiply(&mut self) -> Lanes<N> {
        let mut pqp = Lanes::ZERO;
        let rows = self.q.chunks_exact(self.classes);
        for ((row, p_t), qp) in rows.zip(&self.p).zip(&mut self.qp) {
            let mut sum = Lanes::ZERO;
            for (q, p) in row.iter().zip(&self.p) {
                sum = Lanes::of(|lane| sum[lane] + q[lane] * p[lane]);
            }
            pqp = Lanes::of(|lane| pqp[lane] + p_t[lane] * sum[lane]);
            *qp = sum;
        }
        pqp
    }

    /// The largest error of each row's equations.
    #[inline(always)]
    fn errors(&self, pqp: &Lanes<N>) -> Lanes<N> {
        let mut errors = Lanes::ZERO;
        for qp in &self.qp {
            errors = Lanes::of(|lane| {
                let error = (qp[lane] - pqp[lane]).abs();
                if error > errors[lane] { error } else { errors[lane] }
            });
        }
        errors
    }

    /// One update of every class in turn (algorithm 2 of the paper), normalising as it goes, for
    /// the rows whose error is not below `tolerance`.
    #[inline(always)]
    fn sweep(&mut self, mut pqp: Lanes<N>, errors: &Lanes<N>, tolerance: f64) {
        for (t, row) in self.q.chunks_exact(self.classes).enumerate() {
            let (q_tt, qp_t) = (row[t], self.qp[t]);
            // Without a step, what follows leaves a row as it is, to the bit.
            let step: Lanes<N> = Lanes::of(|lane| {
                let step = (-qp_t[lane] + pqp[lane]) / q_tt[lane];
                if errors[lane] < tolerance { 0.0 } else { step }
            });
            let total: Lanes<N> = Lanes::of(|lane| 1.0 + step[lane]);
            pqp = Lanes::of(|lane| {
                let added = step[lane] * (step[lane] * q_tt[lane] + 2.0 * qp_t[lane]);
                (pqp[lane] + added) / total[lane] / total[lane]
            });
            self.p[t] = Lanes::of(|lane| self.p[t][lane] + step[lane]);
            for ((qp, p), q) in self.qp.iter_mut().zip(&mut self.p).zip(row) {
                *qp = Lanes::of(|lane| (qp[lane] + step[lane] * q[lane]) / total[lane]);
                *p = Lanes::of(|lane| p[lane] / total[lane]);
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

    /// The class probabilities of each row; a row is given by the probabilities of its pairs.
    fn solve<const N: usize>(coupling: &mut Coupling<N>, rows: &[Vec<Vec<f64>>; N]) -> Vec<Vec<f64>> {
        for (i, j) in class_pairs(coupling.classes) {
            coupling.set(i, j, |lane| rows[lane][i][j]);
        }
        coupling.solve();
        (0..N).map(|lane| coupling.probabilities().iter().map(|p| p[lane]).collect()).collect()
    }

    fn random_rows(classes: usize, rng: &mut Mt) -> [Vec<Vec<f64>>; 16] {
        std::array::from_fn(|_| random_pairs(classes, rng))
    }

    #[test]
    fn each_row_has_the_bits_of_libsvm_whichever_are_beside_it() {
        let mut rng = Mt::new(2);
        for classes in 2..=10 {
            let mut coupling = Coupling::new(classes, TwoClasses::Coupled);
            for _ in 0..40 {
                let rows = random_rows(classes, &mut rng);
                for (found, pairs) in solve(&mut coupling, &rows).iter().zip(&rows) {
                    let mut expected = vec![0.0; classes];
                    multiclass_probability(classes, pairs, &mut expected);
                    assert_eq!(*found, expected);
                }
            }
        }
    }

    #[test]
    fn a_row_alone_has_the_same_bits() {
        let mut rng = Mt::new(4);
        let rows = random_rows(5, &mut rng);
        let together = solve(&mut Coupling::new(5, TwoClasses::Coupled), &rows);
        for (pairs, together) in rows.iter().zip(together) {
            assert_eq!(solve(&mut Coupling::new(5, TwoClasses::Coupled), std::array::from_ref(pairs)), [together]);
        }
    }

    #[test]
    fn coupled_probabilities_are_a_distribution() {
        let mut rng = Mt::new(3);
        for classes in 2..=10 {
            for _ in 0..40 {
                for probabilities in
                    solve(&mut Coupling::new(classes, TwoClasses::Coupled), &random_rows(classes, &mut rng))
                {
                    assert!(probabilities.iter().all(|p| (0.0..=1.0).contains(p)));
                    assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn two_classes_have_the_sigmoids_probabilities_where_the_model_says_so() {
        let mut coupling = Coupling::new(2, TwoClasses::Sigmoid);
        for p in [0.0, 1e-9, 0.2, 0.5, 0.75, 1.0] {
            let found = solve(&mut coupling, &[vec![vec![0.0, p], vec![1.0 - p, 0.0]]]);
            let expected = p.clamp(MIN_PROBABILITY, MAX_PROBABILITY);
            assert_eq!(found, [[expected, 1.0 - expected]]);
        }
    }

    #[test]
    fn certain_pairs_are_kept_from_zero_and_one() {
        let pairs = vec![vec![0.0, 1.0], vec![0.0, 0.0]];
        let first = solve(&mut Coupling::new(2, TwoClasses::Coupled), &[pairs])[0][0];
        assert!(first > 0.99 && first < 1.0);
    }

    #[test]
    fn the_workspace_keeps_nothing_from_one_row_to_the_next() {
        let mut coupling = Coupling::new(2, TwoClasses::Coupled);
        let mut solve = |p| solve(&mut coupling, &[vec![vec![0.0, p], vec![1.0 - p, 0.0]]]);
        let first = solve(0.8);
        assert_ne!(solve(0.1), first);
        assert_eq!(solve(0.8), first);
    }
}
