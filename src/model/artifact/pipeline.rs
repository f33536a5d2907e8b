//! What a model computes with: machines, what comes before them, and what becomes of their decision values.

use serde::{Deserialize, Serialize};

use super::layer::Layer;
use super::svm::Svm;
use crate::model::kernel::Kernel;
use crate::model::platt::Sigmoid;
use crate::model::scaler::Scaler;

/// What scoring computes with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Predictor {
    /// Numbers only, class pairs, and probabilities: the first format.
    Svm(Svm),
    /// The mean of what these give.
    Pipelines(Vec<Pipeline>),
}

/// From a raw row to outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// From a raw row to what the machine takes; none: the row as it is.
    pub layers: Vec<Layer>,
    /// From there to decision values.
    pub machine: Decider,
    /// From decision values to outputs.
    pub output: Output,
}

/// What makes decision values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decider {
    /// One for each class pair.
    Pairs(Svm),
    /// One, by a kernel.
    Kernel(KernelMachine),
    /// One for each list of weights.
    Linear(LinearMachine),
}

/// `f(x) = intercept + Σ coefficient · K(x, support vector)` of a scaled row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelMachine {
    /// Applied before the kernel.
    pub scaler: Scaler,
    /// The kernel.
    pub kernel: Kernel,
    /// Scaled rows.
    pub support_vectors: Vec<Vec<f64>>,
    /// One per support vector.
    pub coefficients: Vec<f64>,
    /// libsvm's `-rho`.
    pub intercept: f64,
}

/// `f(x) = intercept + Σ weight · x` of a scaled row, for each decision value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearMachine {
    /// Applied before the weights.
    pub scaler: Scaler,
    /// Decision values × columns.
    pub weights: Vec<Vec<f64>>,
    /// One per decision value.
    pub intercepts: Vec<f64>,
}

/// What becomes of decision values. Of two classes a single one above 0 means the second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Output {
    /// Probabilities, from those of class pairs.
    Coupled,
    /// Probabilities of two classes: `1 / (1 + exp(-f))` is the second's.
    Logistic,
    /// Probabilities, by the exponentials of one decision value per class.
    Softmax,
    /// Probabilities: `1 / (1 + exp(-f))` of one decision value per class, divided by their sum.
    OneVsRest,
    /// Probabilities: each class's decision value through its calibrator, divided by their sum; of two classes
    /// only the second's.
    Calibrated(Vec<Calibrator>),
    /// No probabilities: a margin for each class.
    Margins,
    /// A number.
    Value,
    /// How far within, if above 0, or without what was learnt.
    Score,
}

/// From a decision value to a probability.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Calibrator {
    /// `1 / (1 + exp(a f + b))`.
    Sigmoid(Sigmoid),
    /// Straight lines between points, level outside of them.
    Isotonic {
        /// Ascending.
        x: Vec<f64>,
        /// One per point, between 0 and 1.
        y: Vec<f64>,
    },
}

/// What a prediction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictionKind {
    /// A probability for each class.
    Probabilities,
    /// A margin for each class; the largest is the label's.
    Margins,
    /// A number.
    Value,
    /// A number, above 0 for the first of two labels.
    Score,
}

impl PredictionKind {
    /// Its name in SQL.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Probabilities => "probabilities",
            Self::Margins => "margins",
            Self::Value => "value",
            Self::Score => "score",
        }
    }

    /// How many numbers a prediction has.
    #[must_use]
    pub fn width(self, classes: usize) -> usize {
        match self {
            Self::Probabilities | Self::Margins => classes,
            Self::Value | Self::Score => 1,
        }
    }
}

impl Output {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> PredictionKind {
        match self {
            Self::Coupled | Self::Logistic | Self::Softmax | Self::OneVsRest | Self::Calibrated(_) => {
                PredictionKind::Probabilities
            }
            Self::Margins => PredictionKind::Margins,
            Self::Value => PredictionKind::Value,
            Self::Score => PredictionKind::Score,
        }
    }
}

impl Predictor {
    /// What it gives. All pipelines give the same.
    #[must_use]
    pub fn kind(&self) -> PredictionKind {
        match self {
            Self::Svm(_) => PredictionKind::Probabilities,
            Self::Pipelines(pipelines) => {
                pipelines.first().map_or(PredictionKind::Probabilities, |first| first.output.kind())
            }
        }
    }

    /// The one machine of the first format, or of a single pipeline that has one for each class pair.
    #[must_use]
    pub fn svm(&self) -> Option<&Svm> {
        match self {
            Self::Svm(svm) => Some(svm),
            Self::Pipelines(pipelines) => match pipelines.as_slice() {
                [Pipeline { machine: Decider::Pairs(svm), .. }] => Some(svm),
                _ => None,
            },
        }
    }
}
