//! The features of a model, by their names and positions.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use crate::model::{Encoder, Feature, FeatureKind};

/// The features, in the model's order.
#[derive(Debug)]
pub(super) struct Features<'m> {
    pub(super) all: &'m [Feature],
    pub(super) encoder: Cow<'m, Encoder>,
    /// Whether each has a column of its own, in which a `null` is an SQL NULL.
    pub(super) in_columns: bool,
    /// Whether all of them are numbers.
    pub(super) are_numbers: bool,
    /// Where each feature stands; only objects ask.
    positions: OnceCell<HashMap<&'m str, usize>>,
}

impl<'m> Features<'m> {
    pub(super) fn new(all: &'m [Feature], encoder: Cow<'m, Encoder>) -> Self {
        let are_numbers = all.iter().all(|feature| feature.kind == FeatureKind::Number);
        Self { all, encoder, in_columns: false, are_numbers, positions: OnceCell::new() }
    }

    /// The position of a feature.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let named = || self.all.iter().enumerate().map(|(position, feature)| (feature.as_ref(), position)).collect();
        self.positions.get_or_init(named).get(name).copied()
    }

    /// A value as reasons call it, by its position.
    pub(super) fn called(&self, position: usize) -> String {
        match self.all.get(position) {
            Some(feature) => format!("value {} (`{}`)", position + 1, feature.name),
            None => format!("value {}", position + 1),
        }
    }
}
