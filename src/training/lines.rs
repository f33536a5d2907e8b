//! Scoring the rows of a file: an error names line and column.

use super::data::Row;
use crate::model::{Model, ScoreError, Scorer};

/// A row of a file that has no prediction.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("line {line}{}: {}", column.as_ref().map_or(String::new(), |name| format!(", column `{name}`")), reason(error))]
pub struct LineError {
    /// From 1; the header is line 1.
    pub line: u64,
    /// The column whose value is to blame, if it is a single one.
    pub column: Option<String>,
    /// Why.
    pub error: ScoreError,
}

/// The value of a [`Row`] is finite: what is not usable about it is its size.
fn reason(error: &ScoreError) -> String {
    match error {
        ScoreError::Value { value, .. } => format!("{value:e} is too large for the model"),
        other => other.to_string(),
    }
}

/// The outputs of `rows`, as [`Scorer::score_rows`] gives them: rows × numbers of a prediction.
///
/// # Errors
/// That of the first row without a prediction.
pub fn score_lines(model: &Model, scorer: &mut Scorer<'_>, rows: &[Row]) -> Result<Vec<f64>, LineError> {
    let values: Vec<f64> = rows.iter().flat_map(|row| &row.values).copied().collect();
    let mut outputs = vec![0.0; rows.len() * model.outputs().width()];
    let of_all = |error| LineError { line: rows.first().map_or(0, |row| row.line), column: None, error };
    let unscored = scorer.score_rows(&values, &mut outputs).map_err(of_all)?;
    match unscored.into_iter().next() {
        None => Ok(outputs),
        Some(first) => {
            let column = match first.error {
                ScoreError::Value { feature, .. } => model.features().get(feature).map(|feature| feature.name.clone()),
                _ => None,
            };
            Err(LineError { line: rows[first.row].line, column, error: first.error })
        }
    }
}
