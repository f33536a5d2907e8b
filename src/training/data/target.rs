//! What is to be learnt of each row.

use std::collections::BTreeSet;

use super::error::DataError;
use super::reading::Task;
use crate::model::ClassIndex;

/// What is to be learnt of each row.
#[derive(Clone, Debug)]
pub(in crate::training) enum Target {
    /// Its class.
    Classes {
        /// Sorted, as scikit-learn orders classes.
        names: Vec<String>,
        /// One per row.
        labels: Vec<ClassIndex>,
    },
    /// A number.
    Values(Vec<f64>),
    /// That it is one of the usual ones.
    Nothing,
}

impl Target {
    /// Of rows of these classes.
    pub(super) fn of_classes(labels: &[String]) -> Result<Self, DataError> {
        let names: BTreeSet<&String> = labels.iter().collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        match names.as_slice() {
            [] => return Err(DataError::Empty),
            [class] => return Err(DataError::OneClass { class: class.clone() }),
            _ => {}
        }
        let labels = labels.iter().map(|label| names.partition_point(|class| class < label)).collect();
        Ok(Self::Classes { names, labels })
    }

    pub(in crate::training) fn task(&self) -> Task {
        match self {
            Self::Classes { .. } => Task::Classification,
            Self::Values(_) => Task::Regression,
            Self::Nothing => Task::OneClass,
        }
    }
}
