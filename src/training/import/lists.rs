//! libsvm's own lists of a classifier, which scikit-learn holds, too, as a machine of class pairs.

use std::collections::BTreeMap;

use super::error::ImportError;
use crate::model::{
    ClassIndex, Decider, Kernel, Output, Pair, Pipeline, Predictor, Scaler, Sigmoid, Svm, TwoClasses, class_pairs,
};
use crate::training::shared_vectors::SharedVectors;

/// Where a pair has no sigmoid, because the model gives no probabilities.
const NO_SIGMOID: Sigmoid = Sigmoid { a: -1.0, b: 0.0 };

/// A classifier with its classes in its own order.
pub(super) struct Lists {
    pub(super) classes: usize,
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
    /// One per class pair, if it gives probabilities.
    pub(super) sigmoids: Option<Vec<Sigmoid>>,
    pub(super) two_classes: TwoClasses,
}

impl Lists {
    /// What it predicts with: probabilities, or margins where it has no sigmoids.
    ///
    /// # Errors
    /// When a list does not have as many entries as the others prescribe.
    pub(super) fn predictor(self) -> Result<Predictor, ImportError> {
        let is_calibrated = self.sigmoids.is_some();
        let svm = self.svm()?;
        if is_calibrated {
            return Ok(Predictor::Svm(svm));
        }
        let machine = Decider::Pairs(svm);
        Ok(Predictor::Pipelines(vec![Pipeline { layers: Vec::new(), machine, output: Output::Margins }]))
    }

    /// The machine. Equal support vectors are one, with the sum of their coefficients.
    fn svm(self) -> Result<Svm, ImportError> {
        self.check()?;
        let mut shared = SharedVectors::default();
        let positions: Vec<usize> = self.vectors.iter().map(|vector| shared.position(vector)).collect();
        let pairs = class_pairs(self.classes).enumerate().map(|(at, (positive, negative))| Pair {
            positive,
            negative,
            intercept: self.intercepts[at],
            sigmoid: self.sigmoids.as_ref().map_or(NO_SIGMOID, |sigmoids| sigmoids[at]),
            coefficients: self.coefficients_of(positive, negative, &positions),
        });
        Ok(Svm {
            pairs: pairs.collect(),
            scaler: self.scaler,
            kernel: self.kernel,
            support_vectors: shared.into_vectors(),
            two_classes: self.two_classes,
        })
    }

    fn check(&self) -> Result<(), ImportError> {
        let has = |what, found, expected| match found == expected {
            true => Ok(()),
            false => Err(ImportError::Length { what, found, expected }),
        };
        let (classes, vectors) = (self.classes, self.vectors.len());
        let pairs = classes * classes.saturating_sub(1) / 2;
        has("list of support vectors per class", self.vectors_per_class.len(), classes)?;
        let expected = self.vectors_per_class.iter().copied().fold(0, usize::saturating_add);
        has("list of support vectors", vectors, expected)?;
        has("coefficients", self.coefficients.len(), classes.saturating_sub(1))?;
        has("intercepts", self.intercepts.len(), pairs)?;
        self.sigmoids.as_ref().map_or(Ok(()), |sigmoids| has("sigmoids", sigmoids.len(), pairs))?;
        self.coefficients.iter().try_for_each(|list| has("list of coefficients", list.len(), vectors))
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
}
