//! Golden rows: a few rows with their exact answers, for the canary.

use crate::model::{Cell, Content, GoldenAnswer, GoldenRow, Machine, ScoreError};

/// Number of sample rows among the golden rows.
const SAMPLES: usize = 10;

/// The distance of the outlier, in standard deviations: there every term of an RBF kernel is 0.
const OUTLIER_DEVIATIONS: f64 = 1000.0;

/// Rows spread over `samples`, the training rows, and rows at the edges of what a table may hold, with the
/// answers of the model in `content`.
pub(super) fn golden_rows(samples: &[Vec<f64>], content: &Content) -> Result<Vec<GoldenRow>, ScoreError> {
    let machine = Machine::new(&content.predictor.svm().expect("a trained model has one"), content.classes.len());
    let mut scorer = machine.scorer();
    let mut answer = |values: Vec<f64>| {
        let mut probabilities = vec![0.0; content.classes.len()];
        scorer.score(&values, &mut probabilities)?;
        let values = values.into_iter().map(Cell::Number).collect();
        Ok(GoldenRow { values, answer: GoldenAnswer::Probabilities(probabilities) })
    };
    let mut golden = spread(samples).map(&mut answer).collect::<Result<Vec<_>, ScoreError>>()?;
    // A kernel of high degree may overflow at the edges; such a row has no answer, and is left out.
    golden.extend(edge_rows(content).into_iter().filter_map(|values| answer(values).ok()));
    Ok(golden)
}

fn spread(samples: &[Vec<f64>]) -> impl Iterator<Item = Vec<f64>> {
    let count = SAMPLES.min(samples.len());
    (0..count).map(move |position| samples[position * samples.len() / count].clone())
}

/// All smallest values, all largest, all means, all zero, and an outlier.
fn edge_rows(content: &Content) -> Vec<Vec<f64>> {
    let distribution = &content.distribution;
    let scaler = &content.predictor.svm().expect("a trained model has one").scaler;
    let outlier = scaler.mean.iter().zip(&scaler.scale);
    let mut rows: Vec<Vec<f64>> = Vec::new();
    if !distribution.is_empty() {
        rows.push(distribution.iter().map(|feature| feature.min).collect());
        rows.push(distribution.iter().map(|feature| feature.max).collect());
    }
    rows.extend([
        scaler.mean.clone(),
        vec![0.0; scaler.mean.len()],
        outlier.map(|(mean, scale)| mean + OUTLIER_DEVIATIONS * scale).collect(),
    ]);
    rows
}
