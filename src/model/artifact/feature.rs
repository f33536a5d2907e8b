//! What a feature is: its name, what its values are, and what is done where there is none.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::moment;

/// One feature. In the file its name alone stands for a number that may not be missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Feature {
    /// As columns and keys are called.
    pub name: String,
    /// What its values are.
    pub kind: FeatureKind,
    /// What is done with a gap.
    pub missing: Rule,
}

/// What the values of a feature are, and the number that one becomes in a raw row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FeatureKind {
    /// A number, which stays as it is.
    Number,
    /// One of a few: its position among them.
    Category {
        /// Each once.
        categories: Vec<Category>,
        /// What is done with one that is not among them. Where it is taken, its number is that of the known ones.
        #[serde(default, skip_serializing_if = "Rule::is_refused")]
        unseen: Rule,
    },
    /// A date, a time of day, or both: seconds since 1970 began, or since the day did.
    Moment,
}

/// What is done with a value that is missing, or a category that is unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The row is set aside.
    #[default]
    Refused,
    /// The pipeline knows what to do.
    Taken,
}

impl Rule {
    // Serde asks with a reference.
    fn is_refused(&self) -> bool {
        *self == Self::Refused
    }
}

/// A known category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Category {
    /// A number, however it is written.
    Number(f64),
    /// A text, exactly.
    Text(String),
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.pad(text),
        }
    }
}

/// One value of a row, as JSON has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// A number.
    Number(f64),
    /// A category, or a moment.
    Text(String),
    /// Nothing.
    Missing,
}

impl Feature {
    /// A number that may not be missing.
    pub fn number(name: impl ToString) -> Self {
        Self { name: name.to_string(), kind: FeatureKind::Number, missing: Rule::Refused }
    }

    /// The number of a category that is unseen, if such are taken.
    #[must_use]
    pub fn unseen_code(&self) -> Option<f64> {
        match &self.kind {
            FeatureKind::Category { categories, unseen: Rule::Taken } => Some(categories.len() as f64),
            FeatureKind::Category { .. } | FeatureKind::Number | FeatureKind::Moment => None,
        }
    }

    /// Whether it is a number that may not be missing, as all were in the first format.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.kind == FeatureKind::Number && self.missing == Rule::Refused
    }

    /// A value that has this number in a raw row, as an [`Encoder`](crate::model::Encoder) makes them; a category that
    /// is none of the known ones for that of an unseen one. None where no value has the number.
    #[must_use]
    pub fn cell(&self, raw: f64) -> Option<Cell> {
        match &self.kind {
            _ if raw.is_nan() => Some(Cell::Missing),
            FeatureKind::Number => Some(Cell::Number(raw)),
            FeatureKind::Moment => moment::write(raw).map(Cell::Text),
            FeatureKind::Category { categories, .. } => {
                // A conversion of a float saturates.
                let position = raw as usize;
                match categories.get(position) {
                    _ if position as f64 != raw || position > categories.len() => None,
                    Some(Category::Number(number)) => Some(Cell::Number(*number)),
                    Some(Category::Text(text)) => Some(Cell::Text(text.clone())),
                    None => Some(Cell::Text(unseen(categories))),
                }
            }
        }
    }
}

/// A text that is none of these.
fn unseen(categories: &[Category]) -> String {
    let mut text = String::from("unseen");
    while categories.iter().any(|category| matches!(category, Category::Text(known) if *known == text)) {
        text.push('?');
    }
    text
}

impl AsRef<str> for Feature {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Plain(String),
    Whole(Whole),
}

#[derive(Clone, Serialize, Deserialize)]
struct Whole {
    name: String,
    #[serde(flatten)]
    kind: FeatureKind,
    #[serde(default, skip_serializing_if = "Rule::is_refused")]
    missing: Rule,
}

impl From<Written> for Feature {
    fn from(written: Written) -> Self {
        match written {
            Written::Plain(name) => Self::number(name),
            Written::Whole(Whole { name, kind, missing }) => Self { name, kind, missing },
        }
    }
}

impl From<Feature> for Written {
    fn from(feature: Feature) -> Self {
        if feature.is_plain() {
            return Self::Plain(feature.name);
        }
        let Feature { name, kind, missing } = feature;
        Self::Whole(Whole { name, kind, missing })
    }
}
