//! What is added up of the predictions of a run.

use serde::{Deserialize, Deserializer, Serialize};

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
    #[serde(deserialize_with = "at_most")]
    pub absolute: f64,
    /// Of its square: the greatest number there is, at most.
    #[serde(deserialize_with = "at_most")]
    pub squared: f64,
    /// The reliability, by tenths of the greatest probability.
    pub bins: [Bin; BINS],
}

/// JSON has no infinite number: earlier versions wrote `null` for a sum that was none.
fn at_most<'de, D: Deserializer<'de>>(sum: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(sum)?.unwrap_or(f64::MAX))
}

impl Sums {
    /// Adds others.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.correct += other.correct;
        self.log_loss += other.log_loss;
        self.brier += other.brier;
        self.absolute += other.absolute;
        self.squared = (self.squared + other.squared).min(f64::MAX);
        for (bin, other) in self.bins.iter_mut().zip(&other.bins) {
            bin.rows += other.rows;
            bin.correct += other.correct;
            bin.confidence += other.confidence;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_written_and_read_however_large_it_is() {
        let large = Sums { rows: 1, squared: 1e308, ..Sums::default() };
        let mut sums = large.clone();
        (0..3).for_each(|_| sums.add(&large));
        let mut written = serde_json::to_value(&sums).unwrap();
        assert_eq!(serde_json::from_str::<Sums>(&written.to_string()).unwrap(), sums);
        written["squared"] = serde_json::Value::Null;
        assert_eq!(serde_json::from_str::<Sums>(&written.to_string()).unwrap(), sums);
    }
}
