//! A minimal perfect hash over the checksums of a page's keys, which both servers compute from two short texts: each of `n`
//! checksums has one of `n` slots to itself.
//!
//! Checksums are spread over buckets, and each bucket has a multiplier that gives its checksums slots which are still free,
//! the fullest bucket first: "hash and displace". (Pagh, "Hash and displace: efficient evaluation of minimal perfect hash
//! functions", 1999; Belazzougui, Botelho and Dietzfelbinger, "Hash, displace, and compress", 2009. The hash functions are
//! those of Carter and Wegman, "Universal classes of hash functions", 1979.)

use std::cmp::Reverse;
use std::fmt::Write as _;

/// The least prime that no checksum reaches: a product with it stays far below 64 bits.
const PRIME: u64 = 4_294_967_311;

/// Checksums of a bucket on average. With more of them multipliers are longer searched, with fewer there are more of them.
const PER_BUCKET: usize = 2;

/// Multipliers that are tried for each checksum, on average of all: some twelve are enough for any that are not chosen so
/// that they fall into few buckets.
const TRIES: usize = 200;

/// A slot for each checksum of a page.
#[derive(Debug)]
pub(super) struct PerfectHash {
    /// The slot of each, from 0, in the order in which they were given.
    pub slots: Vec<usize>,
    multipliers: Vec<u64>,
}

impl PerfectHash {
    /// One over checksums that are all different; `None`: none was found in time.
    pub(super) fn over(sums: &[u32]) -> Option<Self> {
        let count = sums.len().div_ceil(PER_BUCKET);
        let mut buckets = vec![Vec::new(); count];
        for (which, sum) in sums.iter().enumerate() {
            buckets[bucket(*sum, count)].push(which);
        }
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|number| Reverse(buckets[*number].len()));
        let mut hash = Self { slots: vec![usize::MAX; sums.len()], multipliers: vec![1; count] };
        let (mut is_taken, mut tries) = (vec![false; sums.len()], TRIES * sums.len());
        for number in order {
            let own = &buckets[number];
            let fits = |multiplier| hash.place(sums, own, multiplier, &mut is_taken);
            let tried = (1..=tries as u64).position(fits)?;
            tries -= tried;
            hash.multipliers[number] = tried as u64 + 1;
        }
        Some(hash)
    }

    /// Gives the checksums of a bucket their slots, if all of these are free.
    fn place(&mut self, sums: &[u32], own: &[usize], multiplier: u64, is_taken: &mut [bool]) -> bool {
        for (placed, which) in own.iter().enumerate() {
            let slot = slot(sums[*which], multiplier, sums.len());
            if std::mem::replace(&mut is_taken[slot], true) {
                own[..placed].iter().for_each(|which| is_taken[self.slots[*which]] = false);
                return false;
            }
            self.slots[*which] = slot;
        }
        true
    }

    /// The slot of the checksum `sum`, an expression of SQL. Of others than those that have one, it is any.
    pub(super) fn sql(&self, sum: &str) -> String {
        let longest = self.multipliers.iter().max().map_or(1, |multiplier| multiplier.to_string().len());
        let mut texts = String::with_capacity(longest * self.multipliers.len());
        for multiplier in &self.multipliers {
            // Writing to a String does not fail.
            let _ = write!(texts, "{multiplier:longest$}");
        }
        let (buckets, slots) = (self.multipliers.len(), self.slots.len());
        let multiplier =
            format!("CAST(SUBSTR(_ascii'{texts}', {sum} % {buckets} * {longest} + 1, {longest}) AS UNSIGNED)");
        format!("({sum} + 1) * {multiplier} % {PRIME} % {slots}")
    }
}

fn bucket(sum: u32, buckets: usize) -> usize {
    sum as usize % buckets
}

/// No multiplier would move the product of 0.
fn slot(sum: u32, multiplier: u64, slots: usize) -> usize {
    ((u64::from(sum) + 1) * multiplier % PRIME) as usize % slots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distinct(slots: &[usize]) -> bool {
        let mut slots = slots.to_vec();
        slots.sort_unstable();
        slots.iter().enumerate().all(|(place, slot)| place == *slot)
    }

    #[test]
    fn each_checksum_has_a_slot_to_itself() {
        for count in [1, 2, 3, 100, 5000, 20_000] {
            let sums: Vec<u32> = (0..count).map(|key: u32| crc32fast::hash(&key.to_le_bytes())).collect();
            let hash = PerfectHash::over(&sums).unwrap();
            assert!(distinct(&hash.slots), "{count}");
            for (sum, found) in sums.iter().zip(&hash.slots) {
                let multiplier = hash.multipliers[bucket(*sum, hash.multipliers.len())];
                assert_eq!(slot(*sum, multiplier, sums.len()), *found);
            }
        }
        let ends = PerfectHash::over(&[0, u32::MAX, 1]).unwrap();
        assert!(distinct(&ends.slots));
    }

    #[test]
    fn checksums_that_were_chosen_to_meet_are_given_up_soon() {
        let sums: Vec<u32> = (0..2000).map(|number| number * 1000).collect();
        assert!(PerfectHash::over(&sums).is_none());
    }

    #[test]
    fn the_multipliers_stand_in_one_text() {
        let hash = PerfectHash { slots: vec![2, 0, 1], multipliers: vec![7, 12] };
        assert_eq!(
            hash.sql("c"),
            "(c + 1) * CAST(SUBSTR(_ascii' 712', c % 2 * 2 + 1, 2) AS UNSIGNED) % 4294967311 % 3"
        );
    }
}
