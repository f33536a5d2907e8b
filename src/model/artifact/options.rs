//! The options of a training.

use serde::{Deserialize, Serialize};

use super::pipeline::PredictionKind;
use crate::model::kernel::Kernel;

/// How gamma is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gamma {
    /// 1 / (number of features × variance of all scaled values), as scikit-learn's "scale".
    Scale,
    /// This number, above 0.
    Value(f64),
}

/// The options of a training. Together with the data they determine the model to the bit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainOptions {
    /// What is trained.
    #[serde(default, skip_serializing_if = "Method::is_svc")]
    pub method: Method,
    /// The kernel of a support vector machine.
    pub kernel: Kernel<Gamma>,
    /// How much a row on the wrong side of the margin costs, above 0.
    pub c: f64,
    /// How C is shared out among the classes.
    #[serde(default, skip_serializing_if = "ClassWeights::is_equal")]
    pub class_weights: ClassWeights,
    /// The seed of the folds. scikit-learn's
    /// `SVC(probability=True, random_state=seed)` calibrates on the same folds.
    pub seed: u32,
    /// The largest violation of the optimality conditions (KKT) that is accepted, in units of the
    /// decision value.
    pub tolerance: f64,
    /// The largest number of passes over the rows: only in models of the solver that made passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_epochs: Option<usize>,
    /// The largest number of steps of a solution. The name in the file is older than this solver.
    #[serde(rename = "max_finishing_steps")]
    pub max_steps: usize,
}

/// What is trained, with what only it has. The names are scikit-learn's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A support vector machine for each class pair, with probabilities.
    #[default]
    Svc,
    /// Logistic regression: probabilities.
    Logistic,
    /// A linear support vector machine for each class: margins.
    LinearSvc,
    /// Epsilon-regression by support vectors: a value.
    Svr {
        /// An error up to this costs nothing, in units of the label.
        epsilon: f64,
    },
    /// Least squares: a value.
    Linear,
    /// Least squares with small weights: a value.
    Ridge {
        /// How much the squares of the weights count.
        alpha: f64,
    },
    /// What rows usually are like: a score.
    OneClass {
        /// About this share of the training rows is left outside.
        nu: f64,
    },
}

impl Method {
    /// So serde leaves it out, and such an artifact has the same bytes as before there were others.
    fn is_svc(&self) -> bool {
        *self == Self::Svc
    }

    /// As the command line calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Svc | Self::Svr { .. } | Self::OneClass { .. } => "svm",
            Self::Logistic => "logistic",
            Self::LinearSvc => "linear-svc",
            Self::Linear => "linear",
            Self::Ridge { .. } => "ridge",
        }
    }

    /// Whether it has a kernel.
    #[must_use]
    pub fn has_kernel(&self) -> bool {
        matches!(self, Self::Svc | Self::Svr { .. } | Self::OneClass { .. })
    }

    /// What it gives.
    #[must_use]
    pub fn gives(&self) -> PredictionKind {
        match self {
            Self::Svc | Self::Logistic => PredictionKind::Probabilities,
            Self::LinearSvc => PredictionKind::Margins,
            Self::Svr { .. } | Self::Linear | Self::Ridge { .. } => PredictionKind::Value,
            Self::OneClass { .. } => PredictionKind::Score,
        }
    }
}

impl Default for TrainOptions {
    /// Kernel and C are scikit-learn's defaults. The tolerance is a tenth of scikit-learn's: that
    /// costs little here, and leaves less to chance.
    fn default() -> Self {
        Self {
            method: Method::Svc,
            kernel: Kernel::Rbf { gamma: Gamma::Scale },
            c: 1.0,
            class_weights: ClassWeights::Equal,
            seed: 0,
            tolerance: 1e-4,
            max_epochs: None,
            // libsvm's. 20,000 rows take some 30,000.
            max_steps: 10_000_000,
        }
    }
}

/// How C is shared out among the classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassWeights {
    /// C for every row.
    #[default]
    Equal,
    /// C times (rows / (classes × rows of the class)), as scikit-learn's `class_weight="balanced"`:
    /// a rare class counts as much as a frequent one.
    Balanced,
}

impl ClassWeights {
    /// So serde leaves equal weights out, and such an artifact has the same bytes as before there were
    /// weights.
    fn is_equal(&self) -> bool {
        *self == Self::Equal
    }
}
