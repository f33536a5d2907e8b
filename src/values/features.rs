//! The features of a model, by their names and positions.

use std::cell::OnceCell;
use std::collections::HashMap;

use crate::model::Feature;

/// The features, in the model's order.
#[derive(Debug)]
pub(super) struct Features<'m> {
    pub(super) names: &'m [Feature],
    /// Whether each has a column of its own, in which a `null` is an SQL NULL.
    pub(super) in_columns: bool,
    /// Where each feature stands; only objects ask.
    positions: OnceCell<HashMap<&'m str, usize>>,
}

impl<'m> Features<'m> {
    pub(super) fn new(names: &'m [Feature]) -> Self {
        Self { names, in_columns: false, positions: OnceCell::new() }
    }

    /// The position of a feature.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let named = || self.names.iter().enumerate().map(|(position, name)| (name.as_ref(), position)).collect();
        self.positions.get_or_init(named).get(name).copied()
    }

    /// A value as reasons call it, by its position.
    pub(super) fn called(&self, position: usize) -> String {
        match self.names.get(position) {
            Some(feature) => format!("value {} (`{}`)", position + 1, feature.name),
            None => format!("value {}", position + 1),
        }
    }
}
