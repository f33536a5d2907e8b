//! Support vectors that the class pairs share: equal ones are stored once.

use std::collections::BTreeMap;

/// Vectors, each different from the others.
#[derive(Default)]
pub(super) struct SharedVectors {
    vectors: Vec<Vec<f64>>,
    /// The position of each, by its bits.
    positions: BTreeMap<Vec<u64>, usize>,
}

impl SharedVectors {
    /// The position of `vector`, which is added if it is new.
    pub(super) fn position(&mut self, vector: &[f64]) -> usize {
        let bits = vector.iter().map(|value| value.to_bits()).collect();
        *self.positions.entry(bits).or_insert_with(|| {
            self.vectors.push(vector.to_vec());
            self.vectors.len() - 1
        })
    }

    pub(super) fn into_vectors(self) -> Vec<Vec<f64>> {
        self.vectors
    }
}
