//! Why an item cannot be scored.

use crate::run::named;

named! {
    /// Why an item cannot be scored.
    pub enum ReasonCode {
        /// `values` is some other JSON value than an array or an object, or no JSON at all.
        NotAnArray = "not_an_array",
        /// Another count of values than the model has features.
        WrongLength = "wrong_length",
        /// An object does not have a feature's key, or a typed column is NULL.
        MissingValue = "missing_value",
        /// A value is text, null or nested.
        NotANumber = "not_a_number",
        /// A value is a category that the model does not know.
        UnseenCategory = "unseen_category",
        /// A value is no date or time.
        NotAMoment = "not_a_moment",
        /// A value is beyond the range of a 64-bit float.
        NotFinite = "not_finite",
        /// The text is longer than [`longest_text`](super::longest_text), or a value so large that the
        /// model's arithmetic overflows.
        TooLarge = "too_large",
        /// The database would not let the prediction be written; the reason is its words.
        Refused = "refused",
    }
}

/// A [`ReasonCode`] as it was stored. Another version of rowscore may have stored one that this one does not know.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum StoredCode {
    /// One of this version's.
    Known(ReasonCode),
    /// Another version's.
    Unknown(String),
}

impl From<String> for StoredCode {
    fn from(name: String) -> Self {
        name.parse().map_or(Self::Unknown(name), Self::Known)
    }
}

impl std::fmt::Display for StoredCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Known(code) => code.fmt(f),
            Self::Unknown(name) => f.pad(name),
        }
    }
}

/// Why an item was set aside: a code to count by and a sentence to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The kind of failure.
    pub code: ReasonCode,
    /// What was found, for a person.
    pub text: String,
}

impl Reason {
    pub(crate) fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}
