//! How a prediction comes about: what each machine says and of what, and which support vectors are near.

use serde::Serialize;

use super::artifact::{
    ClassIndex, Decider, GoldenAnswer, LinearMachine, Output, Pipeline, PredictionKind, Predictor, Svm,
};
use super::columns;
use super::error::ScoreError;
use super::loaded::Model;
use super::scaler::Scaler;

/// What a prediction rests on. Of several pipelines only the prediction is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The prediction: the probability of each class, or `outputs` where it is something else.
    #[serde(flatten)]
    pub answer: GoldenAnswer,
    /// Each class pair, in the artifact's order; none where there is no machine for each.
    pub pairs: Vec<PairMargin>,
    /// What a linear machine adds up, for each of its decision values.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sums: Vec<Contributions>,
    /// The nearest support vectors, the nearest first.
    pub nearest: Vec<Neighbour>,
    /// What the values of a support vector are, where they are not the features.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
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
    /// The probability of the positive class, if the row is of one of the two; none where the pairs have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
}

/// A decision value of a linear machine, and what it is the sum of.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contributions {
    /// The class that a large one means, or the name of the value.
    pub of: String,
    /// The decision value: the sum of the others.
    pub sum: f64,
    /// What is there without any column.
    pub intercept: f64,
    /// One per column, the largest first, whatever its sign.
    pub terms: Vec<Contribution>,
}

/// What a column adds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contribution {
    /// Name of the column.
    pub column: String,
    /// Its value, unscaled.
    pub value: f64,
    /// Its weight times its scaled value.
    pub adds: f64,
}

/// A support vector: a training row near a border between classes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its position in the artifact, from 0.
    pub index: usize,
    /// Its class, where there are classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Euclidean distance from the row, both scaled: its unit is the standard deviation of a feature.
    pub distance: f64,
    /// One per feature, or column, unscaled: the values of the training row, but for rounding.
    pub values: Vec<f64>,
}

/// Explains the prediction of `row`, one number per feature, with the `nearest` nearest support vectors.
///
/// # Errors
/// As [`Scorer::score`](super::Scorer::score).
pub fn explain(model: &Model, row: &[f64], nearest: usize) -> Result<Explanation, ScoreError> {
    let content = &model.artifact().content;
    let mut scorer = model.scorer();
    let mut outputs = vec![0.0; model.outputs().width()];
    // It checks the row's length and values.
    scorer.score(row, &mut outputs)?;
    let answer = GoldenAnswer::new(model.outputs().kind, outputs);
    let mut told = Explanation { answer, pairs: vec![], sums: vec![], nearest: vec![], columns: vec![] };
    let mut decisions = |count| {
        let mut decisions = vec![0.0; count];
        scorer.decision_values(row, &mut decisions).map(|_| decisions)
    };
    match &content.predictor {
        Predictor::Svm(svm) => {
            told.pairs = pairs(model, svm, &Output::Coupled, &decisions(svm.pairs.len())?);
            told.nearest = of_pairs(model, svm, row, nearest);
        }
        Predictor::Pipelines(pipelines) => {
            let [Pipeline { layers, machine, output }] = pipelines.as_slice() else { return Ok(told) };
            let columns = model.columns(row);
            let names = columns::names(model.features(), layers);
            match machine {
                Decider::Pairs(svm) => {
                    told.pairs = pairs(model, svm, output, &decisions(svm.pairs.len())?);
                    told.nearest = of_pairs(model, svm, &columns, nearest);
                    told.columns = names;
                }
                Decider::Kernel(machine) => {
                    let near = Near { scaler: &machine.scaler, vectors: &machine.support_vectors, columns: &columns };
                    told.nearest = near.first(nearest, |_| None);
                    told.columns = names;
                }
                Decider::Linear(machine) => {
                    told.sums = sums(model, machine, &decisions(machine.weights.len())?, (&names, &columns));
                }
            }
        }
    }
    Ok(told)
}

fn pairs(model: &Model, svm: &Svm, output: &Output, decisions: &[f64]) -> Vec<PairMargin> {
    let name = |class: ClassIndex| model.classes()[class].clone();
    let pairs = svm.pairs.iter().zip(decisions).map(|(pair, &margin)| PairMargin {
        positive: name(pair.positive),
        negative: name(pair.negative),
        margin,
        probability: (*output == Output::Coupled).then(|| pair.sigmoid.probability(margin)),
    });
    pairs.collect()
}

fn of_pairs(model: &Model, svm: &Svm, columns: &[f64], count: usize) -> Vec<Neighbour> {
    let classes = classes_of_vectors(svm);
    let near = Near { scaler: &svm.scaler, vectors: &svm.support_vectors, columns };
    near.first(count, |index| Some(model.classes()[classes[index]].clone()))
}

/// The class of each support vector: the one that its coefficients count for.
fn classes_of_vectors(svm: &Svm) -> Vec<ClassIndex> {
    let mut classes = vec![0; svm.support_vectors.len()];
    for pair in &svm.pairs {
        for &(index, coefficient) in &pair.coefficients {
            classes[index] = if coefficient > 0.0 { pair.positive } else { pair.negative };
        }
    }
    classes
}

/// Support vectors, and the columns of the row that they are near to.
struct Near<'a> {
    scaler: &'a Scaler,
    vectors: &'a [Vec<f64>],
    columns: &'a [f64],
}

impl Near<'_> {
    fn first(&self, count: usize, class: impl Fn(usize) -> Option<String>) -> Vec<Neighbour> {
        let scaled = self.scaler.scale(self.columns);
        let distance = |vector: &Vec<f64>| {
            vector.iter().zip(&scaled).map(|(one, other)| (one - other) * (one - other)).sum::<f64>().sqrt()
        };
        let mut distances: Vec<(usize, f64)> = self.vectors.iter().map(distance).enumerate().collect();
        distances.sort_by(|one, other| one.1.total_cmp(&other.1));
        let neighbour = |(index, distance): (usize, f64)| Neighbour {
            index,
            class: class(index),
            distance,
            values: self.scaler.unscale(&self.vectors[index]),
        };
        distances.into_iter().take(count).map(neighbour).collect()
    }
}

fn sums(
    model: &Model,
    machine: &LinearMachine,
    decisions: &[f64],
    (names, columns): (&[String], &[f64]),
) -> Vec<Contributions> {
    let scaled = machine.scaler.scale(columns);
    let of = |position: usize| match model.classes() {
        [] => model.artifact().content.label.clone(),
        // A single decision value of two classes means the second, and a score the first.
        [first, second] if decisions.len() == 1 => {
            let is_score = model.outputs().kind == PredictionKind::Score;
            if is_score { first.clone() } else { second.clone() }
        }
        classes => classes[position].clone(),
    };
    let sum = |(position, weights): (usize, &Vec<f64>)| {
        let columns = names.iter().zip(columns).zip(weights.iter().zip(&scaled));
        let term = |((name, value), (weight, scaled)): ((&String, &f64), (&f64, &f64))| Contribution {
            column: name.clone(),
            value: *value,
            adds: weight * scaled,
        };
        let mut terms: Vec<Contribution> = columns.map(term).collect();
        terms.sort_by(|one, other| other.adds.abs().total_cmp(&one.adds.abs()));
        Contributions { of: of(position), sum: decisions[position], intercept: machine.intercepts[position], terms }
    };
    machine.weights.iter().enumerate().map(sum).collect()
}
