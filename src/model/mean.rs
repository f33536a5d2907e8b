//! The mean of what several pipelines give.

use super::batch::Batch;
use super::error::Unscored;
use super::lanes::{InstructionSet, LANES, Lanes};
use super::member::Member;
use super::scorer::Predict;

/// Several pipelines in work on the same rows.
#[derive(Debug)]
pub(super) struct Mean<'m> {
    batches: Vec<Batch<'m>>,
    outputs: Vec<Lanes<LANES>>,
    /// Those of each pipeline in turn.
    decisions: Vec<Lanes<LANES>>,
}

impl<'m> Mean<'m> {
    /// There must be a member, and all must have as many features and outputs.
    pub(super) fn new(members: &'m [Member], instructions: InstructionSet) -> Self {
        let batches: Vec<Batch<'_>> = members.iter().map(|member| Batch::new(member, instructions)).collect();
        Self {
            outputs: batches[0].outputs().to_vec(),
            decisions: batches.iter().flat_map(Batch::decisions).copied().collect(),
            batches,
        }
    }
}

impl Predict for Mean<'_> {
    fn features(&self) -> usize {
        self.batches[0].features()
    }

    fn predict(&mut self, rows: &[f64], unscored: &mut Vec<Unscored>) {
        let known = unscored.len();
        self.outputs.fill(Lanes::ZERO);
        self.decisions.clear();
        for batch in &mut self.batches {
            batch.predict(rows, unscored);
            self.decisions.extend_from_slice(batch.decisions());
            for (sum, output) in self.outputs.iter_mut().zip(batch.outputs()) {
                *sum = Lanes::of(|lane| sum[lane] + output[lane]);
            }
        }
        let count = self.batches.len() as f64;
        for output in &mut self.outputs {
            *output = Lanes::of(|lane| output[lane] / count);
        }
        // Of several reasons the first pipeline's.
        let mut found = unscored.split_off(known);
        found.sort_by_key(|unscored| unscored.row);
        found.dedup_by_key(|unscored| unscored.row);
        unscored.append(&mut found);
    }

    fn outputs(&self) -> &[Lanes<LANES>] {
        &self.outputs
    }

    fn decisions(&self) -> &[Lanes<LANES>] {
        &self.decisions
    }
}
