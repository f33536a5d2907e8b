//! What a column can be, where it is more than a name.

use super::names::ColumnName;
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
    const ACCEPTS: Accepts = Accepts::Text("COLUMN, named as its feature, or FEATURE=COLUMN");

    fn read(entry: &str) -> Option<Self> {
        // A column's name holds no `=`; a feature's may.
        let (feature, column) = entry.rsplit_once('=').unwrap_or((entry, entry));
        let column = ColumnName::read(column.trim())?;
        Some(feature.trim().to_owned()).filter(|feature| !feature.is_empty()).map(|feature| Self { feature, column })
    }
}
crate::run::named! {
    /// What a prediction is: `PREDICTION_FORMAT`.
    pub enum PredictionFormat {
        /// The probability of each class, a JSON array in a JSON column.
        Probabilities = "probabilities",
        /// The name of the most probable class alone, in a text or ENUM column.
        Label = "label",
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
    const ACCEPTS: Accepts = Accepts::Text("none, or a column name of at most 64 letters, digits, spaces and `_$-.()`");

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
