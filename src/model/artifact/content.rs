//! What a model file holds.

use serde::{Deserialize, Serialize};

use super::about::About;
use super::feature::{Cell, Feature};
use super::origin::{Origin, Training};
use super::pipeline::{PredictionKind, Predictor};
/// The latest format. This build reads it and all before.
pub const FORMAT: u32 = 3;

/// The latest that says nothing of what the model is called and what it is for.
const SILENT_FORMAT: u32 = 2;

/// What a model file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// What it says of itself.
    #[serde(default, skip_serializing_if = "About::says_nothing")]
    pub about: About,
    /// Name of the column that is predicted.
    pub label: String,
    /// The features, in the order of a row's values.
    pub features: Vec<Feature>,
    /// Names of the classes, in the order of a prediction's probabilities; none where a prediction is a number.
    pub classes: Vec<String>,
    /// What scoring computes with: `svm` or `pipelines` in the file.
    #[serde(flatten)]
    pub predictor: Predictor,
    /// Where the model comes from; `training` in the file.
    #[serde(rename = "training")]
    pub origin: Origin,
    /// How each feature was distributed over the training rows; drift is measured against it. Empty
    /// for a model that was imported without rows.
    pub distribution: Vec<FeatureDistribution>,
    /// Rows with their exact answers, for the canary.
    pub golden: Vec<GoldenRow>,
}

/// The distribution of one feature, in the feature's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureDistribution {
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The mean.
    pub mean: f64,
    /// The population standard deviation.
    pub deviation: f64,
    /// The deciles, ascending, each once: up to nine edges of up to ten bins. Bin `i` holds the
    /// values above edge `i - 1`, up to and including edge `i`; the last bin has no upper edge.
    pub edges: Vec<f64>,
    /// Share of the rows in each bin, above 0; there is one more bin than edges. If values repeat,
    /// the shares are not all a tenth.
    pub shares: Vec<f64>,
    /// Share of the rows without a value; the others are shares of those with one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gaps: f64,
}

// Serde asks with a reference.
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

/// A row and the prediction that any build must reproduce to the bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoldenRow {
    /// One per feature, as a row's JSON has them.
    pub values: Vec<Cell>,
    /// The prediction; `probabilities` or `outputs` in the file.
    #[serde(flatten)]
    pub answer: GoldenAnswer,
}

/// The answer of a golden row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoldenAnswer {
    /// One per class.
    Probabilities(Vec<f64>),
    /// Of a model that gives something else.
    Outputs(Vec<f64>),
}

impl GoldenAnswer {
    /// Of a model that gives `kind`.
    pub(crate) fn new(kind: PredictionKind, outputs: Vec<f64>) -> Self {
        match kind {
            PredictionKind::Probabilities => Self::Probabilities(outputs),
            PredictionKind::Margins | PredictionKind::Value | PredictionKind::Score => Self::Outputs(outputs),
        }
    }

    /// Its name in the file.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Probabilities(_) => "probabilities",
            Self::Outputs(_) => "outputs",
        }
    }

    /// Its numbers.
    #[must_use]
    pub fn outputs(&self) -> &[f64] {
        match self {
            Self::Probabilities(outputs) | Self::Outputs(outputs) => outputs,
        }
    }
}

impl Content {
    /// How many numbers a prediction has.
    #[must_use]
    pub fn width(&self) -> usize {
        self.predictor.kind().width(self.classes.len())
    }

    /// The number of the first format that can hold it.
    pub(super) fn format(&self) -> u32 {
        let is_first = self.features.iter().all(Feature::is_plain) && matches!(self.predictor, Predictor::Svm(_));
        match (self.about.says_nothing(), is_first) {
            (false, _) => FORMAT,
            (true, true) => 1,
            (true, false) => SILENT_FORMAT,
        }
    }

    /// The record of the training, unless the model was imported.
    #[must_use]
    pub fn training(&self) -> Option<&Training> {
        match &self.origin {
            Origin::Trained(training) => Some(training),
            Origin::Imported(_) => None,
        }
    }
}
