//! What a column can be, where it is more than a name.

use super::names::{ColumnName, parts};
use super::setting::{Accepts, Setting};

/// One of `FEATURE_COLUMNS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureColumn {
    /// The feature's name, as the model has it.
    pub feature: String,
    /// The column that holds its values.
    pub column: ColumnName,
}

impl Setting for FeatureColumn {
    const ACCEPTS: Accepts =
        Accepts::Text("COLUMN, named as its feature, or FEATURE=COLUMN; with a comma or = in it between backticks");

    fn read(entry: &str) -> Option<Self> {
        // The last `=` separates: a feature's name may have one.
        let column = parts(entry, '=').pop()?;
        let feature = match entry.strip_suffix(column)?.trim_end() {
            "" => column,
            named => named.strip_suffix('=')?.trim_end(),
        };
        let is_quoted = |name: &str| name.len() > 2 && name.starts_with('`') && name.ends_with('`');
        if [feature, column].iter().any(|name| name.is_empty() || (name.contains('`') && !is_quoted(name))) {
            return None;
        }
        let feature =
            if is_quoted(feature) { feature[1..feature.len() - 1].replace("``", "`") } else { feature.into() };
        ColumnName::read(column).map(|column| Self { feature, column })
    }
}

crate::run::named! {
    /// What a prediction is: `PREDICTION_FORMAT`.
    pub enum PredictionFormat {
        /// All that the model gives, in a JSON column: an array of one number for each class, or a number.
        Probabilities = "probabilities",
        /// The name of the most probable class alone, in a text or ENUM column.
        Label = "label",
        /// The number that the model gives, in a DOUBLE, FLOAT or DECIMAL column.
        Value = "value",
    }
}

/// Where the run that wrote a prediction is noted: `RUN_COLUMN`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunColumn {
    /// Unset: in `run_id`, if rowscore made it. A column of that name may mean something else.
    Own(ColumnName),
    /// In this column.
    Named(ColumnName),
    /// `none`: nowhere.
    None,
}

impl Setting for RunColumn {
    const ACCEPTS: Accepts = Accepts::Text("none, or the name of a column as the server has it, 64 characters at most");

    fn read(text: &str) -> Option<Self> {
        if text == "none" { Some(Self::None) } else { ColumnName::read(text).map(Self::Named) }
    }
}

impl RunColumn {
    /// The column, if there is one.
    pub fn column(&self) -> Option<&ColumnName> {
        match self {
            Self::Own(column) | Self::Named(column) => Some(column),
            Self::None => None,
        }
    }
}
