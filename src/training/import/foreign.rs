//! A model that was trained elsewhere, before it is an artifact.

use std::collections::BTreeMap;

use super::error::ImportError;
use crate::model::{ClassIndex, Digest, ImportSource, Kernel, Pair, Scaler, Sigmoid, Svm, TwoClasses, class_pairs};
use crate::training::shared_vectors::SharedVectors;

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
        let has = |what, found, expected| match found == expected {
            true => Ok(()),
            false => Err(ImportError::Length { what, found, expected }),
        };
        let (classes, vectors) = (self.classes.len(), self.vectors.len());
        let pairs = classes * classes.saturating_sub(1) / 2;
        has("list of support vectors per class", self.vectors_per_class.len(), classes)?;
        has("support vectors", self.vectors_per_class.iter().sum(), vectors)?;
        has("coefficients", self.coefficients.len(), classes.saturating_sub(1))?;
        has("intercepts", self.intercepts.len(), pairs)?;
        has("sigmoids", self.sigmoids.len(), pairs)?;
        self.coefficients.iter().try_for_each(|list| has("list of coefficients", list.len(), vectors))
    }

    /// The machine. Equal support vectors are one, with the sum of their coefficients.
    pub(super) fn svm(&self) -> Svm {
        let mut shared = SharedVectors::default();
        let positions: Vec<usize> = self.vectors.iter().map(|vector| shared.position(vector)).collect();
        let pairs = class_pairs(self.classes.len()).enumerate().map(|(at, (positive, negative))| Pair {
            positive,
            negative,
            intercept: self.intercepts[at],
            sigmoid: self.sigmoids[at],
            coefficients: self.coefficients_of(positive, negative, &positions),
        });
        Svm {
            scaler: self.scaler.clone(),
            kernel: self.kernel,
            pairs: pairs.collect(),
            support_vectors: shared.into_vectors(),
            two_classes: match self.source {
                // As libsvm 3.37. The file does not say which version made it.
                ImportSource::Libsvm => TwoClasses::Sigmoid,
                ImportSource::ScikitLearn => TwoClasses::Coupled,
            },
        }
    }

    /// The coefficients of a pair, by the positions of the shared support vectors.
    fn coefficients_of(&self, positive: ClassIndex, negative: ClassIndex, positions: &[usize]) -> Vec<(usize, f64)> {
        let start = |class: usize| self.vectors_per_class[..class].iter().sum::<usize>();
        let of = |class: usize| start(class)..start(class + 1);
        let list = |against: usize| &self.coefficients[against];
        let positives = of(positive).map(|vector| (vector, list(negative - 1)[vector]));
        let negatives = of(negative).map(|vector| (vector, list(positive)[vector]));
        let mut coefficients = BTreeMap::new();
        for (vector, coefficient) in positives.chain(negatives).filter(|(_, coefficient)| *coefficient != 0.0) {
            *coefficients.entry(positions[vector]).or_insert(0.0) += coefficient;
        }
        coefficients.into_iter().collect()
    }

    /// The support vectors before they were scaled.
    pub(super) fn unscaled(&self) -> Vec<Vec<f64>> {
        self.vectors.iter().map(|vector| self.scaler.unscale(vector)).collect()
    }
}
