//! Reading a row: the short way if it is plain, else the long way.

use super::features::Features;
use super::reason::{Reason, ReasonCode};
use super::{json, plain};

/// Bytes for white space, for short rows, and for keys of an object that are no feature's.
const SLACK: usize = 4096;

/// Bytes for one number: an f64 takes at most 25 characters, and there may be space around it.
const NUMBER: usize = 64;

/// Bytes for one character of a key: `\u00e9`.
const CHARACTER: usize = 6;

/// The longest text of `values` that is read, in bytes, for a model of these features. It bounds a
/// page's memory whatever somebody stored in a row.
pub fn longest_text(features: &[String]) -> usize {
    SLACK + features.iter().map(|name| NUMBER + CHARACTER * name.len()).sum::<usize>()
}

/// Reads rows for a model of some features.
#[derive(Debug)]
pub struct Reader<'m> {
    pub(super) features: Features<'m>,
    pub(super) longest: usize,
}

impl<'m> Reader<'m> {
    /// A reader for a model whose features have these names, in this order.
    pub fn new(features: &'m [String]) -> Self {
        Self { features: Features::new(features), longest: longest_text(features) }
    }

    /// Reads a JSON array with one finite number for each feature, or an object with one under each
    /// feature's name, into `row`, which is cleared first. An object's other keys are passed over;
    /// of one that stands there twice the last counts, as MySQL stores it.
    ///
    /// # Errors
    /// The [`Reason`] that the item is set aside for; `row` then holds nothing of use.
    pub fn read(&self, text: &[u8], row: &mut Vec<f64>) -> Result<(), Reason> {
        if text.len() > self.longest {
            return Err(Reason::new(ReasonCode::TooLarge, format!("values is longer than {} bytes", self.longest)));
        }
        if plain::read(text, self.features.names.len(), row) {
            return Ok(());
        }
        json::read(&self.features, text, row)
    }

    /// A value as reasons call it, by its position.
    pub(crate) fn called(&self, position: usize) -> String {
        self.features.called(position)
    }
}
