//! An [`Svm`] compiled for scoring: its numbers, laid out in the order in which they are needed.

use super::artifact::{Pair, Svm, TwoClasses};
use super::kernel::Kernel;
use super::platt::Sigmoid;
use super::scaler::Scaler;

/// What a row is scored with.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(super) scaler: Scaler,
    pub(super) kernel: Kernel,
    pub(super) classes: usize,
    pub(super) two_classes: TwoClasses,
    /// vectors × features.
    pub(super) vectors: Vec<f64>,
    /// Where the `terms` of each vector end. They begin where those of the vector before it end.
    pub(super) ends: Vec<usize>,
    pub(super) terms: Vec<Term>,
    pub(super) pairs: Vec<Binary>,
}

/// What a pair does with the kernel value of a support vector.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub(super) pair: usize,
    pub(super) coefficient: f64,
}

/// A pair without its coefficients.
#[derive(Debug)]
pub(super) struct Binary {
    pub(super) positive: usize,
    pub(super) negative: usize,
    pub(super) intercept: f64,
    pub(super) sigmoid: Sigmoid,
}

impl Machine {
    /// `svm` must be verified, or come from training.
    pub(crate) fn new(svm: &Svm, classes: usize) -> Self {
        let mut by_vector = vec![Vec::new(); svm.support_vectors.len()];
        for (pair, Pair { coefficients, .. }) in svm.pairs.iter().enumerate() {
            for &(vector, coefficient) in coefficients {
                by_vector[vector].push(Term { pair, coefficient });
            }
        }
        let end = |end: &mut usize, terms: &Vec<Term>| {
            *end += terms.len();
            Some(*end)
        };
        Self {
            scaler: svm.scaler.clone(),
            kernel: svm.kernel,
            classes,
            two_classes: svm.two_classes,
            vectors: svm.support_vectors.concat(),
            ends: by_vector.iter().scan(0, end).collect(),
            terms: by_vector.concat(),
            pairs: svm.pairs.iter().map(Binary::new).collect(),
        }
    }

    pub(super) fn features(&self) -> usize {
        self.scaler.mean.len()
    }
}

impl Binary {
    fn new(pair: &Pair) -> Self {
        let &Pair { positive, negative, intercept, sigmoid, .. } = pair;
        Self { positive, negative, intercept, sigmoid }
    }
}
