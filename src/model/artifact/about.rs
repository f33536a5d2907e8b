//! What a model says of itself.

use serde::{Deserialize, Serialize};

/// Characters of a name, at most.
pub const LONGEST_NAME: usize = 200;

/// What a model says of itself. Most say nothing: then it is called by what it predicts, and is for use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// What it is called, by which a job may pin it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Purpose::is_use")]
    pub purpose: Purpose,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Rows that somebody wants predictions of.
    #[default]
    Use,
    /// To be tried out: it scores nobody's rows by accident.
    Sample,
}

impl Purpose {
    // Serde asks with a reference.
    fn is_use(&self) -> bool {
        *self == Self::Use
    }
}

impl About {
    /// Whether it says nothing, as the files of earlier formats do.
    pub(super) fn says_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a text can be the name of a model.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let is_plain = text.trim() == text && !text.chars().any(char::is_control);
    is_plain && (1..=LONGEST_NAME).contains(&text.chars().count())
}
