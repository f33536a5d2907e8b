//! What a caller wants of a CSV file.

use super::format::CsvFormat;
use crate::model::Rule;

/// How a CSV file becomes training data.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The column of the label. Only one class needs none.
    pub label: Option<String>,
    /// What is to be learnt; without it the label says so.
    pub task: Option<Task>,
    /// Which columns are features.
    pub columns: Which,
    /// These are not, whatever they hold.
    pub ignore: Vec<String>,
    /// These are categories, even if they hold numbers.
    pub categories: Vec<String>,
    /// How the file is written.
    pub format: CsvFormat,
    /// What is done with gaps.
    pub missing: Gaps,
    /// What is done with a category that the training rows do not have.
    pub unseen: Rule,
}

/// What is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Which class a row is of.
    Classification,
    /// A number.
    Regression,
    /// What rows usually are like.
    OneClass,
}

impl Task {
    /// As the command line calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Classification => "classification",
            Self::Regression => "regression",
            Self::OneClass => "one-class",
        }
    }
}

/// Which columns are features.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that may teach something.
    Telling,
    /// All.
    All,
    /// These, in this order.
    Named(Vec<String>),
}

/// What is done with gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// A feature that had some in the training rows may have some later, too.
    Seen,
    /// Every feature may have some.
    Fill,
    /// There must be none.
    Refuse,
}

impl Reading {
    /// All that is telling about `label`, whatever the task is.
    #[must_use]
    pub fn of(label: Option<&str>) -> Self {
        Self {
            label: label.map(str::to_owned),
            task: None,
            columns: Which::Telling,
            ignore: Vec::new(),
            categories: Vec::new(),
            format: CsvFormat::default(),
            missing: Gaps::Seen,
            unseen: Rule::Taken,
        }
    }
}
