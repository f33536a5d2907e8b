//! The options of a training.

use serde::{Deserialize, Serialize};

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
    /// The kernel of every class pair.
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

impl Default for TrainOptions {
    /// Kernel and C are scikit-learn's defaults. The tolerance is a tenth of scikit-learn's: that
    /// costs little here, and leaves less to chance.
    fn default() -> Self {
        Self {
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
