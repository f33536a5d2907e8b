//! What is added up of the predictions of a run.

use serde::{Deserialize, Serialize};

use crate::run::named;

named! {
    /// What of a prediction can be judged.
    pub enum Basis {
        /// A probability for each class.
        Probabilities = "probabilities",
        /// The class alone.
        Classes = "classes",
        /// A number.
        Values = "values",
    }
}

/// Bins of the reliability: a tenth of the probabilities each.
pub const BINS: usize = 10;

/// The predictions whose most probable class has a probability within one tenth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// How many.
    pub rows: u64,
    /// How many of these were right.
    pub correct: u64,
    /// The sum of these probabilities.
    pub confidence: f64,
}

/// Sums over judged predictions. Only those that their basis knows mean anything.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Predictions.
    pub rows: u64,
    /// Those whose class is the true one.
    pub correct: u64,
    /// Of `-ln p` of the true class, `p` kept between 2.2e-16 and 1 - 2.2e-16.
    pub log_loss: f64,
    /// Of the squared distance between the probabilities and the truth; half of it for two classes.
    pub brier: f64,
    /// Of the distance between a value and its truth.
    pub absolute: f64,
    /// Of its square.
    pub squared: f64,
    /// The reliability, by tenths of the greatest probability.
    pub bins: [Bin; BINS],
}

impl Sums {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.correct += other.correct;
        self.log_loss += other.log_loss;
        self.brier += other.brier;
        self.absolute += other.absolute;
        self.squared += other.squared;
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.rows += other.rows;
            bin.correct += other.correct;
            bin.confidence += other.confidence;
        }
    }
}
