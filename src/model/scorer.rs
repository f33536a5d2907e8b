//! Scoring: from a row to its class probabilities.
//!
//! The row is scaled. The kernel is computed once for each support vector, for all pairs that use it.
//! Each pair's decision value goes through its sigmoid, and the pairs are coupled. Many rows are scored
//! side by side. Every sum has a fixed order and uses plain additions and multiplications only: so a row
//! has the same bits in any process, on any processor, and beside any other rows.

use super::artifact::{Artifact, ArtifactError, Feature, GoldenRow, Predictor};
use super::batch::Batch;
use super::digest::ModelVersion;
use super::encoder::{Encoder, Odd};
use super::lanes::{InstructionSet, LANES, Lanes};
use super::machine::Machine;
use super::outputs::Outputs;

/// A verified model, ready to score. Shared by any number of threads, each with a [`Scorer`].
#[derive(Debug)]
pub struct Model {
    artifact: Artifact,
    encoder: Encoder,
    machine: Machine,
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
        let machine = match &artifact.content.predictor {
            Predictor::Svm(svm) => Machine::new(svm, artifact.content.classes.len()),
            Predictor::Pipelines(_) => unreachable!("refused"),
        };
        let encoder = Encoder::new(&artifact.content.features);
        Self { artifact, encoder, machine }
    }

    /// Identity of the model.
    #[must_use]
    pub fn version(&self) -> ModelVersion {
        self.artifact.version
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
        self.machine.scorer()
    }

    /// A scorer that uses these instructions instead of the widest. The results have the same bits.
    #[must_use]
    pub fn scorer_with(&self, instructions: InstructionSet) -> Scorer<'_> {
        self.machine.scorer_with(instructions)
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

/// Why a row has no prediction.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScoreError {
    /// The caller's mistake: a row of another length.
    #[error("a row has {found} values, the model has {expected} features")]
    FeatureCount {
        /// Length of the row.
        found: usize,
        /// Number of features.
        expected: usize,
    },
    /// The caller's mistake: an output of another length.
    #[error("there is room for {found} numbers, the model gives {expected}")]
    OutputLength {
        /// Length of the output.
        found: usize,
        /// Number of classes, or of class pairs for decision values.
        expected: usize,
    },
    /// The value is NaN or infinite, or becomes infinite by scaling.
    #[error("the value of feature {feature} is {value}, which is not a usable number")]
    Value {
        /// Index of the feature.
        feature: usize,
        /// The value, unscaled.
        value: f64,
    },
    /// The values are so large that the kernel overflows.
    #[error("the values are too large: the decision value of class pair {pair} is not finite")]
    Decision {
        /// Position of the pair.
        pair: usize,
    },
    /// Coupling failed.
    #[error("the probability of class {class} is not finite")]
    Probability {
        /// Index of the class.
        class: usize,
    },
}

/// Why the golden rows were not reproduced.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GoldenError {
    /// A golden row has a value that the model does not take.
    #[error("golden row {position} cannot be read: {odd:?}")]
    Unread {
        /// From 0.
        position: usize,
        /// Why.
        odd: Odd,
    },
    /// A golden row cannot be scored.
    #[error("golden row {position} cannot be scored")]
    Unscored {
        /// From 0.
        position: usize,
        /// Why.
        source: ScoreError,
    },
    /// A golden row has another answer than recorded.
    #[error("golden row {position} scores {found:?} instead of {expected:?}")]
    Different {
        /// From 0.
        position: usize,
        /// As recorded.
        expected: Vec<f64>,
        /// As computed here.
        found: Vec<f64>,
    },
}

/// A row without an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Unscored {
    /// Position of the row among those that were scored together, from 0.
    pub row: usize,
    /// Why.
    pub error: ScoreError,
}

impl Machine {
    pub(crate) fn scorer(&self) -> Scorer<'_> {
        self.scorer_with(InstructionSet::widest())
    }

    pub(super) fn scorer_with(&self, instructions: InstructionSet) -> Scorer<'_> {
        Scorer { machine: self, batch: Batch::new(self, instructions) }
    }
}

/// Scores rows, many side by side. It has its own workspace.
#[derive(Clone, Debug)]
pub struct Scorer<'m> {
    machine: &'m Machine,
    batch: Batch<'m, LANES>,
}

impl Scorer<'_> {
    /// Writes the probability of each class for `row`, which has one unscaled value per feature.
    /// The probabilities are between 0 and 1, and their sum is 1 within 1e-12.
    ///
    /// # Errors
    /// When a length is wrong or a result is not finite. Do not use `probabilities` then.
    pub fn score(&mut self, row: &[f64], probabilities: &mut [f64]) -> Result<(), ScoreError> {
        if row.len() != self.machine.features() {
            return Err(ScoreError::FeatureCount { found: row.len(), expected: self.machine.features() });
        }
        let unscored = self.score_rows(row, probabilities)?;
        unscored.into_iter().next().map_or(Ok(()), |unscored| Err(unscored.error))
    }

    /// The same for any number of rows: `rows` is rows × features, `probabilities` rows × classes.
    /// No bit of a row's result depends on the other rows. Returns the rows that have no result, in
    /// their order; do not use the `probabilities` of these.
    pub fn score_rows(&mut self, rows: &[f64], probabilities: &mut [f64]) -> Result<Vec<Unscored>, ScoreError> {
        let classes = self.machine.classes;
        let mut unscored = self.in_batches(rows, probabilities, classes, |batch| {
            batch.couple();
            batch.probabilities()
        })?;
        if probabilities.iter().any(|p| !p.is_finite()) {
            for (row, probabilities) in probabilities.chunks_exact(classes).enumerate() {
                if let Some(class) = probabilities.iter().position(|p| !p.is_finite()) {
                    unscored.push(Unscored { row, error: ScoreError::Probability { class } });
                }
            }
            unscored.sort_by_key(|unscored| unscored.row);
        }
        Ok(unscored)
    }

    /// Writes the decision value of each class pair for each of `rows`: `decisions` is rows × pairs,
    /// in the order of the artifact's pairs. Returns the same as [`Self::score_rows`].
    pub fn decision_values(&mut self, rows: &[f64], decisions: &mut [f64]) -> Result<Vec<Unscored>, ScoreError> {
        self.in_batches(rows, decisions, self.machine.pairs.len(), |batch| batch.decisions())
    }

    /// Writes what `result` makes of each row's decision values, `width` numbers per row.
    fn in_batches(
        &mut self,
        rows: &[f64],
        output: &mut [f64],
        width: usize,
        result: impl for<'b> Fn(&'b mut Batch<'_, LANES>) -> &'b [Lanes<LANES>],
    ) -> Result<Vec<Unscored>, ScoreError> {
        let features = self.machine.features();
        if !rows.len().is_multiple_of(features) {
            return Err(ScoreError::FeatureCount { found: rows.len() % features, expected: features });
        }
        if output.len() != rows.len() / features * width {
            return Err(ScoreError::OutputLength { found: output.len(), expected: rows.len() / features * width });
        }
        let mut unscored = Vec::new();
        let batches = rows.chunks(LANES * features).zip(output.chunks_mut(LANES * width));
        for (position, (rows, output)) in batches.enumerate() {
            if !self.batch.decide(rows) {
                self.set_aside(position * LANES, rows, &mut unscored);
            }
            let columns = result(&mut self.batch);
            for (lane, row) in output.chunks_exact_mut(width).enumerate() {
                for (number, column) in row.iter_mut().zip(columns) {
                    *number = column[lane];
                }
            }
        }
        Ok(unscored)
    }

    /// Reports the rows of a batch that have a number that is not finite, and drops them. `first` is
    /// the position of the batch's first row.
    fn set_aside(&mut self, first: usize, rows: &[f64], unscored: &mut Vec<Unscored>) {
        for (lane, row) in rows.chunks_exact(self.machine.features()).enumerate() {
            let value = self.batch.odd_feature(lane).map(|feature| ScoreError::Value { feature, value: row[feature] });
            let decision = || self.batch.odd_pair(lane).map(|pair| ScoreError::Decision { pair });
            if let Some(error) = value.or_else(decision) {
                unscored.push(Unscored { row: first + lane, error });
            }
        }
        // Coupling would believe that a NaN has converged.
        self.batch.drop_odd_rows();
    }
}
