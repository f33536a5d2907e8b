//! What a row that a model cannot take looks like: this tells a wrong model or a wrong table from single bad rows.

use std::fmt;

use serde_json::{Map, Value};

use super::reader::Reader;
use crate::config::listed;
use crate::model::{Feature, Rule};

/// What a row is beside a model's features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// As many values as the model has features, or all of its names. Whether they are numbers, is
    /// another question.
    Fits,
    /// An array with another count of values.
    Array(usize),
    /// An object with other keys.
    Object(Vec<String>),
    /// Longer than what is read.
    Long,
    /// Neither an array nor an object: it tells nothing about the model.
    Other,
}

impl Shape {
    /// Whether a row of this shape belongs to another model.
    pub fn is_anothers(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_) | Self::Long)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fits => f.write_str("what the model takes"),
            Self::Array(length) => write!(f, "{length} values without names"),
            Self::Object(keys) => write!(f, "{} keys: {}", keys.len(), listed(keys)),
            Self::Long => f.write_str("a longer text than is read"),
            Self::Other => f.write_str("neither an array nor an object"),
        }
    }
}

impl Reader<'_> {
    /// What a row's text looks like.
    pub fn shape(&self, text: &[u8]) -> Shape {
        if text.len() > self.longest {
            return Shape::Long;
        }
        match serde_json::from_slice(text) {
            Ok(Value::Array(values)) if values.len() == self.features.all.len() => Shape::Fits,
            Ok(Value::Array(values)) => Shape::Array(values.len()),
            Ok(Value::Object(fields)) if self.has_features(&fields) => Shape::Fits,
            Ok(Value::Object(fields)) => Shape::Object(fields.into_iter().map(|(key, _)| key).collect()),
            Ok(_) | Err(_) => Shape::Other,
        }
    }

    /// Whether an object has every feature but those that may be missing, and one at least.
    fn has_features(&self, fields: &Map<String, Value>) -> bool {
        let has = |feature: &Feature| fields.contains_key(&feature.name);
        let features = self.features.all;
        features.iter().any(has) && features.iter().all(|feature| feature.missing == Rule::Taken || has(feature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_another_length_or_with_other_keys_is_for_another_model() {
        let features = ["x", "y"].map(Feature::number);
        let reader = Reader::new(&features);
        let shape = |text: &str| reader.shape(text.as_bytes());
        for text in ["[1,2]", "[1,null]", r#"{"y":1,"x":"?","z":3}"#] {
            assert_eq!(shape(text), Shape::Fits, "{text}");
        }
        for text in ["null", "1", "\"1,2\"", "[1,", ""] {
            assert_eq!(shape(text), Shape::Other, "{text}");
        }
        assert_eq!(shape("[1,2,3]"), Shape::Array(3));
        assert_eq!(shape(&format!("[{}1]", "1,".repeat(50_000))), Shape::Long);
        assert_eq!(shape(r#"{"X":1,"y":2}"#).to_string(), "2 keys: `X`, `y`");
    }
}
