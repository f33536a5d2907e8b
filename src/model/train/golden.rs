//! Golden rows: a few rows with their exact answers, for the canary.

use crate::model::artifact::{Content, GoldenRow};
use crate::model::data::Dataset;
use crate::model::machine::Machine;
use crate::model::scorer::ScoreError;

/// Number of training rows among the golden rows.
const TRAINING_ROWS: usize = 10;

/// How far out the outlier lies, in standard deviations: every term of an RBF kernel vanishes.
const OUTLIER_DEVIATIONS: f64 = 1000.0;

/// Training rows spread over the data, and rows at the edges of what a table may hold, with the
/// answers of the model in `content`.
pub(super) fn rows(data: &Dataset, content: &Content) -> Result<Vec<GoldenRow>, ScoreError> {
    let machine = Machine::new(&content.svm, content.classes.len());
    let mut scorer = machine.scorer();
    let mut answer = |values: Vec<f64>| {
        let mut probabilities = vec![0.0; content.classes.len()];
        scorer.score(&values, &mut probabilities)?;
        Ok(GoldenRow { values, probabilities })
    };
    let mut golden = training_rows(data).map(&mut answer).collect::<Result<Vec<_>, ScoreError>>()?;
    // A kernel of high degree may overflow at the edges, and such a row has no answer.
    golden.extend(edge_rows(content).into_iter().filter_map(|values| answer(values).ok()));
    Ok(golden)
}

fn training_rows(data: &Dataset) -> impl Iterator<Item = Vec<f64>> {
    let count = TRAINING_ROWS.min(data.rows.len());
    (0..count).map(move |position| data.rows[position * data.rows.len() / count].clone())
}

/// All smallest values, all largest, all means, all zero, and an outlier.
fn edge_rows(content: &Content) -> [Vec<f64>; 5] {
    let distribution = &content.distribution;
    let scaler = &content.svm.scaler;
    let outlier = scaler.mean.iter().zip(&scaler.scale);
    [
        distribution.iter().map(|feature| feature.min).collect(),
        distribution.iter().map(|feature| feature.max).collect(),
        scaler.mean.clone(),
        vec![0.0; scaler.mean.len()],
        outlier.map(|(mean, scale)| mean + OUTLIER_DEVIATIONS * scale).collect(),
    ]
}
