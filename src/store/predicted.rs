//! What stands in an item as a prediction, and which class each of its numbers is of.

use std::collections::HashSet;

use serde::{Serialize, Serializer};

use super::listing::Listing;
use super::runs;
use super::statement::Statement;
use crate::config::PredictionFormat;
use crate::model::Model;
use crate::run::RunId;

/// A prediction as the model writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// The most probable class.
    pub class: usize,
    /// Of each class; `None` where the label alone is kept.
    pub probabilities: Option<Vec<f64>>,
}

impl Predicted {
    /// What stands in an item, if it is that.
    pub fn of(model: &Model, item: &Listing) -> Option<Self> {
        let text = item.prediction.as_deref()?;
        if item.format == PredictionFormat::Label {
            let class = model.classes().iter().position(|class| class == text)?;
            return Some(Self { class, probabilities: None });
        }
        let stored: Vec<f64> = serde_json::from_str(text).ok()?;
        (stored.len() == model.classes().len()).then_some(())?;
        Some(Self { class: most_probable(&stored)?, probabilities: Some(stored) })
    }
}

/// The first class of the largest probability.
pub fn most_probable(probabilities: &[f64]) -> Option<usize> {
    (0..probabilities.len()).reduce(|best, class| if probabilities[class] > probabilities[best] { class } else { best })
}

/// Probabilities by the names of their classes: an object, in the model's order.
#[derive(Clone, Debug, PartialEq)]
pub struct ByClass {
    classes: &'static [String],
    probabilities: Vec<f64>,
}

impl ByClass {
    /// Of as many probabilities as the model has classes.
    pub fn new(model: &'static Model, probabilities: Vec<f64>) -> Self {
        Self { classes: model.classes(), probabilities }
    }

    /// Each class with its probability.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, f64)> {
        self.classes.iter().map(String::as_str).zip(self.probabilities.iter().copied())
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
    model: &'static Model,
    runs: HashSet<RunId>,
}

impl Writers {
    /// Those that wrote what stands in `items`.
    pub fn of(model: &'static Model, items: &[Listing]) -> Statement<Self> {
        let runs: HashSet<RunId> = items.iter().filter_map(|item| item.run).collect();
        let of_model = runs::of_model(&runs.into_iter().collect::<Vec<_>>(), &model.version().shown());
        of_model.map(move |runs| Self { model, runs: runs.into_iter().collect() })
    }

    /// The probability of each class, where a run of the model wrote them.
    pub fn by_class(&self, item: &Listing) -> Option<ByClass> {
        item.run.filter(|run| self.runs.contains(run))?;
        Some(ByClass::new(self.model, Predicted::of(self.model, item)?.probabilities?))
    }
}
