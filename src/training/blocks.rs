//! Rows side by side, and what the solver computes for all of them at once.
//!
//! The work is done as scoring does it (`model::lanes`): in blocks of rows, compiled for every
//! instruction set, with the same bits on every processor.

use std::slice;

use crate::model::{InstructionSet, Kernel, LANES, Lanes, Vectorised};

/// A number of each row of a block.
pub(super) type Block = Lanes<LANES>;

/// So many vectors have their kernel values computed together.
const TILE: usize = 32;

/// A number for each row, block by block.
pub(super) struct Column(pub(super) Vec<Block>);

impl Column {
    /// The last block is filled up with `padding`.
    pub(super) fn of(numbers: &[f64], padding: f64) -> Self {
        let block = |numbers: &[f64]| Lanes::of(|lane| numbers.get(lane).copied().unwrap_or(padding));
        Self(numbers.chunks(LANES).map(block).collect())
    }

    pub(super) fn get(&self, row: usize) -> f64 {
        self.0[row / LANES][row % LANES]
    }

    pub(super) fn set(&mut self, row: usize, number: f64) {
        self.0[row / LANES][row % LANES] = number;
    }

    /// Leaves only the rows `kept`, which ascend.
    pub(super) fn keep(&mut self, kept: &[usize], padding: f64) {
        for (to, &from) in kept.iter().enumerate() {
            let number = self.get(from);
            self.set(to, number);
        }
        self.0.truncate(kept.len().div_ceil(LANES));
        for row in kept.len()..self.0.len() * LANES {
            self.set(row, padding);
        }
    }
}

/// The values of rows, for each block feature by feature.
pub(super) struct Blocks {
    rows: usize,
    features: usize,
    lanes: Vec<Block>,
    instructions: InstructionSet,
}

impl Blocks {
    /// Lanes without a row repeat the last one; nobody uses what they compute.
    pub(super) fn new(rows: &[&[f64]]) -> Self {
        let features = rows.first().map_or(1, |row| row.len());
        let mut lanes = Vec::with_capacity(rows.len().div_ceil(LANES) * features);
        for block in rows.chunks(LANES) {
            let row = |lane: usize| block[lane.min(block.len() - 1)];
            lanes.extend((0..features).map(|feature| Block::of(|lane| row(lane)[feature])));
        }
        Self { rows: rows.len(), features, lanes, instructions: InstructionSet::widest() }
    }

    /// With these instructions instead of the widest.
    #[cfg(test)]
    pub(super) fn with(self, instructions: InstructionSet) -> Self {
        Self { instructions, ..self }
    }

    /// The kernel values of `vector` and every row.
    pub(super) fn kernel_row(&self, kernel: &Kernel, vector: &[f64]) -> Vec<Block> {
        let mut values = vec![Lanes::ZERO; self.lanes.len() / self.features];
        self.instructions.run(KernelRow { blocks: self, kernel, vector, values: &mut values });
        values
    }

    /// `start + Σ coefficient · K(row, vector)` of every row. `vectors` is vectors × features.
    pub(super) fn sums(&self, kernel: &Kernel, vectors: &[f64], coefficients: &[f64], start: f64) -> Vec<f64> {
        let mut sums = vec![Lanes([start; LANES]); self.lanes.len() / self.features];
        self.instructions.run(Sums { blocks: self, kernel, vectors, coefficients, sums: &mut sums });
        sums.iter().flat_map(|block| block.0).take(self.rows).collect()
    }
}

struct KernelRow<'a> {
    blocks: &'a Blocks,
    kernel: &'a Kernel,
    vector: &'a [f64],
    values: &'a mut [Block],
}

impl Vectorised for KernelRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { blocks, kernel, vector, values } = self;
        for (rows, value) in blocks.lanes.chunks_exact(blocks.features).zip(values) {
            kernel.evaluate_all(rows, vector, slice::from_mut(value));
        }
    }
}

struct Sums<'a> {
    blocks: &'a Blocks,
    kernel: &'a Kernel,
    vectors: &'a [f64],
    coefficients: &'a [f64],
    sums: &'a mut [Block],
}

impl Vectorised for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { blocks, kernel, vectors, coefficients, sums } = self;
        let mut values = [Lanes::ZERO; TILE];
        for (rows, sum) in blocks.lanes.chunks_exact(blocks.features).zip(sums) {
            for (vectors, coefficients) in vectors.chunks(TILE * blocks.features).zip(coefficients.chunks(TILE)) {
                let values = &mut values[..coefficients.len()];
                kernel.evaluate_all(rows, vectors, values);
                for (value, coefficient) in values.iter().zip(coefficients) {
                    *sum = Lanes::of(|lane| sum[lane] + coefficient * value[lane]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_gives_the_bits_of_one_kernel_value_at_a_time() {
        let row = |number: usize| (0..3).map(|feature| ((7 * number + 3 * feature) % 11) as f64 / 4.0).collect();
        let rows: Vec<Vec<f64>> = (0..2 * LANES + 5).map(row).collect();
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        let vectors = &rows[1..=TILE + 2];
        let coefficients: Vec<f64> = (0..vectors.len()).map(|number| 0.1 * number as f64 - 1.0).collect();
        for kernel in [Kernel::Rbf { gamma: 0.3 }, Kernel::Polynomial { degree: 3, gamma: 0.1, coef0: 1.0 }] {
            for instructions in InstructionSet::available() {
                let blocks = Blocks::new(&rows).with(instructions);
                let found = Column(blocks.kernel_row(&kernel, rows[4]));
                let sums = blocks.sums(&kernel, &vectors.concat(), &coefficients, 0.5);
                assert_eq!(sums.len(), rows.len());
                for (number, row) in rows.iter().enumerate() {
                    assert_eq!(found.get(number).to_bits(), kernel.evaluate(row, rows[4]).to_bits());
                    let terms = vectors.iter().zip(&coefficients);
                    let sum = terms.fold(0.5, |sum, (vector, c)| sum + c * kernel.evaluate(row, vector));
                    assert_eq!(sums[number].to_bits(), sum.to_bits(), "{instructions}");
                }
            }
        }
    }

    #[test]
    fn rows_that_are_kept_move_up_and_the_rest_is_padding() {
        let numbers: Vec<f64> = (0..40).map(f64::from).collect();
        let mut column = Column::of(&numbers, -1.0);
        column.keep(&[0, 3, 39], -2.0);
        assert_eq!(column.0.len(), 1);
        assert_eq!(column.0[0][..4], [0.0, 3.0, 39.0, -2.0]);
    }
}
