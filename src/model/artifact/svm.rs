//! A machine for each class pair.

use serde::{Deserialize, Serialize};

use crate::model::kernel::Kernel;
use crate::model::platt::Sigmoid;
use crate::model::scaler::Scaler;

/// Position of a class in the list of class names.
pub type ClassIndex = usize;

/// A multi-class support vector machine with probabilities: one binary machine per class pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Svm {
    /// Applied to a row before anything else.
    pub scaler: Scaler,
    /// The same for all pairs.
    pub kernel: Kernel,
    /// Scaled rows, each different from the others: pairs share them.
    pub support_vectors: Vec<Vec<f64>>,
    /// Every class pair once, in libsvm's order: (0, 1), (0, 2), …, (1, 2), ….
    pub pairs: Vec<Pair>,
    /// How two classes get their probabilities.
    #[serde(default, skip_serializing_if = "TwoClasses::is_coupled")]
    pub two_classes: TwoClasses,
}

/// How a model of two classes makes their probabilities of its only pair's. With more classes there is
/// only one way, coupling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TwoClasses {
    /// By coupling, which stops early and is up to 0.004 from the sigmoid: libsvm up to 3.36 and
    /// scikit-learn, and models that were trained before there was a choice.
    #[default]
    Coupled,
    /// They are the sigmoid's: libsvm since 3.37.
    Sigmoid,
}

impl TwoClasses {
    /// So serde leaves it out, and an artifact that was made before there was a choice keeps its version.
    fn is_coupled(&self) -> bool {
        *self == Self::Coupled
    }
}

/// The machine of one class pair: `f(x) = intercept + Σ coefficient · K(x, support vector)`, above 0
/// for the positive class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The class that a positive decision value means: the pair's first, as in libsvm.
    pub positive: ClassIndex,
    /// The other class.
    pub negative: ClassIndex,
    /// libsvm's `-rho`.
    pub intercept: f64,
    /// From the decision value to the probability of the positive class.
    pub sigmoid: Sigmoid,
    /// (Index of the support vector, coefficient), the indices ascending.
    pub coefficients: Vec<(usize, f64)>,
}

/// Every pair of `classes` classes, in libsvm's order.
pub(crate) fn class_pairs(classes: usize) -> impl Iterator<Item = (ClassIndex, ClassIndex)> {
    (0..classes).flat_map(move |first| (first + 1..classes).map(move |second| (first, second)))
}
