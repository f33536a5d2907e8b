//! How a prediction comes about: what each class pair says, and which support vectors are near.

use serde::Serialize;

use super::artifact::ClassIndex;
use super::error::ScoreError;
use super::loaded::Model;

/// What a prediction rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The prediction: the probability of each class.
    pub probabilities: Vec<f64>,
    /// Each class pair, in the artifact's order.
    pub pairs: Vec<PairMargin>,
    /// The nearest support vectors, the nearest first.
    pub nearest: Vec<Neighbour>,
}

/// What one class pair says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairMargin {
    /// The class that a margin above 0 means.
    pub positive: String,
    /// The other class.
    pub negative: String,
    /// The decision value. It is 1 or -1 for support vectors on the border of the margin.
    pub margin: f64,
    /// The probability of the positive class, if the row is of one of the two.
    pub probability: f64,
}

/// A support vector: a training row near a border between classes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its position in the artifact, from 0.
    pub index: usize,
    /// Its class.
    pub class: String,
    /// Euclidean distance from the row, both scaled: its unit is the standard deviation of a feature.
    pub distance: f64,
    /// One per feature, unscaled: the values of the training row, but for rounding.
    pub values: Vec<f64>,
}

/// Explains the prediction of `row`, one value per feature, with the `nearest` nearest support vectors.
pub fn explain(model: &Model, row: &[f64], nearest: usize) -> Result<Explanation, ScoreError> {
    let svm = model.artifact().content.predictor.svm().expect("the only kind");
    let name = |class: ClassIndex| model.classes()[class].clone();
    let mut scorer = model.scorer();
    let mut probabilities = vec![0.0; model.classes().len()];
    // It checks the row's length and values.
    scorer.score(row, &mut probabilities)?;
    let mut decisions = vec![0.0; svm.pairs.len()];
    scorer.decision_values(row, &mut decisions)?;
    let pairs = svm.pairs.iter().zip(decisions).map(|(pair, margin)| PairMargin {
        positive: name(pair.positive),
        negative: name(pair.negative),
        margin,
        probability: pair.sigmoid.probability(margin),
    });
    let pairs = pairs.collect();
    let scaled = svm.scaler.scale(row);
    let distance = |vector: &Vec<f64>| {
        vector.iter().zip(&scaled).map(|(one, other)| (one - other) * (one - other)).sum::<f64>().sqrt()
    };
    let mut distances: Vec<(usize, f64)> = svm.support_vectors.iter().map(distance).enumerate().collect();
    distances.sort_by(|one, other| one.1.total_cmp(&other.1));
    let classes = classes_of_vectors(model);
    let neighbour = |(index, distance): (usize, f64)| Neighbour {
        index,
        class: name(classes[index]),
        distance,
        values: svm.scaler.unscale(&svm.support_vectors[index]),
    };
    Ok(Explanation { probabilities, pairs, nearest: distances.into_iter().take(nearest).map(neighbour).collect() })
}

/// The class of each support vector: the one that its coefficients count for.
fn classes_of_vectors(model: &Model) -> Vec<ClassIndex> {
    let svm = model.artifact().content.predictor.svm().expect("the only kind");
    let mut classes = vec![0; svm.support_vectors.len()];
    for pair in &svm.pairs {
        for &(index, coefficient) in &pair.coefficients {
            classes[index] = if coefficient > 0.0 { pair.positive } else { pair.negative };
        }
    }
    classes
}
