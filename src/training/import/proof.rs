//! Whether an imported model says what the original says.

use serde::Deserialize;

use super::error::ImportError;
use crate::model::{Cell, Compiled, Content, Encoder, Feature, Unscored};

/// So far may an output be from the original's; relative where that is beyond 1.
const MOST_DIFFERENCE: f64 = 1e-9;

/// A row with the original's answer.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofRow {
    /// One per feature, as a row's JSON has them.
    pub(super) values: Vec<Cell>,
    /// As many as the model's prediction has.
    outputs: Vec<f64>,
}

/// Scores the rows with what is in `content`, which must be verified but for its golden rows, and compares. Returns
/// the raw rows.
pub(super) fn prove(rows: &[ProofRow], content: &Content) -> Result<Vec<Vec<f64>>, ImportError> {
    let (compiled, encoder) = (Compiled::new(content), Encoder::new(&content.features));
    let raw: Vec<Vec<f64>> =
        (1..).zip(rows).map(|(number, row)| row.raw(number, &content.features, &encoder)).collect::<Result<_, _>>()?;
    let width = content.predictor.kind().width(content.classes.len());
    let mut outputs = vec![0.0; rows.len() * width];
    let unscored = compiled.scorer().score_rows(&raw.concat(), &mut outputs)?;
    if let Some(Unscored { row, error }) = unscored.into_iter().next() {
        return Err(ImportError::Unscored { row: row + 1, error });
    }
    for ((number, row), found) in (1..).zip(rows).zip(outputs.chunks_exact(width)) {
        row.compare(number, found)?;
    }
    Ok(raw)
}

impl ProofRow {
    fn raw(&self, row: usize, features: &[Feature], encoder: &Encoder) -> Result<Vec<f64>, ImportError> {
        if self.values.len() != features.len() {
            let (found, expected) = (self.values.len(), features.len());
            return Err(ImportError::Length { what: "reference row", found, expected });
        }
        let number = |(feature, cell): (usize, &Cell)| {
            let refused = |odd| ImportError::Unread { row, feature: features[feature].name.clone(), odd };
            encoder.cell(feature, cell).map_err(refused)
        };
        self.values.iter().enumerate().map(number).collect()
    }

    fn compare(&self, row: usize, found: &[f64]) -> Result<(), ImportError> {
        let expected = &self.outputs;
        if found.len() != expected.len() {
            return Err(ImportError::Length {
                what: "reference row's outputs",
                found: expected.len(),
                expected: found.len(),
            });
        }
        let difference = |(found, expected): (&f64, &f64)| (found - expected).abs() / expected.abs().max(1.0);
        let difference = found.iter().zip(expected).map(difference).fold(0.0, f64::max);
        if difference <= MOST_DIFFERENCE {
            return Ok(());
        }
        Err(ImportError::Different {
            row,
            values: serde_json::to_string(&self.values)?,
            found: found.to_vec(),
            expected: expected.clone(),
            difference,
        })
    }
}
