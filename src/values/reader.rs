//! Reading a row: the short way if it is plain, else the long way.

use std::borrow::Cow;

use super::features::Features;
use super::reason::{Reason, ReasonCode};
use super::{json, plain};
use crate::config::ItemsTable;
use crate::model::{Encoder, Feature, FeatureKind, Model};

/// Bytes for what an object holds beside its features: a note, an address, a list.
const OTHER_KEYS: usize = 64 << 10;

/// Bytes for white space and for short rows, where numbers are all that there is.
const SLACK: usize = 4096;

/// Bytes for one number or moment: an f64 takes at most 25 characters, and there may be space around it.
const NUMBER: usize = 64;

/// Bytes for one character of a key: `\u00e9`.
const CHARACTER: usize = 6;

/// The longest text of `values` that is read, in bytes, for a model of these features: 64 KiB beside what
/// they need. It bounds a row, whatever somebody stored in it; a page is bounded by itself.
pub fn longest_text(features: &[Feature]) -> usize {
    OTHER_KEYS + of_values(features)
}

/// The longest text, in bytes, of the values of these features and little else.
pub fn longest_values(features: &[Feature]) -> usize {
    SLACK + of_values(features)
}

fn of_values(features: &[Feature]) -> usize {
    of_numbers(features) + features.iter().map(|feature| CHARACTER * longest_category(feature)).sum::<usize>()
}

/// Characters of the longest category of a feature; of others none.
pub fn longest_category(feature: &Feature) -> usize {
    match &feature.kind {
        FeatureKind::Category { categories, .. } => {
            categories.iter().map(|category| category.to_string().chars().count()).max().unwrap_or_default()
        }
        FeatureKind::Number | FeatureKind::Moment => 0,
    }
}

/// The longest text, in bytes, of numbers by these names and little else.
pub fn longest_numbers(names: &[impl AsRef<str>]) -> usize {
    SLACK + of_numbers(names)
}

fn of_numbers(names: &[impl AsRef<str>]) -> usize {
    names.iter().map(|name| NUMBER + CHARACTER * name.as_ref().len()).sum()
}

/// Reads rows for a model of some features.
#[derive(Debug)]
pub struct Reader<'m> {
    pub(super) features: Features<'m>,
    pub(super) longest: usize,
}

impl<'m> Reader<'m> {
    /// A reader for a model with these features, in this order.
    pub fn new(features: &'m [Feature]) -> Self {
        Self::with(features, Cow::Owned(Encoder::new(features)))
    }

    /// A reader for a model.
    pub fn of(model: &'m Model) -> Self {
        Self::with(model.features(), Cow::Borrowed(model.encoder()))
    }

    fn with(features: &'m [Feature], encoder: Cow<'m, Encoder>) -> Self {
        Self { features: Features::new(features, encoder), longest: longest_text(features) }
    }

    /// A reader of what a table's rows are read as. Of typed columns a `null` is a value that is missing.
    pub(crate) fn of_table(table: &ItemsTable, model: &'m Model) -> Self {
        let mut reader = Self::of(model);
        reader.features.in_columns = table.has_feature_columns();
        reader
    }

    /// Reads a JSON array with one value for each feature, or an object with one under each
    /// feature's name, into `row`, which is cleared first. An object's other keys are passed over;
    /// of one that stands there twice the last counts, as MySQL stores it.
    ///
    /// # Errors
    /// The [`Reason`] that the item is set aside for; `row` then holds nothing of use.
    pub fn read(&self, text: &[u8], row: &mut Vec<f64>) -> Result<(), Reason> {
        if text.len() > self.longest {
            return Err(Reason::new(ReasonCode::TooLarge, format!("values is longer than {} bytes", self.longest)));
        }
        if self.features.are_numbers && plain::read(text, self.features.all.len(), row) {
            return Ok(());
        }
        json::read(&self.features, text, row)
    }

    /// A value as reasons call it, by its position.
    pub(crate) fn called(&self, position: usize) -> String {
        self.features.called(position)
    }
}
