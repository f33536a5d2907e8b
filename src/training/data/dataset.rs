//! Rows to train on.

use std::collections::BTreeSet;
use std::io::Read;

use super::columns::{self, Columns};
use super::error::DataError;
use crate::model::{ClassIndex, Digest};

/// Rows with a number for every feature, and each row's class.
#[derive(Clone, Debug)]
pub struct Dataset {
    pub(in crate::training) label: String,
    pub(in crate::training) features: Vec<String>,
    /// Sorted, as scikit-learn orders classes.
    pub(in crate::training) classes: Vec<String>,
    /// One number per feature, all finite.
    pub(in crate::training) rows: Vec<Vec<f64>>,
    /// One per row.
    pub(in crate::training) labels: Vec<ClassIndex>,
    pub(in crate::training) sha256: Digest,
}

impl Dataset {
    /// Reads CSV: the header names the features and, as `label`, the column of the class. Every
    /// other column must hold finite numbers. Space around a field is ignored.
    ///
    /// # Errors
    /// On the first thing that is not as it must be, with its line and column.
    pub fn from_csv(mut reader: impl Read, label: &str) -> Result<Self, DataError> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes)?;
        let mut csv = columns::reader(bytes.as_slice());
        let columns = Columns::new(csv.headers()?)?;
        let label_at = columns.label(label)?;
        let features: Vec<usize> = (0..columns.count()).filter(|&column| column != label_at).collect();
        if features.is_empty() {
            return Err(DataError::NoFeatures);
        }
        let mut rows = Vec::new();
        let mut labels = Vec::new();
        for record in csv.records() {
            let record = columns.check(record?)?;
            rows.push(columns.numbers(&record, &features)?);
            labels.push(columns.class(&record, label_at)?.to_owned());
        }
        let classes = distinct(&labels)?;
        Ok(Self {
            label: label.to_owned(),
            features: features.iter().map(|&column| columns.name(column).to_owned()).collect(),
            labels: labels.iter().map(|label| classes.partition_point(|class| class < label)).collect(),
            classes,
            rows,
            sha256: Digest::of(&bytes),
        })
    }

    /// Names of the features, in the order of the columns.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// Names of the classes, sorted.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The rows: one number per feature.
    #[must_use]
    pub fn rows(&self) -> &[Vec<f64>] {
        &self.rows
    }

    /// The class of each row.
    #[must_use]
    pub fn labels(&self) -> &[ClassIndex] {
        &self.labels
    }

    /// How many rows each class has.
    pub(in crate::training) fn rows_per_class(&self) -> Vec<usize> {
        let count = |class| self.labels.iter().filter(|&&label| label == class).count();
        (0..self.classes.len()).map(count).collect()
    }
}

/// The sorted class names.
fn distinct(labels: &[String]) -> Result<Vec<String>, DataError> {
    let classes: BTreeSet<&String> = labels.iter().collect();
    let classes: Vec<String> = classes.into_iter().cloned().collect();
    match classes.as_slice() {
        [] => Err(DataError::Empty),
        [class] => Err(DataError::OneClass { class: class.clone() }),
        _ => Ok(classes),
    }
}
