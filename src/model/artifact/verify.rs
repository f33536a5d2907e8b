//! What is checked in a model file before it scores a row.

use super::content::{Content, GoldenRow};
use super::feature::Cell;
use super::origin::{Origin, Training};
use super::pipeline::Predictor;
use super::svm::{ClassIndex, Pair, Svm, class_pairs};
use crate::model::digest::ModelVersion;
use crate::model::kernel::Kernel;

/// The latest format. This build reads it and all before.
pub const FORMAT: u32 = 2;

/// Why a model file was refused.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// Not JSON, or a field is missing, unknown or of the wrong type.
    #[error("the model file cannot be read")]
    Json(#[from] serde_json::Error),
    /// Written by another version of rowscore.
    #[error("the model file has format {found}; this build reads format 1, of numbers and class pairs, and {FORMAT}")]
    Format {
        /// The file's format number.
        found: u32,
    },
    /// The file was changed after it was written.
    #[error("the model file was changed: it says version {recorded}, its content has version {computed}")]
    Version {
        /// As the file says.
        recorded: ModelVersion,
        /// As its content is.
        computed: ModelVersion,
    },
    /// A list is longer or shorter than it must be.
    #[error("the model file's {what} has {found} entries instead of {expected}")]
    Length {
        /// Which list.
        what: String,
        /// Its length.
        found: usize,
        /// What its length must be.
        expected: usize,
    },
    /// A list is too short to be useful.
    #[error("the model file's {what} has {found} entries, at least {least} are needed")]
    TooFew {
        /// Which list.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The least that it may have.
        least: usize,
    },
    /// Two features or two classes have one name.
    #[error("the model file's {what} has a duplicate at position {position}")]
    Duplicate {
        /// Which list.
        what: &'static str,
        /// Of the second occurrence, from 0.
        position: usize,
    },
    /// A number is infinite or NaN.
    #[error("the model file's {what} has a number that is not finite")]
    NotFinite {
        /// Where it stands.
        what: String,
    },
    /// A scale is 0 or negative.
    #[error("the model file's scale of feature {feature} is {scale}, not above 0")]
    Scale {
        /// Index of the feature.
        feature: usize,
        /// The scale.
        scale: f64,
    },
    /// A parameter of the kernel is out of range.
    #[error("the model file's kernel has a parameter out of range: {0:?}")]
    Kernel(Kernel),
    /// Not every class pair once, in libsvm's order.
    #[error(
        "the model file's pair {position} is of classes {found:?}; each class pair must stand once, in order, here {expected:?}"
    )]
    PairOrder {
        /// From 0.
        position: usize,
        /// The classes it has.
        found: (ClassIndex, ClassIndex),
        /// The classes it must have.
        expected: (ClassIndex, ClassIndex),
    },
    /// A coefficient belongs to no support vector, or two belong to one.
    #[error("the model file's pair {pair} has a coefficient for support vector {index}, out of range or out of order")]
    CoefficientIndex {
        /// Position of the pair, from 0.
        pair: usize,
        /// The index.
        index: usize,
    },
}

type Verified = Result<(), ArtifactError>;

pub(super) fn format(found: u32) -> Verified {
    if (1..=FORMAT).contains(&found) { Ok(()) } else { Err(ArtifactError::Format { found }) }
}

impl Content {
    pub(super) fn verify(&self) -> Verified {
        self.verify_parts()?;
        at_least("golden rows", self.golden.len(), 1)?;
        let width = self.predictor.kind().width(self.classes.len());
        for (position, row) in self.golden.iter().enumerate() {
            row.verify(position, self.features.len(), width)?;
        }
        Ok(())
    }

    /// Verifies all but the golden rows: these can only be made with a model that can score.
    pub(crate) fn verify_parts(&self) -> Verified {
        at_least("features", self.features.len(), 1)?;
        distinct("features", &self.features)?;
        distinct("classes", &self.classes)?;
        match &self.predictor {
            Predictor::Svm(svm) => {
                at_least("classes", self.classes.len(), 2)?;
                svm.verify(self.features.len(), self.classes.len())?;
            }
            Predictor::Pipelines(_) => return Err(ArtifactError::Format { found: 2 }),
        }
        match &self.origin {
            Origin::Trained(training) => training.verify(self.classes.len())?,
            Origin::Imported(import) if import.reference.is_none() => {
                return length("distribution", self.distribution.len(), 0);
            }
            Origin::Imported(_) => {}
        }
        self.verify_distribution()
    }

    fn verify_distribution(&self) -> Verified {
        let what = "distribution";
        length(what, self.distribution.len(), self.features.len())?;
        for (feature, name) in self.distribution.iter().zip(&self.features) {
            let what = || format!("{what} of {}", name.name);
            length(what(), feature.shares.len(), feature.edges.len() + 1)?;
            let scalars = [feature.min, feature.max, feature.mean, feature.deviation];
            finite(what, &scalars)?;
            finite(what, &feature.edges)?;
            finite(what, &feature.shares)?;
        }
        Ok(())
    }
}

impl Svm {
    fn verify(&self, features: usize, classes: usize) -> Verified {
        length("scaler means", self.scaler.mean.len(), features)?;
        length("scaler scales", self.scaler.scale.len(), features)?;
        finite(|| "scaler".into(), &self.scaler.mean)?;
        finite(|| "scaler".into(), &self.scaler.scale)?;
        for (feature, &scale) in self.scaler.scale.iter().enumerate() {
            if scale <= 0.0 {
                return Err(ArtifactError::Scale { feature, scale });
            }
        }
        if !self.kernel.has_valid_parameters() {
            return Err(ArtifactError::Kernel(self.kernel));
        }
        at_least("support vectors", self.support_vectors.len(), 1)?;
        for (position, vector) in self.support_vectors.iter().enumerate() {
            let what = || format!("support vector {position}");
            length(what(), vector.len(), features)?;
            finite(what, vector)?;
        }
        length("pairs", self.pairs.len(), classes * (classes - 1) / 2)?;
        let expected = class_pairs(classes);
        for (position, (pair, expected)) in self.pairs.iter().zip(expected).enumerate() {
            pair.verify(position, expected, self.support_vectors.len())?;
        }
        Ok(())
    }
}

impl Pair {
    fn verify(&self, position: usize, expected: (ClassIndex, ClassIndex), support_vectors: usize) -> Verified {
        let found = (self.positive, self.negative);
        if found != expected {
            return Err(ArtifactError::PairOrder { position, found, expected });
        }
        let scalars = [self.intercept, self.sigmoid.a, self.sigmoid.b];
        finite(|| format!("pair {position}"), &scalars)?;
        let mut least = 0;
        for &(index, coefficient) in &self.coefficients {
            if index < least || index >= support_vectors {
                return Err(ArtifactError::CoefficientIndex { pair: position, index });
            }
            least = index + 1;
            finite(|| format!("pair {position}"), &[coefficient])?;
        }
        Ok(())
    }
}

impl Training {
    fn verify(&self, classes: usize) -> Verified {
        length("rows per class", self.rows_per_class.len(), classes)
    }
}

impl GoldenRow {
    fn verify(&self, position: usize, features: usize, width: usize) -> Verified {
        let what = || format!("golden row {position}");
        length(what(), self.values.len(), features)?;
        length(what(), self.answer.outputs().len(), width)?;
        let number = |cell: &Cell| if let Cell::Number(number) = cell { Some(*number) } else { None };
        finite(what, &self.values.iter().filter_map(number).collect::<Vec<_>>())?;
        finite(what, self.answer.outputs())
    }
}

fn at_least(what: &'static str, found: usize, least: usize) -> Verified {
    if found >= least { Ok(()) } else { Err(ArtifactError::TooFew { what, found, least }) }
}

fn length(what: impl Into<String>, found: usize, expected: usize) -> Verified {
    if found == expected {
        Ok(())
    } else {
        let what = what.into();
        Err(ArtifactError::Length { what, found, expected })
    }
}

fn distinct(what: &'static str, names: &[impl AsRef<str>]) -> Verified {
    let is_taken = |position: usize| names[..position].iter().any(|name| name.as_ref() == names[position].as_ref());
    match (1..names.len()).find(|&position| is_taken(position)) {
        None => Ok(()),
        Some(position) => Err(ArtifactError::Duplicate { what, position }),
    }
}

fn finite(what: impl FnOnce() -> String, numbers: &[f64]) -> Verified {
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(ArtifactError::NotFinite { what: what() })
    }
}
