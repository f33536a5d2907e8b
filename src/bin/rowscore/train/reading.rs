//! Which part of a CSV file is learnt from.

use clap::ValueEnum;
use rowscore::model::Rule;
use rowscore::training::{Gaps, Reading, Task, Which};

use crate::written::Written;

#[derive(clap::Args)]
pub(super) struct Columns {
    /// The column that is to be predicted. What is usual (`--task one-class`) needs none
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// What is learnt [default: a class where the label is text or has few whole numbers, else a number]
    #[arg(long, value_enum)]
    task: Option<TaskName>,
    /// The columns to learn from, in the order of a row's values [default: all that may teach something]
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    features: Option<Vec<String>>,
    /// Columns not to learn from
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    ignore: Vec<String>,
    /// Columns of numbers that are codes, such as a postal code: each number is a category
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    categories: Vec<String>,
    /// Gaps (empty, NA, N/A, NaN, null, None, ?): taken later where the training rows have some (`seen`),
    /// everywhere (`fill`), or nowhere (`refuse`)
    #[arg(long, value_enum, default_value_t = MissingName::Seen)]
    missing: MissingName,
    /// Rows with a category that the training rows do not have
    #[arg(long, value_enum, default_value_t = UnseenName::Take)]
    unseen: UnseenName,
    #[command(flatten)]
    written: Written,
}

#[derive(Clone, Copy, ValueEnum)]
enum TaskName {
    Classification,
    Regression,
    OneClass,
}

#[derive(Clone, Copy, ValueEnum)]
enum MissingName {
    Seen,
    Fill,
    Refuse,
}

#[derive(Clone, Copy, ValueEnum)]
enum UnseenName {
    Take,
    Refuse,
}

impl Columns {
    pub(super) fn reading(&self) -> Reading {
        Reading {
            label: self.label.clone(),
            task: self.task.map(|task| match task {
                TaskName::Classification => Task::Classification,
                TaskName::Regression => Task::Regression,
                TaskName::OneClass => Task::OneClass,
            }),
            columns: self.features.clone().map_or(Which::Telling, Which::Named),
            ignore: self.ignore.clone(),
            categories: self.categories.clone(),
            format: self.written.format(),
            missing: match self.missing {
                MissingName::Seen => Gaps::Seen,
                MissingName::Fill => Gaps::Fill,
                MissingName::Refuse => Gaps::Refuse,
            },
            unseen: match self.unseen {
                UnseenName::Take => Rule::Taken,
                UnseenName::Refuse => Rule::Refused,
            },
        }
    }
}
