//! What is checked in a model file before it scores a row.

use std::collections::HashSet;
use std::hash::Hash;

use super::content::{Content, GoldenAnswer, GoldenRow};
use super::feature::{Category, Cell, Feature, FeatureKind};
use super::origin::{Origin, Training};
use super::pipeline::Predictor;
use super::refusal::ArtifactError;
use super::svm::{ClassIndex, Pair, Svm, class_pairs};
use super::verify_pipeline;
use crate::model::kernel::Kernel;
use crate::model::scaler::Scaler;

/// The latest format. This build reads it and all before.
pub const FORMAT: u32 = 2;

/// As many columns as a table may have. With [`verify_pipeline::MOST_COLUMNS`] it bounds the memory of scoring.
const MOST_FEATURES: usize = 4096;

pub(super) type Verified = Result<(), ArtifactError>;

pub(super) fn format(found: u32) -> Verified {
    if (1..=FORMAT).contains(&found) { Ok(()) } else { Err(ArtifactError::Format { found }) }
}

impl Content {
    pub(super) fn verify(&self) -> Verified {
        self.verify_parts()?;
        at_least("golden rows", self.golden.len(), 1)?;
        for (position, row) in self.golden.iter().enumerate() {
            row.verify(position, self)?;
        }
        Ok(())
    }

    /// Verifies all but the golden rows: these can only be made with a model that can score.
    pub(crate) fn verify_parts(&self) -> Verified {
        at_least("features", self.features.len(), 1)?;
        at_most("features", self.features.len(), MOST_FEATURES)?;
        distinct("features", self.features.iter().map(AsRef::as_ref))?;
        for feature in &self.features {
            feature.verify().map_err(|fault| fault.at(format!("feature `{}`", feature.name)))?;
        }
        distinct("classes", self.classes.iter().map(String::as_str))?;
        match &self.predictor {
            Predictor::Svm(svm) => {
                if let Some(feature) = self.features.iter().find(|feature| !feature.is_plain()) {
                    return Err(ArtifactError::NeedsPipelines { feature: feature.name.clone() });
                }
                at_least("classes", self.classes.len(), 2)?;
                svm.verify(self.features.len(), self.classes.len())?;
            }
            Predictor::Pipelines(pipelines) => {
                verify_pipeline::all(pipelines, self.features.len(), &self.classes)?;
            }
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
            let scalars = [feature.min, feature.max, feature.mean, feature.deviation, feature.gaps];
            finite(what, &scalars)?;
            finite(what, &feature.edges)?;
            finite(what, &feature.shares)?;
        }
        Ok(())
    }
}

impl Feature {
    fn verify(&self) -> Verified {
        let FeatureKind::Category { categories, .. } = &self.kind else { return Ok(()) };
        at_least("categories", categories.len(), 1)?;
        let text = |category: &Category| match category {
            Category::Number(number) => (true, (number + 0.0).to_string()),
            Category::Text(text) => (false, text.clone()),
        };
        distinct("categories", categories.iter().map(text))?;
        let number = |category: &Category| if let Category::Number(number) = category { Some(*number) } else { None };
        finite(|| "categories".into(), &categories.iter().filter_map(number).collect::<Vec<_>>())
    }
}

impl Svm {
    pub(super) fn verify(&self, features: usize, classes: usize) -> Verified {
        self.scaler.verify(features)?;
        verify_kernel(&self.kernel, &self.support_vectors, features)?;
        at_least("support vectors", self.support_vectors.len(), 1)?;
        length("pairs", self.pairs.len(), classes * (classes - 1) / 2)?;
        let expected = class_pairs(classes);
        for (position, (pair, expected)) in self.pairs.iter().zip(expected).enumerate() {
            pair.verify(position, expected, self.support_vectors.len())?;
        }
        Ok(())
    }
}

impl Scaler {
    pub(super) fn verify(&self, columns: usize) -> Verified {
        length("scaler means", self.mean.len(), columns)?;
        length("scaler scales", self.scale.len(), columns)?;
        finite(|| "scaler".into(), &self.mean)?;
        finite(|| "scaler".into(), &self.scale)?;
        let found = self.scale.iter().enumerate().find(|(_, scale)| **scale <= 0.0);
        found.map_or(Ok(()), |(feature, &scale)| Err(ArtifactError::Scale { feature, scale }))
    }
}

pub(super) fn verify_kernel(kernel: &Kernel, support_vectors: &[Vec<f64>], columns: usize) -> Verified {
    if !kernel.has_valid_parameters() {
        return Err(ArtifactError::Kernel(*kernel));
    }
    for (position, vector) in support_vectors.iter().enumerate() {
        let what = || format!("support vector {position}");
        length(what(), vector.len(), columns)?;
        finite(what, vector)?;
    }
    Ok(())
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
    fn verify(&self, position: usize, content: &Content) -> Verified {
        let what = || format!("golden row {position}");
        length(what(), self.values.len(), content.features.len())?;
        length(what(), self.answer.outputs().len(), content.width())?;
        let number = |cell: &Cell| if let Cell::Number(number) = cell { Some(*number) } else { None };
        finite(what, &self.values.iter().filter_map(number).collect::<Vec<_>>())?;
        finite(what, self.answer.outputs())?;
        let found = self.answer.name();
        let expected = GoldenAnswer::new(content.predictor.kind(), Vec::new()).name();
        if found == expected { Ok(()) } else { Err(ArtifactError::GoldenAnswer { position, found, expected }) }
    }
}

pub(super) fn at_least(what: &str, found: usize, least: usize) -> Verified {
    if found >= least { Ok(()) } else { Err(ArtifactError::TooFew { what: what.to_owned(), found, least }) }
}

pub(super) fn at_most(what: &'static str, found: usize, most: usize) -> Verified {
    if found <= most { Ok(()) } else { Err(ArtifactError::TooMany { what, found, most }) }
}

pub(super) fn length(what: impl Into<String>, found: usize, expected: usize) -> Verified {
    if found == expected {
        Ok(())
    } else {
        let what = what.into();
        Err(ArtifactError::Length { what, found, expected })
    }
}

fn distinct<T: Eq + Hash>(what: &str, mut names: impl Iterator<Item = T>) -> Verified {
    let mut known = HashSet::new();
    match names.position(|name| !known.insert(name)) {
        None => Ok(()),
        Some(position) => Err(ArtifactError::Duplicate { what: what.to_owned(), position }),
    }
}

pub(super) fn finite(what: impl FnOnce() -> String, numbers: &[f64]) -> Verified {
    if numbers.iter().all(|number| number.is_finite()) {
        Ok(())
    } else {
        Err(ArtifactError::NotFinite { what: what() })
    }
}
