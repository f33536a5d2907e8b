//! A model that can be asked.

use super::artifact::{Artifact, ArtifactError, Feature, GoldenRow, Origin, Purpose};
use super::compiled::Compiled;
use super::digest::ModelVersion;
use super::encoder::{Encoder, Odd, Texts};
use super::error::GoldenError;
use super::lanes::InstructionSet;
use super::outputs::Outputs;
use super::scorer::Scorer;

/// A verified model, ready to score. Shared by any number of threads, each with a [`Scorer`].
#[derive(Debug)]
pub struct Model {
    artifact: Artifact,
    encoder: Encoder,
    compiled: Compiled,
}

impl Model {
    /// Reads a model file; see [`Artifact::from_json`] for what is verified.
    ///
    /// # Errors
    /// When the file is not an intact artifact of this build's format.
    pub fn from_json(json: &[u8]) -> Result<Self, ArtifactError> {
        Ok(Self::assemble(Artifact::from_json(json)?))
    }

    /// Prepares `artifact` for scoring.
    ///
    /// # Errors
    /// When its parts do not fit each other or its version.
    pub fn new(artifact: Artifact) -> Result<Self, ArtifactError> {
        artifact.verify()?;
        Ok(Self::assemble(artifact))
    }

    fn assemble(artifact: Artifact) -> Self {
        let texts = match artifact.content.origin {
            Origin::Trained(_) => Texts::Fields,
            Origin::Imported(_) => Texts::Exact,
        };
        let encoder = Encoder::with(&artifact.content.features, texts);
        let compiled = Compiled::new(&artifact.content);
        Self { artifact, encoder, compiled }
    }

    /// Identity of the model.
    #[must_use]
    pub fn version(&self) -> ModelVersion {
        self.artifact.version
    }

    /// What it is called: as it says, or else by what it predicts.
    #[must_use]
    pub fn name(&self) -> &str {
        let content = &self.artifact.content;
        content.about.name.as_deref().unwrap_or(&content.label)
    }

    /// What it is for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.artifact.content.about.purpose
    }

    /// The features, in the order of a row's values.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.artifact.content.features
    }

    /// Names of the classes, in the order of a prediction's probabilities.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.artifact.content.classes
    }

    /// What a prediction is, and how its numbers are read.
    #[must_use]
    pub fn outputs(&self) -> Outputs<'_> {
        Outputs { kind: self.artifact.content.predictor.kind(), classes: self.classes() }
    }

    /// Turns a row's values into numbers.
    #[must_use]
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// The model file: training record, distribution, golden rows.
    #[must_use]
    pub fn artifact(&self) -> &Artifact {
        &self.artifact
    }

    /// A scorer with its own workspace, for one thread.
    #[must_use]
    pub fn scorer(&self) -> Scorer<'_> {
        self.compiled.scorer()
    }

    /// A scorer that uses these instructions instead of the widest. The results have the same bits.
    #[must_use]
    pub fn scorer_with(&self, instructions: InstructionSet) -> Scorer<'_> {
        self.compiled.scorer_with(instructions)
    }

    /// What the only pipeline's machine takes of `row`.
    pub(super) fn columns(&self, row: &[f64]) -> Vec<f64> {
        self.compiled.columns(row)
    }

    /// Scores the golden rows and compares each answer with the recorded one, bit by bit.
    ///
    /// # Errors
    /// When a row has another answer, or none. Then this build or this processor computes
    /// differently, and you must not use its predictions.
    pub fn check_golden_rows(&self) -> Result<(), GoldenError> {
        let mut scorer = self.scorer();
        let mut found = vec![0.0; self.outputs().width()];
        for (position, row) in self.artifact.content.golden.iter().enumerate() {
            let values = self.golden_values(row).map_err(|odd| GoldenError::Unread { position, odd })?;
            scorer.score(&values, &mut found).map_err(|source| GoldenError::Unscored { position, source })?;
            let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
            let expected = row.answer.outputs();
            if bits(&found) != bits(expected) {
                return Err(GoldenError::Different { position, expected: expected.to_vec(), found });
            }
        }
        Ok(())
    }

    /// The raw row of a golden row.
    ///
    /// # Errors
    /// When a value is none that the model takes.
    pub fn golden_values(&self, row: &GoldenRow) -> Result<Vec<f64>, Odd> {
        row.values.iter().enumerate().map(|(feature, cell)| self.encoder.cell(feature, cell)).collect()
    }
}
