//! Import: a support vector machine that was trained elsewhere, as an artifact.
//!
//! libsvm and scikit-learn, which is built on it, compute what is computed here: a machine for each
//! class pair, whose positive class is the pair's first, with `f = Σ coefficient · K - rho`, a
//! sigmoid for each, and pairwise coupling. So a model carries over number by number, and scores as
//! the original does: decision values within rounding, probabilities with them.

mod libsvm;
mod sklearn;

use std::collections::BTreeMap;

use super::artifact::{
    Artifact, ArtifactError, Content, Import, ImportSource, Origin, Pair, Reference, Svm, class_pairs,
};
use super::data::{ClassIndex, Row};
use super::digest::Digest;
use super::kernel::Kernel;
use super::platt::Sigmoid;
use super::scaler::Scaler;
use super::scorer::ScoreError;
use super::train::{distribution, golden_rows};

pub use libsvm::LibsvmNames;

/// Why a model cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Not the JSON that the exporter writes.
    #[error("the export cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Not a libsvm model file.
    #[error("line {line} of the libsvm model: {problem}")]
    Libsvm {
        /// From 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Something that rowscore has no counterpart of.
    #[error("{0} cannot be imported")]
    Unsupported(String),
    /// There is no calibration, and predictions are probabilities.
    #[error(
        "the model gives no probabilities: train it with SVC(probability=True), or libsvm's `-b 1`, \
         or train it anew with `rowscore train`"
    )]
    NoProbabilities,
    /// A list does not have as many entries as another one prescribes.
    #[error("the model's {what} has {found} entries instead of {expected}")]
    Length {
        /// Which list.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What its length must be.
        expected: usize,
    },
    /// The imported model cannot score the reference rows.
    #[error("the model cannot score its reference rows: {0}")]
    Score(#[from] ScoreError),
    /// The imported model is not a valid one.
    #[error("the model is not valid: {0}")]
    Artifact(#[from] ArtifactError),
}

/// A model that was trained elsewhere, with its classes in its own order.
#[derive(Clone, Debug, PartialEq)]
pub struct Foreign {
    source: ImportSource,
    file_sha256: Digest,
    features: Vec<String>,
    classes: Vec<String>,
    scaler: Scaler,
    kernel: Kernel,
    /// Scaled rows, grouped by class.
    vectors: Vec<Vec<f64>>,
    /// Number of support vectors of each class.
    vectors_per_class: Vec<usize>,
    /// libsvm's `sv_coef`: classes - 1 lists of one entry per support vector. A vector of class `i`
    /// has its coefficient against class `j` in list `j - 1` if `j` is above `i`, and `j` otherwise.
    coefficients: Vec<Vec<f64>>,
    /// libsvm's `-rho`, one per class pair.
    intercepts: Vec<f64>,
    /// One per class pair.
    sigmoids: Vec<Sigmoid>,
}

impl Foreign {
    /// Reads what `scripts/export_sklearn.py` wrote.
    ///
    /// # Errors
    /// When it is something else, or the model gives no probabilities.
    pub fn from_sklearn(json: &[u8]) -> Result<Self, ImportError> {
        sklearn::read(json)
    }

    /// Reads a model file as libsvm's `svm-train -b 1` writes it. `scaler` is what the rows were
    /// scaled with before; without one they are taken as they are.
    ///
    /// # Errors
    /// When it is something else, or the model gives no probabilities.
    pub fn from_libsvm(text: &[u8], names: LibsvmNames, scaler: Option<Scaler>) -> Result<Self, ImportError> {
        libsvm::read(text, names, scaler)
    }

    /// Names of the features, in the order of a row's values.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.features
    }

    fn check(&self) -> Result<(), ImportError> {
        let (classes, vectors) = (self.classes.len(), self.vectors.len());
        let pairs = classes * classes.saturating_sub(1) / 2;
        let lengths = [
            ("list of support vectors per class", self.vectors_per_class.len(), classes),
            ("support vectors", self.vectors_per_class.iter().sum(), vectors),
            ("coefficients", self.coefficients.len(), classes.saturating_sub(1)),
            ("intercepts", self.intercepts.len(), pairs),
            ("sigmoids", self.sigmoids.len(), pairs),
        ];
        let lists = self.coefficients.iter().map(|list| ("list of coefficients", list.len(), vectors));
        match lengths.into_iter().chain(lists).find(|(_, found, expected)| found != expected) {
            None => Ok(()),
            Some((what, found, expected)) => Err(ImportError::Length { what, found, expected }),
        }
    }

    /// The machine. Equal support vectors are one, with the sum of their coefficients.
    fn svm(&self) -> Svm {
        let mut support_vectors = Vec::new();
        let mut known = BTreeMap::new();
        let index: Vec<usize> = self
            .vectors
            .iter()
            .map(|vector| {
                let bits: Vec<u64> = vector.iter().map(|value| value.to_bits()).collect();
                *known.entry(bits).or_insert_with(|| {
                    support_vectors.push(vector.clone());
                    support_vectors.len() - 1
                })
            })
            .collect();
        let ends: Vec<usize> = self
            .vectors_per_class
            .iter()
            .scan(0, |end, count| {
                *end += count;
                Some(*end)
            })
            .collect();
        let of = |class: usize| ends[class] - self.vectors_per_class[class]..ends[class];
        let pair = |((positive, negative), (&intercept, &sigmoid)): ((ClassIndex, ClassIndex), (&f64, &Sigmoid))| {
            let mut coefficients = BTreeMap::new();
            let list = |against: usize| &self.coefficients[against];
            let positives = of(positive).map(|vector| (vector, list(negative - 1)[vector]));
            let negatives = of(negative).map(|vector| (vector, list(positive)[vector]));
            for (vector, coefficient) in positives.chain(negatives).filter(|(_, coefficient)| *coefficient != 0.0) {
                *coefficients.entry(index[vector]).or_insert(0.0) += coefficient;
            }
            Pair { positive, negative, intercept, sigmoid, coefficients: coefficients.into_iter().collect() }
        };
        let numbers = self.intercepts.iter().zip(&self.sigmoids);
        let pairs = class_pairs(self.classes.len()).zip(numbers).map(pair).collect();
        Svm { scaler: self.scaler.clone(), kernel: self.kernel, support_vectors, pairs }
    }

    /// The support vectors before they were scaled.
    fn unscaled(&self) -> Vec<Vec<f64>> {
        self.vectors.iter().map(|vector| self.scaler.unscale(vector)).collect()
    }
}

/// Rows like those that the model is for, with the digest of their file.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceRows<'a> {
    /// The rows, at least one.
    pub rows: &'a [Row],
    /// Digest of their file.
    pub sha256: Digest,
}

/// Makes an artifact of `foreign`, which predicts `label`. The distribution of the features and the
/// golden rows are taken from `reference`; without it there is no distribution, and the golden rows
/// are support vectors.
///
/// # Errors
/// When the parts of the model do not fit each other, or it cannot score those rows.
pub fn import(foreign: Foreign, label: &str, reference: Option<ReferenceRows<'_>>) -> Result<Artifact, ImportError> {
    foreign.check()?;
    let values = match reference {
        Some(reference) => reference.rows.iter().map(|row| row.values.clone()).collect(),
        None => foreign.unscaled(),
    };
    let mut content = Content {
        label: label.to_owned(),
        svm: foreign.svm(),
        origin: Origin::Imported(Import {
            source: foreign.source,
            file_sha256: foreign.file_sha256,
            reference: reference
                .map(|ReferenceRows { rows, sha256 }| Reference { data_sha256: sha256, rows: rows.len() }),
        }),
        distribution: if reference.is_some() { distribution(&values) } else { Vec::new() },
        features: foreign.features,
        classes: foreign.classes,
        golden: Vec::new(),
    };
    // Before anything is computed with it.
    content.verify_parts()?;
    content.golden = golden_rows(&values, &content)?;
    let artifact = Artifact::seal(content);
    artifact.verify()?;
    Ok(artifact)
}
