//! What stands in an item as a prediction, and which class each of its numbers is of.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::listing::Listing;
use super::runs;
use super::statement::Statement;
use crate::config::PredictionFormat;
use crate::model::{Model, PredictionKind, SharedModel};
use crate::run::RunId;

/// A prediction as the model writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// The class that it means; a value means none.
    pub class: Option<usize>,
    /// Its numbers; `None` where the label alone is kept.
    pub outputs: Option<Vec<f64>>,
}

impl Predicted {
    /// What stands in an item, if it is that.
    pub fn of(model: &Model, item: &Listing) -> Option<Self> {
        Self::read(model, item.format, item.prediction.as_deref()?)
    }

    /// What a text of this format says, if the model writes such.
    pub(crate) fn read(model: &Model, format: PredictionFormat, text: &str) -> Option<Self> {
        if format == PredictionFormat::Label {
            let class = model.classes().iter().position(|class| class == text)?;
            return Some(Self { class: Some(class), outputs: None });
        }
        let of = model.outputs();
        let stored: Vec<f64> = match of.kind {
            PredictionKind::Probabilities | PredictionKind::Margins => serde_json::from_str(text).ok()?,
            PredictionKind::Value | PredictionKind::Score => vec![serde_json::from_str(text).ok()?],
        };
        (stored.len() == of.width()).then(|| Self { class: of.label(&stored), outputs: Some(stored) })
    }

    /// The probability of each class, if it is of that kind.
    pub fn by_class(self, model: &SharedModel) -> Option<ByClass> {
        let outputs = self.outputs.filter(|_| model.outputs().kind == PredictionKind::Probabilities)?;
        Some(ByClass { model: model.clone(), probabilities: outputs })
    }
}

/// Probabilities by the names of their classes: an object, in the model's order.
#[derive(Clone, Debug)]
pub struct ByClass {
    model: SharedModel,
    probabilities: Vec<f64>,
}

impl ByClass {
    /// Each class with its probability.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, f64)> {
        self.model.classes().iter().map(String::as_str).zip(self.probabilities.iter().copied())
    }
}

impl Serialize for ByClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.pairs())
    }
}

/// The runs that wrote predictions of a model. Another model's numbers may be of other classes.
#[derive(Clone, Debug)]
pub struct Writers {
    model: SharedModel,
    runs: HashSet<RunId>,
}

impl Writers {
    /// Those that wrote what stands in `items`.
    pub fn of(model: SharedModel, items: &[Listing]) -> Statement<Self> {
        let runs: HashSet<RunId> = items.iter().filter_map(|item| item.run).collect();
        let of_model = runs::of_model(&runs.into_iter().collect::<Vec<_>>(), &model.version().shown());
        of_model.map(move |runs| Self { model, runs: runs.into_iter().collect() })
    }

    /// Whether what stands in an item may be a prediction of the model: it is not known to be of another one.
    pub fn may_have_written(&self, item: &Listing) -> bool {
        item.run.is_none_or(|run| self.runs.contains(&run))
    }

    /// The probability of each class, where a run of the model wrote them.
    pub fn by_class(&self, item: &Listing) -> Option<ByClass> {
        item.run.filter(|run| self.runs.contains(run))?;
        Predicted::of(&self.model, item)?.by_class(&self.model)
    }
}
