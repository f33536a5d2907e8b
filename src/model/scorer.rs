//! Scoring: from a row to its class probabilities.
//!
//! A row is scaled; the kernel is evaluated once for each support vector, whichever pairs use it;
//! each pair's decision value goes through its sigmoid; the pairs are coupled. Every sum is taken
//! in a fixed order with plain additions and multiplications, so that a row has the same bits in
//! any process, on any processor.

use super::artifact::{Artifact, ArtifactError, Pair, Svm};
use super::coupling::Coupling;
use super::digest::ModelVersion;
use super::kernel::Kernel;
use super::scaler::Scaler;

/// A verified model, ready to score. Shared by any number of threads, each with a [`Scorer`].
#[derive(Debug)]
pub struct Model {
    artifact: Artifact,
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
        let machine = Machine::new(&artifact.content.svm, artifact.content.classes.len());
        Self { artifact, machine }
    }

    /// Identity of the model.
    #[must_use]
    pub fn version(&self) -> ModelVersion {
        self.artifact.version
    }

    /// Names of the features, in the order of a row's values.
    #[must_use]
    pub fn features(&self) -> &[String] {
        &self.artifact.content.features
    }

    /// Names of the classes, in the order of a prediction's probabilities.
    #[must_use]
    pub fn classes(&self) -> &[String] {
        &self.artifact.content.classes
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

    /// Scores the golden rows and compares each answer with the recorded one, bit by bit.
    ///
    /// # Errors
    /// On the first row that has another answer or none: this build or processor computes
    /// differently, and its predictions must not be used.
    pub fn check_golden_rows(&self) -> Result<(), GoldenError> {
        let mut scorer = self.scorer();
        let mut found = vec![0.0; self.classes().len()];
        for (position, row) in self.artifact.content.golden.iter().enumerate() {
            scorer.score(&row.values, &mut found).map_err(|source| GoldenError::Unscored { position, source })?;
            let bits = |numbers: &[f64]| numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>();
            if bits(&found) != bits(&row.probabilities) {
                return Err(GoldenError::Different { position, expected: row.probabilities.clone(), found });
            }
        }
        Ok(())
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
    /// A golden row cannot be scored.
    #[error("golden row {position} cannot be scored: {source}")]
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

/// An [`Svm`] laid out for scoring.
#[derive(Debug)]
pub(super) struct Machine {
    scaler: Scaler,
    kernel: Kernel,
    classes: usize,
    vectors: usize,
    /// The support vectors, feature by feature: features × vectors.
    columns: Vec<f64>,
    pairs: Vec<Pair>,
}

impl Machine {
    /// `svm` must be verified, or come from training.
    pub(super) fn new(svm: &Svm, classes: usize) -> Self {
        let columns = (0..svm.scaler.mean.len())
            .flat_map(|feature| svm.support_vectors.iter().map(move |v| v[feature]))
            .collect();
        Self {
            scaler: svm.scaler.clone(),
            kernel: svm.kernel,
            classes,
            vectors: svm.support_vectors.len(),
            columns,
            pairs: svm.pairs.clone(),
        }
    }

    pub(super) fn scorer(&self) -> Scorer<'_> {
        Scorer {
            machine: self,
            scaled: vec![0.0; self.scaler.mean.len()],
            kernel_values: vec![0.0; self.vectors],
            decisions: vec![0.0; self.pairs.len()],
            coupling: Coupling::new(self.classes),
        }
    }
}

/// Scores rows one after the other in a workspace of its own, without allocating.
#[derive(Clone, Debug)]
pub struct Scorer<'m> {
    machine: &'m Machine,
    scaled: Vec<f64>,
    kernel_values: Vec<f64>,
    decisions: Vec<f64>,
    coupling: Coupling,
}

impl Scorer<'_> {
    /// Writes the probability of each class for `row`, one value per feature, unscaled. They lie
    /// in 0..=1 and sum to 1 within 1e-12.
    ///
    /// # Errors
    /// When a length is wrong or a result is not finite; `probabilities` is then unspecified.
    pub fn score(&mut self, row: &[f64], probabilities: &mut [f64]) -> Result<(), ScoreError> {
        check_output(probabilities, self.machine.classes)?;
        self.decide(row)?;
        for (pair, &decision) in self.machine.pairs.iter().zip(&self.decisions) {
            let probability = pair.sigmoid.probability(decision);
            self.coupling.set(pair.positive, pair.negative, probability);
        }
        self.coupling.solve(probabilities);
        match probabilities.iter().position(|p| !p.is_finite()) {
            None => Ok(()),
            Some(class) => Err(ScoreError::Probability { class }),
        }
    }

    /// Writes the decision value of each class pair for `row`, in the artifact's order of pairs.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn decision_values(&mut self, row: &[f64], decisions: &mut [f64]) -> Result<(), ScoreError> {
        check_output(decisions, self.decisions.len())?;
        self.decide(row)?;
        decisions.copy_from_slice(&self.decisions);
        Ok(())
    }

    fn decide(&mut self, row: &[f64]) -> Result<(), ScoreError> {
        self.scale(row)?;
        self.machine.kernel.evaluate_columns(&self.scaled, &self.machine.columns, &mut self.kernel_values);
        for (position, pair) in self.machine.pairs.iter().enumerate() {
            let decision = pair
                .coefficients
                .iter()
                .fold(pair.intercept, |sum, &(index, coefficient)| sum + coefficient * self.kernel_values[index]);
            // Also because coupling would take a NaN for convergence.
            if !decision.is_finite() {
                return Err(ScoreError::Decision { pair: position });
            }
            self.decisions[position] = decision;
        }
        Ok(())
    }

    fn scale(&mut self, row: &[f64]) -> Result<(), ScoreError> {
        if row.len() != self.scaled.len() {
            return Err(ScoreError::FeatureCount { found: row.len(), expected: self.scaled.len() });
        }
        self.machine.scaler.scale_into(row, &mut self.scaled);
        match self.scaled.iter().position(|value| !value.is_finite()) {
            None => Ok(()),
            Some(feature) => Err(ScoreError::Value { feature, value: row[feature] }),
        }
    }
}

fn check_output(output: &[f64], expected: usize) -> Result<(), ScoreError> {
    if output.len() == expected { Ok(()) } else { Err(ScoreError::OutputLength { found: output.len(), expected }) }
}
