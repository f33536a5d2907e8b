//! A model that was trained elsewhere, before it is an artifact.

use std::collections::BTreeMap;

use super::error::ImportError;
use crate::model::{ClassIndex, Digest, ImportSource, Kernel, Pair, Scaler, Sigmoid, Svm, class_pairs};

/// A model that was trained elsewhere, with its classes in its own order.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    pub(super) source: ImportSource,
    pub(super) file_sha256: Digest,
    pub(super) features: Vec<String>,
    pub(super) classes: Vec<String>,
    pub(super) scaler: Scaler,
    pub(super) kernel: Kernel,
    /// Scaled rows, grouped by class.
    pub(super) vectors: Vec<Vec<f64>>,
    /// Number of support vectors of each class.
    pub(super) vectors_per_class: Vec<usize>,
    /// libsvm's `sv_coef`: classes - 1 lists of one entry per support vector. A vector of class `i`
    /// has its coefficient against class `j` in list `j - 1` if `j` is above `i`, and `j` otherwise.
    pub(super) coefficients: Vec<Vec<f64>>,
    /// libsvm's `-rho`, one per class pair.
    pub(super) intercepts: Vec<f64>,
    /// One per class pair.
    pub(super) sigmoids: Vec<Sigmoid>,
}

impl Foreign {
    /// Names of the features, in the order of a row's values.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    pub(super) fn check(&self) -> Result<(), ImportError> {
        let (classes, vectors) = (self.classes.len(), self.vectors.len());
        let pairs = classes * classes.saturating_sub(1) / 2;
        let lengths = [
            ("list of support vectors per class", self.vectors_per_class.len(), classes),
            ("support vectors", self.vectors_per_class.iter().sum(), vectors),
            ("coefficients", self.coefficients.len(), classes.saturating_sub(1)),
            ("intercepts", self.intercepts.len(), pairs),
            ("sigmoids", self.sigmoids.len(), pairs),
        ];
        let lists = self.coefficients.iter().map(|list| ("list of coefficients", list.len(), vectors));
        match lengths.into_iter().chain(lists).find(|(_, found, expected)| found != expected) {
            None => Ok(()),
            Some((what, found, expected)) => Err(ImportError::Length { what, found, expected }),
        }
    }

    /// The machine. Equal support vectors are one, with the sum of their coefficients.
    pub(super) fn svm(&self) -> Svm {
        let mut support_vectors = Vec::new();
        let mut known = BTreeMap::new();
        let index: Vec<usize> = self
            .vectors
            .iter()
            .map(|vector| {
                let bits: Vec<u64> = vector.iter().map(|value| value.to_bits()).collect();
                *known.entry(bits).or_insert_with(|| {
                    support_vectors.push(vector.clone());
                    support_vectors.len() - 1
                })
            })
            .collect();
        let ends: Vec<usize> = self
            .vectors_per_class
            .iter()
            .scan(0, |end, count| {
                *end += count;
                Some(*end)
            })
            .collect();
        let of = |class: usize| ends[class] - self.vectors_per_class[class]..ends[class];
        let pair = |((positive, negative), (&intercept, &sigmoid)): ((ClassIndex, ClassIndex), (&f64, &Sigmoid))| {
            let mut coefficients = BTreeMap::new();
            let list = |against: usize| &self.coefficients[against];
            let positives = of(positive).map(|vector| (vector, list(negative - 1)[vector]));
            let negatives = of(negative).map(|vector| (vector, list(positive)[vector]));
            for (vector, coefficient) in positives.chain(negatives).filter(|(_, coefficient)| *coefficient != 0.0) {
                *coefficients.entry(index[vector]).or_insert(0.0) += coefficient;
            }
            Pair { positive, negative, intercept, sigmoid, coefficients: coefficients.into_iter().collect() }
        };
        let numbers = self.intercepts.iter().zip(&self.sigmoids);
        let pairs = class_pairs(self.classes.len()).zip(numbers).map(pair).collect();
        Svm { scaler: self.scaler.clone(), kernel: self.kernel, support_vectors, pairs }
    }

    /// The support vectors before they were scaled.
    pub(super) fn unscaled(&self) -> Vec<Vec<f64>> {
        self.vectors.iter().map(|vector| self.scaler.unscale(vector)).collect()
    }
}
