//! What is drawn by the seed.

use rand_mt::Mt64;

/// Draws.
pub(super) struct Lot(Mt64);

impl Lot {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mt64::new(seed))
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.0.next_u64() % bound as u64) as usize
    }

    /// Whether one of so many cases came about.
    pub(super) fn one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }

    /// One of these.
    pub(super) fn one_of<T: Clone>(&mut self, these: &[T]) -> T {
        these[self.below(these.len())].clone()
    }
}

/// How often what may still go wrong.
#[derive(Clone, Copy, Debug)]
pub(super) struct Luck {
    /// A hop is killed.
    pub kills: u32,
    /// A connection is lost before a round trip, or its answer.
    pub losses: u32,
    /// A message or a tick is delivered once more.
    pub again: u32,
    /// An operator pauses, resumes or cancels.
    pub steering: u32,
    /// Something goes wrong in one of so many turns.
    pub odds: usize,
}

impl Luck {
    /// Nothing goes wrong.
    pub(super) const NONE: Self = Self { kills: 0, losses: 0, again: 0, steering: 0, odds: 12 };

    pub(super) fn draw(lot: &mut Lot) -> Self {
        let mut up_to = |most: usize| lot.below(most + 1) as u32;
        Self { kills: up_to(2), losses: up_to(3), again: up_to(2), steering: up_to(2), odds: 12 }
    }

    /// As much as may go wrong.
    pub(super) fn much() -> Self {
        Self { kills: 2, losses: 5, again: 5, steering: 3, odds: 6 }
    }
}
