//! Scoring rows, many side by side.

use std::fmt;

use super::error::{ScoreError, Unscored};
use super::lanes::{LANES, Lanes};

/// From rows to outputs, many rows side by side: all that a [`Scorer`] knows of a model. Its implementor has
/// the workspace of one thread.
///
/// No bit of a row's outputs may depend on the rows beside it, nor on the instruction set.
pub(super) trait Predict: fmt::Debug + Send + Sync {
    /// The numbers of a row.
    fn features(&self) -> usize;

    /// Takes rows, at least one and at most [`LANES`], to their outputs. Those without any are added to
    /// `unscored`, each once, in their order.
    fn predict(&mut self, rows: &[f64], unscored: &mut Vec<Unscored>);

    /// The outputs of each row, one entry per number.
    fn outputs(&self) -> &[Lanes<LANES>];

    /// What the outputs were made of: of each row the decision values of every machine.
    fn decisions(&self) -> &[Lanes<LANES>];
}

/// Scores rows, many side by side. It has its own workspace.
#[derive(Debug)]
pub struct Scorer<'m> {
    predictor: Box<dyn Predict + 'm>,
}

impl<'m> Scorer<'m> {
    pub(super) fn new(predictor: impl Predict + 'm) -> Self {
        Self { predictor: Box::new(predictor) }
    }

    /// Writes the outputs for `row`, which has one number per feature. Probabilities are between 0 and 1, and
    /// their sum is 1 within 1e-12.
    ///
    /// # Errors
    /// When a length is wrong or a result is not finite. Do not use `outputs` then.
    pub fn score(&mut self, row: &[f64], outputs: &mut [f64]) -> Result<(), ScoreError> {
        let features = self.predictor.features();
        if row.len() != features {
            return Err(ScoreError::FeatureCount { found: row.len(), expected: features });
        }
        let unscored = self.score_rows(row, outputs)?;
        unscored.into_iter().next().map_or(Ok(()), |unscored| Err(unscored.error))
    }

    /// The same for any number of rows: `rows` is rows × features, `outputs` rows ×
    /// [`Outputs::width`](super::Outputs::width). No bit of a row's result depends on the other rows. Returns the rows
    /// that have no result, in their order; do not use the `outputs` of these.
    ///
    /// # Errors
    /// A length is wrong. Then nothing is written.
    pub fn score_rows(&mut self, rows: &[f64], outputs: &mut [f64]) -> Result<Vec<Unscored>, ScoreError> {
        self.in_batches(rows, outputs, |predictor| predictor.outputs())
    }

    /// Writes the decision values for each of `rows`: of a machine of class pairs one per pair, in the order of
    /// the artifact's pairs; of several pipelines those of each in turn. Returns the same as
    /// [`Self::score_rows`].
    ///
    /// # Errors
    /// As [`Self::score_rows`].
    pub fn decision_values(&mut self, rows: &[f64], decisions: &mut [f64]) -> Result<Vec<Unscored>, ScoreError> {
        self.in_batches(rows, decisions, |predictor| predictor.decisions())
    }

    /// Writes of each row the numbers that `columns` shows.
    fn in_batches(
        &mut self,
        rows: &[f64],
        output: &mut [f64],
        columns: impl for<'b> Fn(&'b (dyn Predict + 'm)) -> &'b [Lanes<LANES>],
    ) -> Result<Vec<Unscored>, ScoreError> {
        let features = self.predictor.features();
        let width = columns(&*self.predictor).len();
        if !rows.len().is_multiple_of(features) {
            return Err(ScoreError::FeatureCount { found: rows.len() % features, expected: features });
        }
        if output.len() != rows.len() / features * width {
            return Err(ScoreError::OutputLength { found: output.len(), expected: rows.len() / features * width });
        }
        let mut unscored = Vec::new();
        let batches = rows.chunks(LANES * features).zip(output.chunks_mut(LANES * width));
        for (position, (rows, output)) in batches.enumerate() {
            let known = unscored.len();
            self.predictor.predict(rows, &mut unscored);
            unscored[known..].iter_mut().for_each(|unscored| unscored.row += position * LANES);
            let columns = columns(&*self.predictor);
            for (lane, row) in output.chunks_exact_mut(width).enumerate() {
                for (number, column) in row.iter_mut().zip(columns) {
                    *number = column[lane];
                }
            }
        }
        Ok(unscored)
    }
}
