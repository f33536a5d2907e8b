//! What is checked in a model file before it scores a row.

use super::about::is_name;
use super::checks::{Verified, at_least, at_most, distinct, finite, length};
use super::content::{Content, FORMAT, GoldenAnswer, GoldenRow};
use super::feature::{Category, Cell, Feature, FeatureKind};
use super::origin::{Origin, Training};
use super::pipeline::Predictor;
use super::refusal::ArtifactError;
use super::verify_pipeline;

/// As many columns as a table may have. With [`verify_pipeline::MOST_COLUMNS`] it bounds the memory of scoring.
pub(crate) const MOST_FEATURES: usize = 4096;

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
        if let Some(name) = self.about.name.as_ref().filter(|name| !is_name(name)) {
            return Err(ArtifactError::Name(name.clone()));
        }
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
