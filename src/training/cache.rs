//! Kernel rows that were computed lately: a bounded memory of them.

use super::blocks::{Block, Column};

/// Kernel values of all threads together may take so much memory.
pub(super) const CACHE_BYTES: usize = 200 << 20;

/// The kernel rows that were used last. What it forgets is computed again, so its size changes no bit.
pub(super) struct KernelRows {
    bytes: usize,
    slots: Vec<Slot>,
    /// The slot of each row.
    slot_of: Vec<Option<usize>>,
    clock: u64,
}

struct Slot {
    row: usize,
    used: u64,
    values: Column,
}

impl KernelRows {
    /// An empty one for `rows` rows, with room for `bytes`.
    pub(super) fn new(rows: usize, bytes: usize) -> Self {
        Self { bytes, slots: Vec::new(), slot_of: vec![None; rows], clock: 0 }
    }

    /// The slot with the kernel values of `row`. The slot that was asked for before stays what it is.
    pub(super) fn slot(&mut self, row: usize, compute: impl FnOnce() -> Vec<Block>) -> usize {
        self.clock += 1;
        let slot = self.slot_of[row].unwrap_or_else(|| self.insert(row, Column(compute())));
        self.slots[slot].used = self.clock;
        slot
    }

    fn insert(&mut self, row: usize, values: Column) -> usize {
        let most = (self.bytes / size_of_val(&values.0[..]).max(1)).max(2);
        let mut new = Slot { row, used: self.clock, values };
        let slot = if self.slots.len() < most {
            self.slots.push(new);
            self.slots.len() - 1
        } else {
            let oldest = self.slots.iter().enumerate().min_by_key(|(_, slot)| slot.used);
            let oldest = oldest.map_or(0, |(position, _)| position);
            std::mem::swap(&mut self.slots[oldest], &mut new);
            self.slot_of[new.row] = None;
            oldest
        };
        self.slot_of[row] = Some(slot);
        slot
    }

    pub(super) fn values(&self, slot: usize) -> &[Block] {
        &self.slots[slot].values.0
    }

    /// Leaves only the rows `kept`, which ascend, and their values.
    pub(super) fn keep(&mut self, kept: &[usize]) {
        self.slot_of = vec![None; kept.len()];
        self.slots.retain_mut(|slot| match kept.binary_search(&slot.row) {
            Ok(row) => {
                slot.row = row;
                slot.values.keep(kept, 0.0);
                slot.values.0.shrink_to_fit();
                true
            }
            Err(_) => false,
        });
        for (position, slot) in self.slots.iter().enumerate() {
            self.slot_of[slot.row] = Some(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Lanes;

    fn row(number: f64) -> Vec<Block> {
        vec![Lanes([number; 16])]
    }

    #[test]
    fn the_row_that_was_not_used_for_longest_makes_room() {
        let mut cache = KernelRows::new(3, 2 * size_of::<Block>());
        let mut computed = Vec::new();
        for number in [0, 1, 0, 2, 0, 1] {
            let slot = cache.slot(number, || {
                computed.push(number);
                row(number as f64)
            });
            assert_eq!(cache.values(slot)[0][0], number as f64);
        }
        assert_eq!(computed, [0, 1, 2, 1]);
    }

    #[test]
    fn without_room_the_two_rows_of_a_step_are_kept_all_the_same() {
        let mut cache = KernelRows::new(3, 0);
        let one = cache.slot(0, || row(0.0));
        let other = cache.slot(1, || row(1.0));
        assert_eq!((cache.values(one)[0][0], cache.values(other)[0][0]), (0.0, 1.0));
    }

    #[test]
    fn rows_that_are_kept_are_found_by_their_new_number() {
        let mut cache = KernelRows::new(3, 1 << 20);
        for number in 0..3 {
            cache.slot(number, || vec![Lanes::of(|lane| (10 * number + lane) as f64)]);
        }
        cache.keep(&[0, 2]);
        let slot = cache.slot(1, || unreachable!());
        assert_eq!(cache.values(slot)[0][..2], [20.0, 22.0]);
    }
}
