//! Where predictions go: to columns of the table that is scored, or to a score table of their own; and what is
//! written beside the prediction.

use super::columns::FeatureColumn;
use super::names::{ColumnName, TableName};
use super::setting::{Accepts, Setting};

/// Columns that every score table has, beside those of the key.
pub const SCORE_COLUMNS: [&str; 3] = [RUN, MODEL_VERSION, PREDICTED_AT];

/// The run that wrote a score.
pub const RUN: &str = "run_id";
/// The version of its model.
pub const MODEL_VERSION: &str = "model_version";
/// When that was, in UTC.
pub const PREDICTED_AT: &str = "predicted_at";

/// Where predictions go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// To columns of the table that is scored.
    Columns,
    /// To a table of their own: of the source nothing is written.
    Scores(ScoreTable),
}

/// `SCORE_TABLE`: a table that has a row for each score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreTable {
    /// Its name.
    pub name: TableName,
    /// Which scores of an item it keeps.
    pub keeps: Keeps,
}

crate::run::named! {
    /// Which scores of an item a score table keeps: `SCORES`.
    pub enum Keeps {
        /// The latest one. The key of the items is the primary key.
        Latest = "latest",
        /// The latest one of each model version.
        History = "history",
    }
}

/// What a column holds of a prediction, beside the prediction itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// What it holds.
    pub part: Part,
    /// The column.
    pub column: ColumnName,
}

impl Eq for Beside {}

/// A part of a prediction, or what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// `LABEL_COLUMN`: the name of the class.
    Label,
    /// `CONFIDENCE_COLUMN`: the probability of the most probable class.
    Confidence,
    /// `VALUE_COLUMN`: the number of a model that gives one.
    Value,
    /// `CLASS_COLUMNS`: the number of this class.
    Class(String),
    /// `DECISION_COLUMN`: whether the threshold is reached.
    Decision(Threshold),
    /// `MODEL_COLUMN`: the model's version.
    Model,
    /// `PREDICTED_AT_COLUMN`: when it was written, in UTC.
    PredictedAt,
}

/// One of `CLASS_COLUMNS`: the class stands as the feature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClassColumn(pub FeatureColumn);

impl Setting for ClassColumn {
    const ACCEPTS: Accepts =
        Accepts::Text("COLUMN, named as its class, or CLASS=COLUMN; with a comma or = in it between backticks");

    fn read(entry: &str) -> Option<Self> {
        FeatureColumn::read(entry).map(Self)
    }
}

impl Part {
    /// The variable that names its column.
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Label => "LABEL_COLUMN",
            Self::Confidence => "CONFIDENCE_COLUMN",
            Self::Value => "VALUE_COLUMN",
            Self::Class(_) => "CLASS_COLUMNS",
            Self::Decision(_) => "DECISION_COLUMN",
            Self::Model => "MODEL_COLUMN",
            Self::PredictedAt => "PREDICTED_AT_COLUMN",
        }
    }
}

/// `THRESHOLD`: what is decided by.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// The class whose number is compared; `None`: the only number that the model gives.
    pub class: Option<String>,
    /// The least number that is decided for.
    pub least: f64,
}

impl Setting for Threshold {
    const ACCEPTS: Accepts =
        Accepts::Text("CLASS=NUMBER, like churned=0.7, or the number alone for a model that gives one");

    fn read(text: &str) -> Option<Self> {
        let (class, number) = match text.rsplit_once('=') {
            Some((class, number)) => (Some(class.trim()), number),
            None => (None, text),
        };
        let least: f64 = number.trim().parse().ok().filter(|least: &f64| least.is_finite())?;
        let class = class.map(str::to_owned);
        class.as_ref().is_none_or(|class| !class.is_empty()).then_some(Self { class, least })
    }
}

impl Target {
    /// The score table, if there is one.
    pub fn scores(&self) -> Option<&ScoreTable> {
        match self {
            Self::Columns => None,
            Self::Scores(scores) => Some(scores),
        }
    }
}
